import { isUtf8 } from 'node:buffer'
import { describeDifference } from '../demo/attribute-diff.ts'
import { isImage, parseExactly } from '../demo/image.ts'
import type { Image } from '../demo/image.ts'
import type { TailedRecord } from './topic-tail.ts'
import { printable } from './render.ts'

/** Bytes in JSON: a text where they are one, Base64 where they are not, so that nothing is lost. */
export type BytesJson = string | { readonly base64: string } | null

/** A record in JSON: exactly what the topic holds. */
export interface TailedRecordJson {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: BytesJson
  readonly value: BytesJson
  readonly headers: Readonly<Record<string, BytesJson>>
}

/** The record as it is; nothing of it is parsed. */
export function recordJson({ topic, partition, record }: TailedRecord): TailedRecordJson {
  return {
    topic,
    partition,
    offset: Number(record.offset),
    timestamp: record.timestamp,
    key: bytesJson(record.key),
    value: bytesJson(record.value),
    headers: Object.fromEntries(record.headers.map(([name, value]) => [name, bytesJson(value)])),
  }
}

const operations: ReadonlyMap<unknown, string> = new Map([
  ['c', 'INSERT'],
  ['u', 'UPDATE'],
  ['d', 'DELETE'],
  ['r', 'READ'],
])

/**
 * One line for people: time, operation, key, what changed from what to what, topic-partition@offset. A record that is no
 * change is shown as bytes.
 */
export function recordLine({ topic, partition, record }: TailedRecord): string {
  const key = unwrapped(parsed(record.key))
  const keyText = record.key === null ? '(no key)' : textOf(payloadText(record.key) ?? record.key)
  const { operation, difference } = describeValue(record.value, isImage(key) ? Object.keys(key) : [])
  const time = new Date(record.timestamp).toISOString()
  const line = [time, operation.padEnd(9), keyText, difference, `${topic}-${partition}@${record.offset}`]
  return printable(line.filter((part) => part !== '').join('  ')).replaceAll(/[\n\t]/g, ' ')
}

function describeValue(
  value: Buffer | null,
  keyNames: readonly string[],
): { readonly operation: string; readonly difference: string } {
  if (value === null) return { operation: 'TOMBSTONE', difference: '' }
  const envelope = unwrapped(parsed(value))
  const operation = isImage(envelope) ? operations.get(envelope['op']) : undefined
  if (!isImage(envelope) || operation === undefined) return { operation: 'RECORD', difference: textOf(value) }
  const before = imageOf(envelope['before'])
  const after = imageOf(envelope['after'])
  return { operation, difference: describeDifference(before, after, { hidden: keyNames, first: [] }) }
}

function imageOf(value: unknown): Image | null {
  return isImage(value) ? value : null
}

/** The payload of `{"schema":…,"payload":…}`, and everything else as it is. */
function unwrapped(value: unknown): unknown {
  return isImage(value) && 'schema' in value && 'payload' in value ? value['payload'] : value
}

/** The key without its schema, as text. */
function payloadText(key: Buffer): string | undefined {
  const text = key.toString('utf8')
  const at = text.startsWith('{"schema":') ? text.indexOf(',"payload":') : -1
  return at < 0 ? undefined : text.slice(at + ',"payload":'.length, -1)
}

function parsed(bytes: Buffer | null): unknown {
  if (bytes === null) return undefined
  try {
    return parseExactly(bytes.toString('utf8'))
  } catch {
    // Not JSON: shown as it is.
    return undefined
  }
}

const longestText = 200

function textOf(bytes: Buffer | string): string {
  const text = typeof bytes === 'string' ? bytes : isUtf8(bytes) ? bytes.toString('utf8') : `(${bytes.length} bytes)`
  return text.length <= longestText ? text : `${text.slice(0, longestText)}…`
}

function bytesJson(bytes: Buffer | null): BytesJson {
  if (bytes === null) return null
  return isUtf8(bytes) ? bytes.toString('utf8') : { base64: bytes.toString('base64') }
}
