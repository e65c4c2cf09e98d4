import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { judgeDelivery } from '../../../src/oracle/judge-delivery.ts'
import type { AnomalyName, DeliveredRecord, Delivery } from '../../../src/oracle/oracle.ts'
import { readVersionedRecord } from '../../oracle/versioned-items.ts'
import { createJavaReader } from '../../servers/java-reader.ts'
import type { JavaRecord } from '../../servers/java-reader.ts'
import type { RunOutcome } from '../experiment.ts'
import type { FaultBook } from './fault-book.ts'
import type { Ground } from './ground.ts'
import { readTransactions } from './raw-transactions.ts'
import type { RawLog } from './raw-transactions.ts'

/** What a judgement needs besides the ground. */
export interface Judged {
  readonly ground: Ground
  readonly book: FaultBook
  readonly positions: Pick<RawLog, 'positionsTopic' | 'positionOf' | 'transactionOf'>
  /** What did not come back in time. */
  readonly hangs: readonly string[]
  /** Lines for whoever looks for a cause. */
  readonly notes: readonly string[]
  /** Changes that something named; see the oracle. */
  readonly named?: NonNullable<Delivery['named']>
  /** False where tables cannot be compared, because the run ended before everything was delivered. */
  readonly isQuiet?: boolean
  /** A topic that was deleted: what was read of it may be gone. */
  readonly deletedTopic?: string
}

/**
 * Reads the output with Java's consumer and the raw logs with our own, and holds them against what was written. Whatever
 * writes to the topics has ended.
 */
export async function judgeGround(judged: Judged): Promise<RunOutcome> {
  const { ground, book } = judged
  const { signal } = new AbortController()
  const delivered = await readByJava(ground)
  const findings = judgeDelivery({
    written: ground.writing.written().flat(),
    delivered,
    guarantee: 'exactly_once',
    transactions: await readTransactions(
      { kafka: ground.direct, outputTopics: [...ground.topics.keys()], ...judged.positions },
      signal,
    ),
    parents: ground.writing.parents(),
    hangs: judged.hangs,
    ...(judged.isQuiet === false ? {} : { tables: ground.writing.contents() }),
    ...(judged.named === undefined ? {} : { named: judged.named }),
  })
  const { watch } = ground
  const unmade = takenBack(
    watch.delivered.filter(({ topic }) => topic !== judged.deletedTopic),
    delivered,
  )
  const anomalies: Partial<Record<AnomalyName, number>> = { ...findings.anomalies }
  if (unmade.length > 0) anomalies['aborted-read'] = (anomalies['aborted-read'] ?? 0) + unmade.length
  const proxyErrors = [...ground.kafka.doors, ground.aws].flatMap(({ errors }) => errors)
  return {
    records: findings.delivered,
    faults: book.faults,
    anomalies,
    replayed: findings.replayed,
    statesAtFault: book.statesAtFault,
    recoveryMs: watch.recoveries(book.ends),
    unseen: [...watch.unseen, [secondsOf(watch), findings.anomalies.lost]],
    lag: watch.lag,
    examples: [
      ...findings.examples,
      ...unmade.slice(0, 5),
      ...judged.notes,
      ...proxyErrors.slice(0, 5).map(({ message }) => `proxy: ${message}`),
    ],
  }
}

/** The last point of the curve: what is named is not missed any more. */
function secondsOf({ unseen }: Ground['watch']): number {
  return (unseen.at(-1)?.[0] ?? 0) + 0.5
}

/** Waits until the reader has everything; gives the line for a hang if it does not get it. */
export async function untilDelivered({ watch }: Ground, ms: number): Promise<readonly string[]> {
  const since = clock.monotonic()
  if (await watch.untilAllSeen(ms)) return []
  return [
    `${watch.missing()} changes were not readable ${Math.round(clock.monotonic() - since)} ms after the last fault`,
  ]
}

async function readByJava({ kafka, topics, direct }: Ground): Promise<readonly DeliveredRecord[]> {
  const java = await createJavaReader(kafka.directServers)
  const existing = await direct.topics([...topics.keys()], new AbortController().signal)
  const delivered: DeliveredRecord[] = []
  for (const [topic, table] of topics) {
    if (!existing.has(topic)) continue
    for (const record of await java.readAll(topic)) {
      const change = readVersionedRecord(readableOf(record, topic), () => table)
      if (change !== undefined) delivered.push(change)
    }
  }
  return delivered
}

function readableOf(record: JavaRecord, topic: string): Parameters<typeof readVersionedRecord>[0] {
  const text = (base64: string | null | undefined): string | null =>
    base64 === null || base64 === undefined ? null : Buffer.from(base64, 'base64').toString()
  const header = (name: string): string | undefined =>
    text(record.headers.find(([found]) => found === name)?.[1]) ?? undefined
  return {
    topic,
    partition: record.partition,
    offset: record.offset,
    key: text(record.key),
    value: text(record.value),
    shardId: header('tailrace.shard'),
    sequenceNumber: header('tailrace.seq'),
  }
}

/** What one reader was given while faults happened, and the other one was not afterwards. */
function takenBack(early: readonly DeliveredRecord[], late: readonly DeliveredRecord[]): readonly string[] {
  const nameOf = ({ topic, partition, offset }: DeliveredRecord): string => `${topic}-${partition}@${offset}`
  const there = new Set(late.map(nameOf))
  return early
    .map(nameOf)
    .filter((name) => !there.has(name))
    .map((name) => `aborted-read: record ${name} was readable during the run and is not now`)
}
