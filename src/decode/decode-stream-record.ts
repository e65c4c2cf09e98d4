import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import { isSequenceNumber } from '../change/sequence-number.ts'
import type { Table } from '../change/table.ts'
import type { TailraceError } from '../errors.ts'
import { unreadableChange } from './unreadable-change.ts'
import { readUserIdentity } from './user-identity.ts'

/**
 * Decodes one record of DynamoDB Streams (as `JSON.parse` gave it, untrusted) into a change. Images are taken over as
 * they are, neither copied nor walked: what is wrong inside them shows when they are converted. Fields that are not
 * known are ignored, `eventVersion` too. Throws RECORD_UNREADABLE, which names the position and never a value.
 */
export function decodeStreamRecord(wire: unknown, table: Table, shardId: string): ChangeEvent {
  const fail = (reason: string): TailraceError =>
    unreadableChange(reason, { table: table.name, shardId, sequenceNumber: sequenceNumberOf(wire) })
  if (!isObject(wire)) throw fail('the record is not an object')
  const { eventID, eventName, userIdentity, dynamodb }: WireRecord = wire
  if (eventName !== 'INSERT' && eventName !== 'MODIFY' && eventName !== 'REMOVE') throw fail('its eventName is unknown')
  if (typeof eventID !== 'string') throw fail('it has no eventID')
  if (!isObject(dynamodb)) throw fail('it has no dynamodb object')
  const change: WireChange = dynamodb
  const { Keys: keys, OldImage: oldImage, NewImage: newImage, SequenceNumber: sequenceNumber } = change
  if (!isSequenceNumberText(sequenceNumber)) throw fail('it has no SequenceNumber of decimal digits')
  if (!isItem(keys)) throw fail('it has no Keys')
  if (!isOptionalItem(oldImage)) throw fail('its OldImage is not an object')
  if (!isOptionalItem(newImage)) throw fail('its NewImage is not an object')
  const seconds = change.ApproximateCreationDateTime
  if (!isSeconds(seconds)) throw fail('it has no ApproximateCreationDateTime in seconds')
  const sizeBytes = change.SizeBytes ?? 0
  if (typeof sizeBytes !== 'number') throw fail('its SizeBytes is not a number')
  const identity = readUserIdentity(userIdentity)
  if (identity === 'unreadable') throw fail('its userIdentity is not an object of texts')
  return {
    operation: eventName,
    keys,
    oldImage: oldImage ?? undefined,
    newImage: newImage ?? undefined,
    eventId: eventID,
    shardId,
    sequenceNumber,
    createdAtMs: Math.round(seconds * 1000),
    userIdentity: identity,
    sizeBytes,
    snapshot: undefined,
  }
}

/** What is known of the shape before it is checked. */
interface WireRecord {
  readonly eventID?: unknown
  readonly eventName?: unknown
  readonly userIdentity?: unknown
  readonly dynamodb?: unknown
}

interface WireChange {
  readonly ApproximateCreationDateTime?: unknown
  readonly Keys?: unknown
  readonly NewImage?: unknown
  readonly OldImage?: unknown
  readonly SequenceNumber?: unknown
  readonly SizeBytes?: unknown
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object; what it holds is checked where it is converted. */
function isItem(value: unknown): value is Item {
  return isObject(value)
}

function isOptionalItem(value: unknown): value is Item | null | undefined {
  return value === undefined || value === null || isObject(value)
}

function isSequenceNumberText(value: unknown): value is string {
  return typeof value === 'string' && isSequenceNumber(value)
}

/** The bound (the year 2255) keeps microseconds exact and nanoseconds within the 64 bits in which readers hold them. */
function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 9e9
}

/** The position, if at least that can be read. */
function sequenceNumberOf(wire: unknown): string | undefined {
  if (!isObject(wire)) return undefined
  const { dynamodb }: WireRecord = wire
  if (!isObject(dynamodb)) return undefined
  const { SequenceNumber: text }: WireChange = dynamodb
  return isSequenceNumberText(text) ? text : undefined
}
