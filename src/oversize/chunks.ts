import { createHash } from 'node:crypto'
import { TailraceError } from '../errors.ts'
import type { SerializedRecord } from '../serialize/serializer.ts'
import { chunkHeaders, withHeaders, withOperation } from './oversize-headers.ts'
import type { OversizedChange, OversizeStep } from './oversize.ts'
import { groupsOf, recordsOf } from './record-groups.ts'
import type { RecordGroup } from './record-groups.ts'

/** What cutting needs to know of topics. */
export interface ChunkOptions {
  /** True if the topic keeps the last record of a key only. Asks the cluster, now and then. */
  readonly isCompacted: (topic: string, signal: AbortSignal) => Promise<boolean>
}

/** More parts than this are no way to send anything: the limit of the topic is a mistake. */
const maxChunks = 10_000
/** Of framing, beyond key and headers: a batch's 61, a record's own, and a length for each header. */
const framingBytes = 61 + 32
const headerFramingBytes = 10

/**
 * Cuts a value into parts, each of them a record with the same key, in order, in one transaction; the tombstone follows the
 * last. Which parts belong together, and whether all are there, is in their headers. Compaction would keep the last part
 * alone: OVERSIZE_COMPACTED on topics that are compacted.
 */
export function createChunking({ isCompacted }: ChunkOptions): OversizeStep {
  return {
    shrink: async (change, signal) => {
      const records: SerializedRecord[] = []
      for (const group of groupsOf(change.records)) {
        const whole = recordsOf(group)
        if (change.fits(whole)) {
          records.push(...whole)
          continue
        }
        const topic = group.event.topic ?? change.topic
        if (await isCompacted(topic, signal)) throw compacted(topic, change)
        const parts = cut(group, change)
        if (parts === undefined) return undefined
        records.push(...parts)
      }
      return { records, attachments: [] }
    },
  }
}

function compacted(topic: string, { table, position }: OversizedChange): TailraceError {
  const text = `topic ${topic} is compacted: of the parts of a large record of table ${table.name} only the last would stay`
  return new TailraceError('OVERSIZE_COMPACTED', text, { details: { topic, table: table.name, ...position } })
}

/** Undefined if even small parts do not fit: key and headers alone are too large. */
function cut(group: RecordGroup, change: OversizedChange): readonly SerializedRecord[] | undefined {
  const { event } = group
  if (event.value === null) return undefined
  const part = partOf(event, event.value, change)
  const empty = part(0, 0, maxChunks)
  const framing = empty.headers.reduce((sum, [name, content]) => sum + name.length + content.length, event.key.length)
  let bytes = change.maxRecordBytes - framingBytes - framing - headerFramingBytes * empty.headers.length
  // The tombstone is in the batch of the last part, and what cannot be compressed grows a little.
  bytes -= tailBytes(group) + Math.ceil(bytes / 250)
  for (; bytes >= 16; bytes = Math.floor(bytes / 2)) {
    const count = Math.ceil(event.value.length / bytes)
    if (count > maxChunks) return undefined
    const parts = Array.from({ length: count }, (_, index) => part(index, bytes, count))
    const last = parts.at(-1)
    if (last !== undefined && change.fits(parts) && change.fits([last, ...group.tail])) return [...parts, ...group.tail]
  }
  return undefined
}

function tailBytes({ tail }: RecordGroup): number {
  return tail.reduce((sum, { key, headers }) => {
    const own = headers.reduce((bytes, [name, content]) => bytes + headerFramingBytes + name.length + content.length, 0)
    return sum + 32 + key.length + own
  }, 0)
}

/** The same change gives the same id and the same parts as long as the limit is the same: repeats are recognised. */
function partOf(
  event: SerializedRecord,
  value: Buffer,
  { operation, position }: OversizedChange,
): (index: number, bytes: number, count: number) => SerializedRecord {
  const sha256 = createHash('sha256').update(value).digest('hex')
  const id = createHash('sha256')
    .update(JSON.stringify([event.topic, event.key.toString('base64'), position, sha256]))
    .digest('hex')
    .slice(0, 32)
  const headers = withOperation(event.headers, operation)
  return (index, bytes, count) => ({
    ...event,
    value: value.subarray(index * bytes, (index + 1) * bytes),
    headers: withHeaders(headers, [
      [chunkHeaders.id, id],
      [chunkHeaders.index, String(index)],
      [chunkHeaders.count, String(count)],
      [chunkHeaders.bytes, String(value.length)],
      [chunkHeaders.sha256, sha256],
    ]),
  })
}
