import { createHash } from 'node:crypto'
import type { Table } from '../change/table.ts'
import { encodeLetterKey } from './letter-key.ts'
import { header, letterHeaders } from './letter-headers.ts'
import type { Header } from './letter-headers.ts'
import type { RejectedRecord } from './rejection.ts'

/** One record of the dead-letter topic, before it has a partition. The buffers are never written to again. */
export interface DeadLetter {
  readonly key: Buffer
  readonly value: Buffer
  readonly headers: readonly Header[]
}

/** What a letter says besides the record and its error. */
export interface LetterContext {
  readonly pipeline: string
  readonly table: Table
  /** The table's topic, into which the record would have gone. */
  readonly topic: string
  readonly nowMs: number
  /** How often this process has met the record; 1 the first time. */
  readonly attempt: number
  /** With Kafka Connect's headers. */
  readonly hasContextHeaders: boolean
}

/**
 * The letter of a rejected record: its value is the record as the source gave it, in JSON and exactly, or its own bytes; what
 * was wrong with it is in the headers, which hold no values of the item.
 */
export function letterOf(rejected: RejectedRecord, context: LetterContext): DeadLetter {
  const value = valueOf(rejected)
  const connect = context.hasContextHeaders ? connectHeaders(rejected, context) : []
  return { key: keyOf(rejected, context.table, value), value, headers: [...ownHeaders(rejected, context), ...connect] }
}

function valueOf({ origin, wire }: RejectedRecord): Buffer {
  if (origin.kind === 'change' && origin.bytes !== undefined) return origin.bytes.data
  // Of what is undefined (no source gives it) there would be no text.
  return Buffer.from(JSON.stringify(wire) ?? 'null')
}

function keyOf({ origin }: RejectedRecord, table: Table, value: Buffer): Buffer {
  if (origin.kind === 'row') {
    const sha256 = createHash('sha256').update(value).digest('hex')
    return encodeLetterKey({ deadLetter: origin.form, table: table.arn, sha256 })
  }
  const { shard, sequenceNumber: seq } = origin
  return encodeLetterKey({ deadLetter: 'change', table: table.arn, stream: table.streamArn, shard, seq })
}

function ownHeaders({ origin, error, stage }: RejectedRecord, context: LetterContext): readonly Header[] {
  const isChange = origin.kind === 'change'
  const createdAtMs = isChange ? origin.createdAtMs : origin.readAtMs
  return [
    header(letterHeaders.pipeline, context.pipeline),
    header(letterHeaders.table, context.table.name),
    ...(isChange
      ? [header(letterHeaders.shard, origin.shard), header(letterHeaders.sequenceNumber, origin.sequenceNumber)]
      : [header(letterHeaders.snapshot, origin.snapshot)]),
    ...(isChange && origin.bytes !== undefined ? [header(letterHeaders.partitionKey, origin.bytes.partitionKey)] : []),
    header(letterHeaders.created, timeText(createdAtMs)),
    header(letterHeaders.code, error.code),
    header(letterHeaders.stage, stage),
    header(letterHeaders.attempt, String(context.attempt)),
    header(letterHeaders.at, timeText(context.nowMs)),
  ]
}

/** A time beyond what dates can be is an untrusted record's. */
function timeText(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : new Date(0).toISOString()
}

const mostStackCharacters = 4_000

/**
 * What has a meaning here: `partition`, `offset` and `task.id` would be numbers, which positions in a stream are not, and
 * no class names what a record is handled by. The trace is that of our own error; those of its causes may hold values.
 */
function connectHeaders({ error, stage }: RejectedRecord, { pipeline, topic }: LetterContext): readonly Header[] {
  return [
    header('__connect.errors.topic', topic),
    header('__connect.errors.connector.name', pipeline),
    header('__connect.errors.stage', stage),
    header('__connect.errors.exception.class.name', `${error.name}.${error.code}`),
    header('__connect.errors.exception.message', error.message),
    header('__connect.errors.exception.stacktrace', (error.stack ?? '').slice(0, mostStackCharacters)),
  ]
}
