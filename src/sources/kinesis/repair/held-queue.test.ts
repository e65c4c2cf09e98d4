import { expect, test } from 'vitest'
import { HeldQueue } from './held-queue.ts'
import type { HeldChange } from './remembered-item.ts'

function change(sinceMs: number): HeldChange {
  const place = { sequenceNumber: String(sinceMs), subSequence: undefined, partitionKey: 'p', arrivedAtMs: sinceMs }
  const record = { ...place, data: Buffer.alloc(0), change: undefined, isLate: false }
  const nothing = (): undefined => undefined
  const facts = { item: 'i', eventId: String(sinceMs), createdAtMicros: 0, before: nothing, after: nothing }
  const tailPlace = { id: String(sinceMs), isDealtWith: false, deal: nothing }
  return { record, facts, place: tailPlace, sinceMs, bytes: 0, isReleased: false, isUnproven: true }
}

test('gives changes back in their order, however many were taken out in between', () => {
  const queue = new HeldQueue()
  const first = (): number | undefined => queue.first?.sinceMs
  let [added, taken] = [0, 0]
  for (let round = 0; round < 30; round++) {
    for (let more = 0; more < 700; more++) queue.push(change(added++))
    for (let fewer = 0; fewer < (round % 10) * 150 && taken < added; fewer++) {
      expect(first()).toBe(taken++)
      queue.shift()
    }
  }
  while (first() !== undefined) {
    expect(first()).toBe(taken++)
    queue.shift()
  }
  expect(taken).toBe(added)
  queue.shift()
  expect(first()).toBeUndefined()
  queue.push(change(7))
  expect(first()).toBe(7)
})
