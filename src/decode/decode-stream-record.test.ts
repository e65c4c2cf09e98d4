import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import { TailraceError } from '../errors.ts'
import { decodeStreamRecord } from './decode-stream-record.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const shardId = 'shardId-00000001795426137710-6c8358a2'

describe('decodeStreamRecord', () => {
  it('decodes a change and takes the images over as they are', () => {
    const wire = record({})
    expect(decodeStreamRecord(wire, table, shardId)).toEqual({
      operation: 'MODIFY',
      keys: { pk: { S: 'a' }, sk: { N: '1' } },
      oldImage: { pk: { S: 'a' }, sk: { N: '1' } },
      newImage: { pk: { S: 'a' }, sk: { N: '1' }, x: { NULL: true } },
      eventId: 'e862b143',
      shardId,
      sequenceNumber: '100000000002572486797508907',
      createdAtMs: 1_795_426_137_000,
      userIdentity: undefined,
      sizeBytes: 26,
    })
    expect(decodeStreamRecord(wire, table, shardId).newImage).toBe(wire.dynamodb['NewImage'])
  })

  it('takes absent images for not captured', () => {
    const event = decodeStreamRecord(record({ dynamodb: { OldImage: undefined, NewImage: null } }), table, shardId)
    expect(event).toMatchObject({ oldImage: undefined, newImage: undefined })
  })

  it.each([
    [1_719_830_000.123, 1_719_830_000_123],
    [1.71983e9, 1_719_830_000_000],
    [0, 0],
  ])('reads %d seconds as %d milliseconds', (seconds, ms) => {
    const wire = record({ dynamodb: { ApproximateCreationDateTime: seconds } })
    expect(decodeStreamRecord(wire, table, shardId).createdAtMs).toBe(ms)
  })

  it.each([
    [{ type: 'Service', principalId: 'dynamodb.amazonaws.com' }, 'Service', 'dynamodb.amazonaws.com'],
    [{ Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' }, 'Service', 'dynamodb.amazonaws.com'],
    [{ type: 'Service', extra: 1 }, 'Service', ''],
  ])('reads the user identity of %j', (userIdentity, type, principalId) => {
    expect(decodeStreamRecord(record({ userIdentity }), table, shardId).userIdentity).toEqual({ type, principalId })
  })

  it('has no user identity if there is none', () => {
    expect(decodeStreamRecord(record({ userIdentity: null }), table, shardId).userIdentity).toBeUndefined()
  })

  it('ignores what it does not know', () => {
    const wire = record({ eventVersion: '9.9', eventSource: 'x', more: [1], dynamodb: { more: {} } })
    expect(decodeStreamRecord(wire, table, shardId).eventId).toBe('e862b143')
  })

  it.each<[string, unknown]>([
    ['a record that is no object', 'text'],
    ['a record that is null', null],
    ['a record that is an array', [record({})]],
    ['an unknown operation', record({ eventName: 'TRUNCATE' })],
    ['the operation of a snapshot', record({ eventName: 'READ' })],
    ['no event id', record({ eventID: undefined })],
    ['a user identity that is text', record({ userIdentity: 'me' })],
    ['a user identity of numbers', record({ userIdentity: { type: 1 } })],
    ['no dynamodb', { eventID: 'a', eventName: 'INSERT' }],
    ['no keys', record({ dynamodb: { Keys: undefined } })],
    ['keys that are an array', record({ dynamodb: { Keys: [] } })],
    ['no sequence number', record({ dynamodb: { SequenceNumber: undefined } })],
    ['a sequence number that is a number', record({ dynamodb: { SequenceNumber: 1 } })],
    ['a sequence number with letters', record({ dynamodb: { SequenceNumber: '12x' } })],
    ['an image that is text', record({ dynamodb: { NewImage: '{}' } })],
    ['an image that is an array', record({ dynamodb: { OldImage: [] } })],
    ['no creation time', record({ dynamodb: { ApproximateCreationDateTime: undefined } })],
    ['a creation time in text', record({ dynamodb: { ApproximateCreationDateTime: '2026-11-20' } })],
    ['a creation time in milliseconds', record({ dynamodb: { ApproximateCreationDateTime: 1_795_426_137_000 } })],
    ['a negative creation time', record({ dynamodb: { ApproximateCreationDateTime: -1 } })],
    ['a size in text', record({ dynamodb: { SizeBytes: '26' } })],
  ])('refuses %s', (_what, wire) => {
    const error = failureOf(wire)
    expect(error).toMatchObject({ code: 'RECORD_UNREADABLE', policy: 'stop-table' })
    expect(error.details).toMatchObject({ table: 'orders', shard: shardId })
    expect(typeof error.details['reason']).toBe('string')
  })

  it('names the position but never a value', () => {
    const error = failureOf(record({ dynamodb: { NewImage: 'secret-value' } }))
    expect(error.message).toBe(
      `A change of table orders cannot be decoded: its NewImage is not an object (shard ${shardId}, sequence number 100000000002572486797508907)`,
    )
    expect(error.details['sequenceNumber']).toBe('100000000002572486797508907')
    expect(failureOf('secret-value').message).not.toContain('secret')
  })
})

function record(changes: { readonly [field: string]: unknown; readonly dynamodb?: object }) {
  return {
    awsRegion: 'us-east-1',
    eventID: 'e862b143',
    eventName: 'MODIFY',
    eventSource: 'aws:dynamodb',
    eventVersion: '1.1',
    ...changes,
    dynamodb: {
      ApproximateCreationDateTime: 1_795_426_137,
      Keys: { pk: { S: 'a' }, sk: { N: '1' } },
      OldImage: { pk: { S: 'a' }, sk: { N: '1' } },
      NewImage: { pk: { S: 'a' }, sk: { N: '1' }, x: { NULL: true } },
      SequenceNumber: '100000000002572486797508907',
      SizeBytes: 26,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
      ...changes.dynamodb,
    } as Record<string, unknown>,
  }
}

function failureOf(wire: unknown): TailraceError {
  try {
    decodeStreamRecord(wire, table, shardId)
  } catch (error) {
    if (error instanceof TailraceError) return error
    throw error
  }
  throw new Error('expected a failure')
}
