import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent, Operation } from '../change/change-event.ts'
import type { StreamViewType } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import { createDebeziumEnvelope } from './debezium-envelope.ts'
import type { DebeziumPayload } from './debezium-payload.ts'

const keys: Item = { pk: { S: 'a' }, sk: { N: '1' } }
const old: Item = { ...keys, x: { S: 'old' } }
const fresh: Item = { ...keys, x: { S: 'new' } }

describe('createDebeziumEnvelope', () => {
  it.each<[StreamViewType, Operation, Images, Expected]>([
    ['NEW_AND_OLD_IMAGES', 'INSERT', { fresh }, { op: 'c', before: null, after: fresh }],
    ['NEW_AND_OLD_IMAGES', 'MODIFY', { old, fresh }, { op: 'u', before: old, after: fresh }],
    ['NEW_AND_OLD_IMAGES', 'REMOVE', { old }, { op: 'd', before: old, after: null }],
    ['NEW_AND_OLD_IMAGES', 'READ', { fresh }, { op: 'r', before: null, after: fresh }],
    ['NEW_IMAGE', 'INSERT', { fresh }, { op: 'c', before: null, after: fresh }],
    ['NEW_IMAGE', 'MODIFY', { fresh }, { op: 'u', before: null, after: fresh }],
    ['NEW_IMAGE', 'REMOVE', {}, { op: 'd', before: keys, after: null }],
    ['NEW_IMAGE', 'READ', { fresh }, { op: 'r', before: null, after: fresh }],
    ['KEYS_ONLY', 'INSERT', {}, { op: 'c', before: null, after: keys }],
    ['KEYS_ONLY', 'MODIFY', {}, { op: 'u', before: null, after: keys }],
    ['KEYS_ONLY', 'REMOVE', {}, { op: 'd', before: keys, after: null }],
    ['KEYS_ONLY', 'READ', {}, { op: 'r', before: null, after: keys }],
    ['OLD_IMAGE', 'INSERT', {}, { op: 'c', before: null, after: null }],
    ['OLD_IMAGE', 'MODIFY', { old }, { op: 'u', before: old, after: null }],
    ['OLD_IMAGE', 'REMOVE', { old }, { op: 'd', before: old, after: null }],
    ['OLD_IMAGE', 'READ', { fresh }, { op: 'r', before: null, after: fresh }],
  ])('%s, %s', (viewType, operation, images, expected) => {
    const payload = wrap(viewType, change(operation, images))
    expect(payload).toMatchObject(expected)
    expect(payload.hasTombstone).toBe(operation === 'REMOVE')
    expect(payload.tsMs).toBe(1_795_426_137_123)
  })

  it('takes images as they are, without copies', () => {
    const payload = wrap('NEW_AND_OLD_IMAGES', change('MODIFY', { old, fresh }))
    expect(payload.before).toBe(old)
    expect(payload.after).toBe(fresh)
  })

  it.each<[StreamViewType, Operation, Images]>([
    ['NEW_AND_OLD_IMAGES', 'INSERT', {}],
    ['NEW_AND_OLD_IMAGES', 'MODIFY', { old }],
    ['NEW_AND_OLD_IMAGES', 'MODIFY', { fresh }],
    ['NEW_IMAGE', 'MODIFY', {}],
    ['NEW_IMAGE', 'READ', {}],
    ['OLD_IMAGE', 'MODIFY', {}],
  ])('refuses a change of %s, %s, that lacks a promised image', (viewType, operation, images) => {
    const attempt = (): DebeziumPayload => wrap(viewType, change(operation, images))
    expect(attempt).toThrow(TailraceError)
    expect(attempt).toThrow(/image, which a stream of .* always carries/)
    if (operation !== 'READ') expect(attempt).toThrow(/ \(shard shard-1, sequence number 42\)/)
  })

  it('leaves the tombstone out if told so', () => {
    const envelope = createDebeziumEnvelope({ ...options('NEW_IMAGE'), tombstonesOnDelete: false })
    expect(envelope.wrap(change('REMOVE', {}), 0).hasTombstone).toBe(false)
  })

  it('gives the changes of a shard one origin', () => {
    const envelope = createDebeziumEnvelope(options('KEYS_ONLY'))
    const first = envelope.wrap(change('INSERT', {}), 1).origin
    expect(envelope.wrap(change('REMOVE', {}), 2).origin).toBe(first)
    const other = envelope.wrap({ ...change('INSERT', {}), shardId: 'shard-2' }, 3).origin
    expect([first.shardId, other.shardId]).toEqual(['shard-1', 'shard-2'])
  })
})

type Expected = Pick<DebeziumPayload, 'op' | 'before' | 'after'>

interface Images {
  readonly old?: Item
  readonly fresh?: Item
}

function wrap(viewType: StreamViewType, event: ChangeEvent): DebeziumPayload {
  return createDebeziumEnvelope(options(viewType)).wrap(event, 1_795_426_137_123.4)
}

function options(viewType: StreamViewType) {
  return { table: tableOf(viewType), name: 'shop', connectorVersion: '0.1.0', tombstonesOnDelete: true }
}

function change(operation: Operation, images: Images): ChangeEvent {
  return {
    operation,
    keys,
    oldImage: images.old,
    newImage: images.fresh,
    eventId: 'e1',
    shardId: 'shard-1',
    sequenceNumber: '42',
    createdAtMs: 1_795_426_137_000,
    userIdentity: undefined,
    sizeBytes: 1,
    snapshot: operation === 'READ' ? 'true' : undefined,
  }
}
