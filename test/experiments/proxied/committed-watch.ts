import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { createCommittedReader } from '../../../src/kafka/committed-reader.ts'
import type { KafkaApi } from '../../../src/kafka/kafka.ts'
import type { DeliveredRecord, WrittenChange } from '../../../src/oracle/oracle.ts'
import { pause } from '../../faults/pause.ts'
import { readable, readVersionedRecord } from '../../oracle/versioned-items.ts'
import type { ReadRecord } from '../../oracle/versioned-items.ts'

/** A read_committed reader of all output, which reads while faults happen. */
export interface CommittedWatch extends AsyncDisposable {
  /** Every change record that it was given, in its order. */
  readonly delivered: readonly DeliveredRecord[]
  /** [seconds since the start, changes that are written and were not read yet]; twice a second. */
  readonly unseen: readonly (readonly [number, number])[]
  /** [seconds since the start, age of the oldest of them in seconds]. */
  readonly lag: readonly (readonly [number, number])[]
  /** How many written changes it has not been given yet, right now. */
  missing(): number
  /** Age of the oldest of them; 0 without any. Milliseconds. */
  lagMs(): number
  /** True once nothing is missing; false when that took longer than `ms`. */
  untilAllSeen(ms: number): Promise<boolean>
  /** True once the lag is below five seconds; false when that took longer than `ms`. */
  untilCaughtUp(ms: number): Promise<boolean>
  /** From each moment (monotonic milliseconds) until the lag was below five seconds; moments without are left out. */
  recoveries(moments: readonly number[]): readonly number[]
}

/** How often a watch asks. Milliseconds. */
export interface WatchTempo {
  /** Between two looks for topics, and for their partitions. */
  readonly topicsMs: number
  /** How long the broker holds an empty answer. */
  readonly maxWaitMs: number
}

const quick: WatchTempo = { topicsMs: 500, maxWaitMs: 100 }
const lookMs = 500
const goodLagS = 5

/** Watches the topics from now on; those that do not exist yet are looked for again. */
export function watchCommitted(parts: {
  readonly kafka: KafkaApi
  /** Table by topic. */
  readonly topics: ReadonlyMap<string, string>
  /** Of each table, in the order of writing. */
  readonly written: () => readonly (readonly WrittenChange[])[]
  /** For many topics: a slower one asks less. */
  readonly tempo?: WatchTempo
}): CommittedWatch {
  const { kafka, topics, written, tempo = quick } = parts
  const end = new AbortController()
  const startedAt = clock.monotonic()
  const delivered: DeliveredRecord[] = []
  const seen = new Set<string>()
  const unseen: [number, number][] = []
  const lag: [number, number][] = []
  const tableOf = (topic: string): string => topics.get(topic) ?? topic
  const take = (record: ReadRecord): void => {
    const change = readVersionedRecord(record, tableOf)
    if (change === undefined) return
    delivered.push(change)
    seen.add(nameOf(change))
  }
  /** Of each list: those in front of it were all read. */
  const seenUntil: number[] = []
  const lagMs = (): number => {
    let oldestMs = clock.now()
    for (const [index, list] of written().entries()) {
      let at = seenUntil[index] ?? 0
      for (let change = list[at]; change !== undefined && seen.has(nameOf(change)); change = list[at]) at++
      seenUntil[index] = at
      oldestMs = Math.min(oldestMs, list[at]?.writtenAtMs ?? oldestMs)
    }
    return clock.now() - oldestMs
  }
  const missing = (): number => {
    lagMs()
    return written().reduce((count, list, index) => {
      return count + list.slice(seenUntil[index]).filter((change) => !seen.has(nameOf(change))).length
    }, 0)
  }
  const look = async (): Promise<void> => {
    while (await pause(clock, lookMs, end.signal)) {
      const seconds = (clock.monotonic() - startedAt) / 1000
      unseen.push([seconds, missing()])
      lag.push([seconds, lagMs() / 1000])
    }
  }
  const running = Promise.all([
    look(),
    ...[...topics.keys()].map((topic) => readTopic({ kafka, topic, take, tempo }, end.signal)),
  ])
  const until = async (isDone: () => boolean, ms: number): Promise<boolean> => {
    const deadline = clock.monotonic() + ms
    while (!isDone()) {
      if (clock.monotonic() > deadline) return false
      await clock.sleep(100)
    }
    return true
  }
  return {
    delivered,
    unseen,
    lag,
    missing,
    lagMs,
    untilAllSeen: (ms) => until(() => missing() === 0, ms),
    untilCaughtUp: (ms) => until(() => lagMs() < goodLagS * 1000, ms),
    recoveries: (moments) =>
      moments.flatMap((momentMs) => {
        const since = (momentMs - startedAt) / 1000
        const good = lag.find(([seconds, behind]) => seconds >= since && behind < goodLagS)
        return good === undefined ? [] : [(good[0] - since) * 1000]
      }),
    [Symbol.asyncDispose]: async () => {
      end.abort('over')
      await running
    },
  }
}

function nameOf({
  table,
  key,
  version,
}: {
  readonly table: string
  readonly key: string
  readonly version: number | undefined
}): string {
  return `${table}/${key}/${version ?? '?'}`
}

/** Follows every partition that the topic has or will have. A partition that was deleted begins anew. */
async function readTopic(
  parts: {
    readonly kafka: KafkaApi
    readonly topic: string
    readonly take: (record: ReadRecord) => void
    readonly tempo: WatchTempo
  },
  signal: AbortSignal,
): Promise<void> {
  const { kafka, topic, tempo } = parts
  const following = new Map<string, Promise<void>>()
  do {
    const found = await kafka.topics([topic], signal).catch(() => new Map<string, never>())
    const info: { readonly id: string; readonly partitions: number } | undefined = found.get(topic)
    for (let partition = 0; partition < (info?.partitions ?? 0); partition++) {
      const name = `${info?.id}/${partition}`
      if (!following.has(name)) following.set(name, followPartition({ ...parts, partition }, signal))
    }
  } while (await pause(clock, tempo.topicsMs, signal))
  await Promise.all(following.values())
}

async function followPartition(
  parts: {
    readonly kafka: KafkaApi
    readonly topic: string
    readonly partition: number
    readonly take: (record: ReadRecord) => void
    readonly tempo: WatchTempo
  },
  signal: AbortSignal,
): Promise<void> {
  const { kafka, topic, partition, take, tempo } = parts
  const reader = createCommittedReader({ kafka, topic, partition, from: 0n, maxWaitMs: tempo.maxWaitMs })
  do {
    try {
      for await (const { records } of reader.read(signal)) {
        records.forEach((record) => take(readable(record, topic, partition)))
      }
    } catch {
      // The topic may be new, or the broker away: this reader has all the time of the run.
    }
  } while (await pause(clock, 200, signal))
}
