import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import { kinesisChangeOf } from '../change/kinesis-change.ts'
import type { KinesisRecord } from '../change/kinesis-record.ts'
import type { Table } from '../change/table.ts'
import type { TailraceError } from '../errors.ts'
import { binariesOnce } from './kinesis-binaries.ts'
import { unreadableChange } from './unreadable-change.ts'
import { readUserIdentity } from './user-identity.ts'

/**
 * Decodes a change that DynamoDB has put into a Kinesis stream. The record stays as it is; images with binaries are copied,
 * because those are encoded once more there. Apart from that, what is wrong inside an image shows when it is converted. Throws
 * RECORD_UNREADABLE, which names the position and never a value.
 */
export function decodeKinesisRecord(record: KinesisRecord, table: Table, shardId: string): ChangeEvent {
  const sequenceNumber = kinesisSequence(record)
  const fail = (reason: string): TailraceError =>
    unreadableChange(reason, { table: table.name, shardId, sequenceNumber })
  const change = kinesisChangeOf(record)
  if (change === undefined) throw fail('its id, operation, table, keys or time are not as DynamoDB writes them')
  const { userIdentity, dynamodb = {} }: WireRecord = record.change ?? {}
  const { OldImage, NewImage, SizeBytes, ApproximateCreationDateTimePrecision: unit } = dynamodb
  const sizeBytes = SizeBytes ?? 0
  if (typeof sizeBytes !== 'number') throw fail('its SizeBytes is not a number')
  const identity = readUserIdentity(userIdentity)
  if (identity === 'unreadable') throw fail('its userIdentity is not an object of texts')
  const image = (name: string, wire: unknown, found: Item | undefined): Item | undefined => {
    if (found === undefined && wire !== undefined && wire !== null) throw fail(`its ${name} is not an object`)
    const decoded = found === undefined ? undefined : binariesOnce(found)
    if (decoded === undefined && found !== undefined)
      throw fail(`its ${name} has a binary that is not base64 of base64, or is nested too deeply`)
    return decoded
  }
  return {
    operation: change.operation,
    keys: image('Keys', undefined, change.keys) ?? change.keys,
    oldImage: image('OldImage', OldImage, change.oldImage),
    newImage: image('NewImage', NewImage, change.newImage),
    eventId: change.eventId,
    shardId,
    sequenceNumber,
    createdAtMs: Math.floor(change.createdAtMicros / 1000),
    ...(unit === 'MICROSECOND' ? { createdAtMicros: change.createdAtMicros } : {}),
    userIdentity: identity,
    sizeBytes,
    snapshot: undefined,
  }
}

/**
 * What names a record within its shard: its sequence number, and of a record out of a package its place there, too. The
 * changes of DynamoDB have no other number in Kinesis; this one tells when a change arrived, not when it was made.
 */
export function kinesisSequence({
  sequenceNumber,
  subSequence,
}: Pick<KinesisRecord, 'sequenceNumber' | 'subSequence'>): string {
  return subSequence === undefined ? sequenceNumber : `${sequenceNumber}/${subSequence}`
}

/** What the glance at the record has not looked at. */
interface WireRecord {
  readonly userIdentity?: unknown
  readonly dynamodb?: {
    readonly OldImage?: unknown
    readonly NewImage?: unknown
    readonly SizeBytes?: unknown
    readonly ApproximateCreationDateTimePrecision?: unknown
  }
}
