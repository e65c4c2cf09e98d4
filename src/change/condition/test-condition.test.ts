import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryChange } from '../../../test/oracle/arbitrary-items.ts'
import type { ChangeEvent } from '../change-event.ts'
import { parseCondition } from './parse-condition.ts'
import { testCondition } from './test-condition.ts'
import type { Verdict } from './test-condition.ts'

const base: ChangeEvent = {
  operation: 'MODIFY',
  keys: { pk: { S: 'a' } },
  oldImage: { pk: { S: 'a' }, n: { N: '1' } },
  newImage: { pk: { S: 'a' }, n: { N: '2' } },
  eventId: 'e',
  shardId: 's',
  sequenceNumber: '1',
  createdAtMs: 0,
  userIdentity: undefined,
  sizeBytes: 0,
  snapshot: undefined,
}

function judge(text: string, event: Partial<ChangeEvent>, isBefore = false): Verdict {
  const condition = parseCondition(text)
  if ('problem' in condition) throw new Error(condition.problem)
  return testCondition(condition, { ...base, ...event }, 'orders', isBefore)
}

describe('a condition', () => {
  it('is about the new image, of a delete about the old one', () => {
    expect(judge('n = 2.0', {})).toBe(true)
    expect(judge('n = 1', { operation: 'REMOVE', newImage: undefined })).toBe(true)
    expect(judge('n = 1', {}, true)).toBe(true)
    expect(judge("$old.n < $new.n AND $table = 'orders' AND $operation = 'MODIFY'", {})).toBe(true)
  })

  it('does not take what an item was for what it has become, where only that was captured', () => {
    expect(judge('n = 1', { newImage: undefined })).toBeUndefined()
    expect(judge('n = 2', { newImage: undefined })).toBeUndefined()
    expect(judge('$old.n = 1', { newImage: undefined })).toBe(true)
  })

  it('takes an image that cannot exist for an empty one', () => {
    expect(judge('attribute_exists($new.n)', { operation: 'REMOVE', newImage: undefined })).toBe(false)
    expect(judge('attribute_exists($old.n)', { operation: 'INSERT', oldImage: undefined })).toBe(false)
    expect(judge('attribute_exists($old.n)', { operation: 'READ', oldImage: undefined })).toBe(false)
  })

  it('is undecided where it asks for what was not captured, unless the rest decides', () => {
    const captured = { oldImage: undefined, newImage: undefined }
    expect(judge('n = 2', captured)).toBeUndefined()
    expect(judge('NOT n = 2', captured)).toBeUndefined()
    expect(judge('attribute_not_exists(n)', captured)).toBeUndefined()
    expect(judge('n IN (1, 2) OR size(n) > 1', captured)).toBeUndefined()
    expect(judge("n = 2 AND pk = 'b'", captured)).toBe(false)
    expect(judge("n = 2 OR pk = 'a'", captured)).toBe(true)
    expect(judge("pk IN ('b', 'a')", captured)).toBe(true)
    expect(judge('$old.n = 1', { ...captured, newImage: base.newImage })).toBeUndefined()
  })

  it('finds names of prototypes only where items have them', () => {
    expect(judge('attribute_exists(constructor) OR attribute_exists(toString)', {})).toBe(false)
    const newImage = JSON.parse('{"pk":{"S":"a"},"__proto__":{"S":"x"}}') as ChangeEvent['newImage']
    expect(judge("__proto__ = 'x'", { newImage })).toBe(true)
  })

  it.each([{ S: 5 }, { S: 'a', N: '1' }, {}, { SS: [1] }, { M: [] }, { L: {} }, { X: 'a' }])(
    'takes what is no value for nothing: %j',
    (value) => {
      const newImage = { ...base.keys, v: value } as unknown as ChangeEvent['newImage']
      expect(
        judge("v = 'a' OR contains(v, 'a') OR begins_with(v, 'a') OR v > 'a' OR v.x = 1 OR v[0] = 1", { newImage }),
      ).toBe(false)
    },
  )

  it('never throws, and says the opposite of its negation', () => {
    const texts = [
      'contains(a, b)',
      'a < b',
      'size(a) >= 1',
      'a BETWEEN b AND c',
      'begins_with(pk, sk)',
      'sk IN (1, 2)',
      '$old.a = $new.a',
    ]
    fc.assert(
      fc.property(arbitraryChange, fc.constantFrom(...texts), ({ event }, text) => {
        const verdict = judge(text, event)
        expect(judge(`NOT (${text})`, event)).toBe(verdict === undefined ? undefined : !verdict)
      }),
    )
  })
})
