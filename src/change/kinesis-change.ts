import type { Item } from './attribute-value.ts'
import type { KinesisChange, KinesisRecord } from './kinesis-record.ts'

/**
 * Total. Undefined for a record that is no change of a table, or none that can be read: see {@link claimsToBeChange}. Looks at
 * the record itself only if its reader has not.
 */
export function kinesisChangeOf({
  change,
  glance,
}: Pick<KinesisRecord, 'change' | 'glance'>): KinesisChange | undefined {
  return glance ?? (change === undefined ? undefined : glanceAt(change))
}

/** The same of what a record's data say. */
export function glanceAt(change: Readonly<Record<string, unknown>>): KinesisChange | undefined {
  if (change['eventSource'] !== 'aws:dynamodb') return undefined
  const { eventID: eventId, eventName: operation, tableName, dynamodb }: WireRecord = change
  if (operation !== 'INSERT' && operation !== 'MODIFY' && operation !== 'REMOVE') return undefined
  if (typeof eventId !== 'string' || !isName(tableName) || !isObject(dynamodb)) return undefined
  const { Keys: keys, OldImage: oldImage, NewImage: newImage }: WireChange = dynamodb
  const createdAtMicros = creationMicros(dynamodb)
  if (!isItem(keys) || createdAtMicros === undefined) return undefined
  return {
    eventId,
    tableName,
    createdAtMicros,
    operation,
    keys,
    oldImage: isItem(oldImage) ? oldImage : undefined,
    newImage: isItem(newImage) ? newImage : undefined,
  }
}

/**
 * True for a record that says that it comes from DynamoDB, whether it can be read or not. What does not say so is foreign: it
 * was put into the stream by somebody else.
 */
export function claimsToBeChange({ change }: Pick<KinesisRecord, 'change'>): boolean {
  return change?.['eventSource'] === 'aws:dynamodb'
}

/**
 * When the change of a record was made: in the unit that the record names, in milliseconds where it names none, since one
 * stream may hold both. Microseconds; undefined for a time that is none, and for a unit that is not known.
 */
export function creationMicros(dynamodb: object): number | undefined {
  const { ApproximateCreationDateTime: time, ApproximateCreationDateTimePrecision: unit }: WireChange = dynamodb
  if (typeof time !== 'number' || !Number.isFinite(time) || time < 0) return undefined
  if (unit !== undefined && unit !== null && unit !== 'MILLISECOND' && unit !== 'MICROSECOND') return undefined
  const micros = unit === 'MICROSECOND' ? Math.round(time) : Math.round(time) * 1000
  return micros < latestMicros ? micros : undefined
}

/** The year 2255: up to there microseconds are exact, and nanoseconds fit into the 64 bits in which readers hold them. */
const latestMicros = 9e15

interface WireRecord {
  readonly eventID?: unknown
  readonly eventName?: unknown
  readonly tableName?: unknown
  readonly dynamodb?: unknown
}

interface WireChange {
  readonly ApproximateCreationDateTime?: unknown
  readonly ApproximateCreationDateTimePrecision?: unknown
  readonly Keys?: unknown
  readonly OldImage?: unknown
  readonly NewImage?: unknown
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isItem(value: unknown): value is Item {
  return isObject(value)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
