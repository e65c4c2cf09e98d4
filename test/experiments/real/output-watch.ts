import type { Clock } from '../../../src/async/clock.ts'
import { committedRecords } from '../../../src/kafka/committed-reader.ts'
import type { FetchedRecord, KafkaApi } from '../../../src/kafka/kafka.ts'
import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import type { LagSample } from './recovery.ts'

/**
 * Follows all partitions of the output as a read_committed reader, to know at any time which changes are written and not
 * readable yet. It knows a change by its position; what the records say is for the judge.
 */
export interface OutputWatch extends AsyncDisposable {
  /** Tells of a change before anybody can read it. */
  wrote(change: WrittenChange): void
  /** Changes that are not readable. */
  readonly unseenCount: number
  /** When a change became readable for the last time; monotonic milliseconds. */
  readonly grownAtMs: number
  /** [seconds since the start, changes], twice a second. */
  readonly unseen: readonly (readonly [number, number])[]
  readonly lag: readonly LagSample[]
  /** Milliseconds since the start. */
  readonly elapsedMs: number
}

const sampleMs = 500
const lookMs = 200
const maxBytes = 4 * 1024 * 1024

/** Begins to watch. Topics may come later; a broker that is away makes nothing readable, and is asked again. */
export function startOutputWatch(kafka: KafkaApi, topics: readonly string[], clock: Clock): OutputWatch {
  const stop = new AbortController()
  const startMs = clock.monotonic()
  /** In the order of writing, so the first one is the oldest. */
  const missing = new Map<string, number>()
  const unseen: [number, number][] = []
  const lag: LagSample[] = []
  let grownAtMs = startMs
  const take = (record: FetchedRecord): void => {
    if (record.value !== null && missing.delete(positionOf(record))) grownAtMs = clock.monotonic()
  }
  const sample = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const atS = (clock.monotonic() - startMs) / 1000
      const [oldestMs] = missing.values()
      unseen.push([atS, missing.size])
      lag.push([atS, oldestMs === undefined ? 0 : Math.max(0, (clock.now() - oldestMs) / 1000)])
      await clock.sleep(sampleMs, stop.signal).catch(() => undefined)
    }
  }
  const working = Promise.all([sample(), follow(kafka, topics, { clock, signal: stop.signal, take })])
  return {
    wrote: ({ position, writtenAtMs }) => {
      if (position !== undefined) missing.set(`${position.shardId} ${position.sequenceNumber}`, writtenAtMs)
    },
    get unseenCount() {
      return missing.size
    },
    get grownAtMs() {
      return grownAtMs
    },
    unseen,
    lag,
    get elapsedMs() {
      return clock.monotonic() - startMs
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort('the run is over')
      await working
    },
  }
}

function positionOf({ headers }: FetchedRecord): string {
  const text = (name: string): string => headers.find(([found]) => found === name)?.[1]?.toString() ?? ''
  return `${text('tailrace.shard')} ${text('tailrace.seq')}`
}

/** How to go on reading. */
interface Following {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly take: (record: FetchedRecord) => void
}

async function follow(kafka: KafkaApi, topics: readonly string[], following: Following): Promise<void> {
  const { clock, signal } = following
  const positions = new Map<string, bigint>()
  while (!signal.aborted) {
    try {
      for (const [topic, { partitions }] of await kafka.topics(topics, signal)) {
        await Promise.all(
          Array.from({ length: partitions }, (_, partition) =>
            catchUp(kafka, topic, partition, { positions, following }),
          ),
        )
      }
    } catch {
      // The broker is away, or has no leader yet. What is not read stays unseen, which is what the run is to show.
    }
    await clock.sleep(lookMs, signal).catch(() => undefined)
  }
}

async function catchUp(
  kafka: KafkaApi,
  topic: string,
  partition: number,
  { positions, following }: { readonly positions: Map<string, bigint>; readonly following: Following },
): Promise<void> {
  const name = `${topic}-${partition}`
  for (;;) {
    const offset = positions.get(name) ?? 0n
    const request = { topic, partition, offset, maxBytes, maxWaitMs: 0, isolation: 'read_committed' } as const
    const page = committedRecords(await kafka.fetch(request, following.signal), offset)
    for (const record of page.records) following.take(record)
    if (page.nextOffset <= offset) return
    positions.set(name, page.nextOffset)
  }
}
