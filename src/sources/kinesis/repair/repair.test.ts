import { beforeEach, describe, expect, it } from 'vitest'
import type { KinesisRecord } from '../../../change/kinesis-record.ts'
import { absent } from './arrival.ts'
import type { Arrival } from './arrival.ts'
import { createRepairMemory } from './repair-memory.ts'
import { createRepair } from './repair.ts'
import type { Repair } from './repair.ts'

const windowMs = 10_000
const delayMs = 1_000
const owner = {}

let repair: Repair
let number: number

beforeEach(() => {
  repair = createRepair({ windowMs, delayMs }, createRepairMemory(1e9), { frontierMicros: 0, floorMicros: 0 })
  number = 0
})

/** A change of the only item from one image to another. */
function change(name: string, from: string, to: string, times: { createdMs: number; arrivedMs: number }): Arrival {
  const { createdMs, arrivedMs } = times
  const record: KinesisRecord = {
    sequenceNumber: String(++number),
    subSequence: undefined,
    partitionKey: 'item',
    arrivedAtMs: arrivedMs,
    data: Buffer.from(name),
    change: undefined,
    isLate: false,
  }
  const facts = {
    item: 'item',
    eventId: name,
    createdAtMicros: createdMs * 1_000,
    before: () => from,
    after: () => to,
  }
  return { id: record.sequenceNumber, record, facts }
}

function accept(...arrivals: readonly Arrival[]): void {
  for (const arrival of arrivals) repair.accept(arrival, { id: arrival.id, isDealtWith: false, deal: () => {} }, owner)
}

/** Names of what goes out; an exclamation mark for what is late. */
function released(readUpToMs: number): readonly string[] {
  return repair.release(readUpToMs).map(({ data, isLate }) => `${data.toString()}${isLate ? '!' : ''}`)
}

describe('three changes of one time of which the last was delivered', () => {
  const tie = { createdMs: 100_000, arrivedMs: 100_000 }
  const later = { createdMs: 100_000, arrivedMs: 102_000 }

  it.each([
    ['the second and the first', ['second', 'first']],
    ['the first and the second', ['first', 'second']],
  ])('are both known to be overtaken: %s come', (_, order) => {
    accept(change('third', 'b', 'c', tie))
    expect(released(101_000)).toEqual(['third'])
    const others = { first: change('first', absent, 'a', later), second: change('second', 'a', 'b', later) }
    accept(...order.map((name) => others[name as keyof typeof others]))
    expect(released(200_000).toSorted()).toEqual(['first!', 'second!'])
  })

  it('are known to be so after a restart, too', () => {
    repair.recall(change('third', 'b', 'c', tie), owner)
    repair.recall(change('first', absent, 'a', later), owner)
    repair.recall(change('second', 'a', 'b', later), owner)
    accept(change('fourth', 'c', 'd', { createdMs: 103_000, arrivedMs: 103_000 }))
    expect(released(103_000)).toEqual(['fourth'])
  })
})

describe('an insert behind a delete', () => {
  beforeEach(() => {
    accept(change('delete', 'a', absent, { createdMs: 100_000, arrivedMs: 100_000 }))
    released(101_000)
  })

  it('waits for the delay, since another insert and delete may be missing in between', () => {
    accept(change('third', absent, 'c', { createdMs: 102_000, arrivedMs: 102_000 }))
    expect(released(102_999)).toEqual([])
    accept(change('second', 'b', absent, { createdMs: 101_500, arrivedMs: 102_900 }))
    accept(change('first', absent, 'b', { createdMs: 101_000, arrivedMs: 102_950 }))
    expect(released(102_999)).toEqual([])
    expect(released(103_000)).toEqual(['first', 'second', 'third'])
  })

  it('waits no longer than that when what it waited for has come', () => {
    accept(change('fourth', absent, 'd', { createdMs: 104_000, arrivedMs: 104_000 }))
    accept(change('third', 'c', absent, { createdMs: 103_000, arrivedMs: 104_100 }))
    expect(released(104_500)).toEqual([])
    accept(change('second', absent, 'c', { createdMs: 102_000, arrivedMs: 104_200 }))
    expect(released(105_300)).toEqual(['second', 'third', 'fourth'])
  })
})
