import type { Clock } from '../../async/clock.ts'
import type { BaselineEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import type { TopicLog } from './topic-log.ts'

/**
 * Notes where the topics of tables end before their scans begin, for snapshots that regain. Held in memory only until the
 * entry is committed: after a crash it is taken anew, and no page has been asked for yet.
 */
export interface Baselines {
  /**
   * The entry, once it is known; asked for again until it is committed. `readings` counts how often a shard of the table
   * was opened, and is undefined until each has been read once: a gap that was met after the topic's end was noted would
   * make it worthless.
   */
  of(table: TableEntry, readings: number | undefined): BaselineEntry | undefined
}

interface Taken {
  readonly run: number
  readonly readings: number
  entry: BaselineEntry | undefined
}

const retryMs = 2_000

/** `onReady` is called when there is one more entry; after a failure it is asked for anew, a little later. */
export function createBaselines(parts: {
  readonly log: Pick<TopicLog, 'offsets'>
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onReady: () => void
  readonly onRetry: (table: string, error: unknown, retryInMs: number) => void
}): Baselines {
  const { log, clock, signal } = parts
  const taken = new Map<string, Taken>()
  const take = async ({ table, topic, topicPartitions }: TableEntry, into: Taken): Promise<void> => {
    const partitions = Array.from({ length: topicPartitions }, (_, partition) => partition)
    try {
      const ends = await Promise.all(partitions.map((partition) => log.offsets(topic, partition, signal)))
      const offsets = ends.map(({ highWatermark }) => String(highWatermark))
      into.entry = { kind: 'baseline', tableArn: table.arn, run: into.run, offsets }
      parts.onReady()
    } catch (error) {
      if (signal.aborted) return
      parts.onRetry(table.name, error, retryMs)
      await clock.sleep(retryMs, signal).catch(() => undefined)
      if (taken.get(table.arn) === into) taken.delete(table.arn)
    }
  }
  return {
    of: (table, readings) => {
      const run = table.snapshot?.run
      if (run === undefined || readings === undefined) return undefined
      const known = taken.get(table.table.arn)
      if (known?.run === run && known.readings === readings) return known.entry
      const begun: Taken = { run, readings, entry: undefined }
      taken.set(table.table.arn, begun)
      void take(table, begun)
      return undefined
    },
  }
}
