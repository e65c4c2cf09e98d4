import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import type { ChangeEvent } from '../../change/change-event.ts'
import type { Change } from './define-transform.ts'
import type { ChangedParts } from './thread-messages.ts'
import { partsOf, userChange } from './user-change.ts'

const { keySchema } = tableOf('NEW_AND_OLD_IMAGES')
const keys = { pk: { S: 'secret' }, sk: { N: '1' } }
const base: ChangeEvent = {
  operation: 'MODIFY',
  keys,
  oldImage: { ...keys, n: { N: '1' } },
  newImage: { ...keys, n: { N: '2' } },
  eventId: 'e',
  shardId: 's',
  sequenceNumber: '1',
  createdAtMs: 5,
  userIdentity: { type: 'Service', principalId: 'x' },
  sizeBytes: 0,
  snapshot: undefined,
}

function made(make: (change: Change) => unknown, event: Partial<ChangeEvent> = {}): readonly ChangedParts[] {
  const own = { ...base, ...event }
  return partsOf(make(userChange(own, 'orders', { topic: undefined, headers: [] })), { event: own, keySchema })
}

describe('what a transform returns', () => {
  it('is the change that it got: images that nobody has looked at are not converted', () => {
    expect(made((change) => change)).toEqual([
      { operation: 'MODIFY', oldImage: 'same', newImage: 'same', topic: undefined, headers: [] },
    ])
    expect(made((change) => change.old?.['n'] === 1 && change)[0]).toMatchObject({
      oldImage: base.oldImage,
      newImage: 'same',
    })
    expect(made((change) => ({ ...change, topic: 'x' }))[0]).toMatchObject({
      oldImage: base.oldImage,
      newImage: base.newImage,
      topic: 'x',
    })
  })

  it('is nothing, or several', () => {
    expect(made(() => undefined)).toEqual([])
    expect(made(() => null)).toEqual([])
    expect(made((change) => [change, { ...change }])).toHaveLength(2)
    expect(made(() => [])).toEqual([])
  })

  it('may be a delete, whatever its image is then', () => {
    const parts = made((change) => ({ ...change, operation: 'REMOVE', new: 'anything' }))
    expect(parts).toMatchObject([{ operation: 'REMOVE', newImage: undefined, oldImage: base.oldImage }])
    expect(made((change) => change, { operation: 'REMOVE', newImage: undefined })).toMatchObject([
      { newImage: undefined },
    ])
  })

  it.each<[string, (change: Change) => unknown]>([
    ['the result is not a change', () => 5],
    ['[1].the result is not a change', (change) => [change, 'secret']],
    [
      'operation may stay as it was or become REMOVE, and nothing else',
      (change) => ({ ...change, operation: 'INSERT' }),
    ],
    ['keys cannot be changed', (change) => ({ ...change, keys: { pk: 'secret', sk: 2 } })],
    ['keys is of type undefined, and should be an object', () => ({ operation: 'MODIFY' })],
    [
      'new.pk is a key attribute, and cannot be changed',
      (change) => ({ ...change, new: { ...change.new, pk: 'secret2' } }),
    ],
    ['old.sk is a key attribute, and cannot be changed', (change) => ({ ...change, old: { pk: 'secret' } })],
    ['new was there and is gone', (change) => ({ ...change, new: undefined })],
    ['topic is no legal name of a topic', (change) => ({ ...change, topic: 'a/b' })],
    ['headers has a name that begins with tailrace.', (change) => ({ ...change, headers: { 'tailrace.op': 'd' } })],
    ['headers has something other than texts and Uint8Arrays', (change) => ({ ...change, headers: { a: 1 } })],
  ])('is refused, without values: %s', (message, make) => {
    expect(() => made(make)).toThrow(message)
    expect(() => made(make)).not.toThrow(/secret/)
  })

  it('invents no image', () => {
    expect(() => made((change) => ({ ...change, old: { pk: 'secret', sk: 1 } }), { oldImage: undefined })).toThrow(
      'old was not captured, and cannot be added',
    )
  })

  it('cannot touch the keys', () => {
    expect(() => made((change) => void Object.assign(change.keys, { pk: 'x' }))).toThrow(TypeError)
  })
})
