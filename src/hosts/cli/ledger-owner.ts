import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { FetchedRecord, KafkaApi, TopicInfo } from '../../kafka/kafka.ts'
import { createMarkerReader } from '../../kafka/marker-reader.ts'
import { decodeEntry } from '../../lanes/ledger-codec.ts'
import type { LedgerEntry, Way, WayEntry } from '../../lanes/ledger-entry.ts'

/** What a ledger topic holds, as far as it can be read at all: for whoever wants to delete even a broken one. */
export interface LedgerRemains {
  /** Names of the pipelines that its identity entries name. */
  readonly pipelines: ReadonlySet<string>
  /** Output topics that it names: those of tables, and others that records were sent to. */
  readonly outputTopics: ReadonlySet<string>
  /** Kinesis streams that its tables are, whose changes may have gone to topics that an older ledger does not name. */
  readonly streams: readonly Table[]
  /** Whose turn it is, by the newest entry that says so. */
  readonly way: Way
  /** Every shard that it names, by stream and id. */
  readonly shards: readonly { readonly streamArn: string; readonly shardId: string }[]
  /** Records of any kind. */
  readonly records: number
}

/** So many records without any sign of a ledger, and the rest of the topic is not looked at. */
const enoughStrange = 10_000

/** Reads every partition; what is unreadable is counted, not thrown. A topic of data is not read to its end. */
export async function readLedgerRemains(
  kafka: KafkaApi,
  topic: TopicInfo,
  signal: AbortSignal,
): Promise<LedgerRemains> {
  const pipelines = new Set<string>()
  const outputTopics = new Set<string>()
  const streams = new Map<string, Table>()
  const shards = new Map<string, LedgerRemains['shards'][number]>()
  let way: WayEntry | undefined
  let records = 0
  const count = (record: FetchedRecord): void => {
    const entry = entryOf(record)
    records++
    if (entry?.kind === 'identity') pipelines.add(entry.pipeline)
    else if (entry?.kind === 'table' || entry?.kind === 'topic') outputTopics.add(entry.topic)
    if (entry?.kind === 'table' && entry.topic === '') streams.set(entry.table.arn, entry.table)
    if (entry?.kind === 'way' && entry.version > (way?.version ?? 0)) way = entry
    if (entry?.kind === 'begin' || entry?.kind === 'at') shards.set(`${entry.streamArn}/${entry.shardId}`, entry)
  }
  const found = (): LedgerRemains => ({
    pipelines,
    outputTopics,
    streams: [...streams.values()],
    way: way?.way ?? 'worker',
    shards: [...shards.values()].map(({ streamArn, shardId }) => ({ streamArn, shardId })),
    records,
  })
  for (let partition = 0; partition < topic.partitions; partition++) {
    const { logStart, highWatermark } = await kafka.offsets(topic.name, partition, signal)
    const reader = createMarkerReader({ kafka, topic: topic.name, partition })
    for (let position = logStart; position < highWatermark; position = reader.position ?? highWatermark) {
      const mark = position + BigInt(enoughStrange)
      for (const record of await reader.readTo(mark < highWatermark ? mark : highWatermark, signal)) count(record)
      if (pipelines.size === 0 && records >= enoughStrange) return found()
    }
  }
  return found()
}

/**
 * Refuses to delete a topic that is not the ledger of this pipeline: one that names another pipeline, or that holds
 * records and names none (a topic of data, by a wrong `ledger.topic`).
 */
export function requireOwnLedger(
  remains: Pick<LedgerRemains, 'pipelines' | 'records'>,
  topic: string,
  pipeline: string,
): void {
  const other = [...remains.pipelines].find((name) => name !== pipeline)
  if (other !== undefined) {
    throw new TailraceError('LEDGER_FOREIGN', `topic ${topic} is the ledger of pipeline ${other}; it is not deleted`)
  }
  if (remains.records > 0 && remains.pipelines.size === 0) {
    throw new TailraceError(
      'LEDGER_FOREIGN',
      `topic ${topic} holds ${remains.records} records and does not say that it is the ledger of ${pipeline}; it is not deleted`,
    )
  }
}

function entryOf({ key, value }: FetchedRecord): LedgerEntry | undefined {
  try {
    const decoded = decodeEntry(key, value)
    return decoded.kind === 'entry' ? decoded.entry : undefined
  } catch {
    // Corrupt, of a newer version, or no ledger at all: what else is there decides whether it may be deleted.
    return undefined
  }
}
