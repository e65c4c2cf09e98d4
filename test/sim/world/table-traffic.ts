import { seededRng } from '../../../src/async/rng.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { encodeRecordBatch } from '../../../src/kafka/record-batch-encoder.ts'
import { decodeEntry, encodeEntry } from '../../../src/lanes/ledger-codec.ts'
import type { RequestEntry, TableAction } from '../../../src/lanes/ledger-entry.ts'
import { replicateSoon } from '../kafka/cluster-state.ts'
import { committedReader } from './output-scan.ts'
import { poisonOne, poisons } from './poison.ts'
import type { World } from './run-world.ts'
import { createTableWatch } from './snapshot-watch.ts'

/** What was asked for about tables in a run, and what is wrong with what became of it. */
export interface TableTraffic {
  /** Requests by kind, those at the end included. */
  readonly asked: ReadonlyMap<string, number>
  /** Records that could not be delivered for a while: each stops its table. */
  readonly spoilt: () => number
  readonly verdicts: () => readonly string[]
}

/** A lane looks into its ledger four times a second; what it has in flight by then is delivered. */
const settleMs = 3_000

/**
 * Lets tables rest, go on and be tried again at random moments, and spoils records for a while, so that there is something to be
 * tried again; at the end everything is sound, and each table is told to go on. `isTimely`: a table that rests must not be
 * read a few seconds later, which nobody can ask for where requests hang.
 */
export function keepControlling(
  world: World,
  { untilMs, isTimely }: { readonly untilMs: number; readonly isTimely: boolean },
): TableTraffic {
  const { time } = world.surroundings
  const rng = seededRng(world.plan.seed ^ 0x7ab1e)
  const asked = new Map<string, number>()
  const wrong: string[] = []
  const sick = new Set<() => void>()
  let spoilt = 0
  const ask = (index: number, action: TableAction): void => {
    const name = action.kind === 'restart' ? 'restart' : action.target
    if (appendRequest(world, index, action)) asked.set(name, (asked.get(name) ?? 0) + 1)
  }
  const spoil = (): void => {
    const one = poisonOne(world, rng, poisons)
    if (one === undefined) return
    spoilt++
    sick.add(one.mend)
    time.after(1_000 + 4_000 * rng.next(), one.mend)
  }
  const next = (): void => {
    time.after(-Math.log(1 - rng.next()) * 700, () => {
      if (time.elapsedMs > untilMs) return
      const action = drawAction(rng)
      if (action === undefined) spoil()
      else ask(Math.floor(rng.next() * world.tables.length), action)
      next()
    })
  }
  next()
  // What was read before it was mended may stop its table later than the first time.
  for (const afterMs of [1_000, 6_000, 15_000, 25_000]) {
    time.after(untilMs + afterMs, () => {
      for (const mend of sick) mend()
      for (const index of world.tables.keys()) {
        ask(index, { kind: 'target', target: 'RUNNING' })
        ask(index, { kind: 'restart' })
      }
    })
  }
  if (isTimely) watchRest(world, wrong)
  return {
    asked,
    spoilt: () => spoilt,
    verdicts: () => [...new Set(wrong), ...unsettled(world)],
  }
}

function drawAction(rng: Rng): TableAction | undefined {
  const pick = rng.next()
  if (pick < 0.3) return { kind: 'target', target: 'PAUSED' }
  if (pick < 0.4) return { kind: 'target', target: 'STOPPED' }
  if (pick < 0.75) return { kind: 'target', target: 'RUNNING' }
  return pick < 0.9 ? { kind: 'restart' } : undefined
}

/** Appends a request as a producer without transactions does; false if nobody takes it now. */
function appendRequest({ surroundings, ledgerTopic, tables }: World, index: number, action: TableAction): boolean {
  const { kafka, time } = surroundings
  const partition = kafka.state.topics.get(ledgerTopic)?.partitions[0]
  if (partition === undefined || partition.leader < 0 || partition.offlineUntilMs > time.elapsedMs) return false
  const id = `t-${++kafka.state.serial}`
  const request: RequestEntry = { kind: 'request', id, tableArn: tables[index]?.arn ?? '', action, atMs: 0 }
  const record = { topic: ledgerTopic, partition: 0, ...encodeEntry(request), headers: [], timestamp: 0 }
  const producerId = BigInt(2_000_000 + kafka.state.serial)
  const identity = { producerId, producerEpoch: 0, isTransactional: false, compression: 'none' } as const
  partition.log.append(encodeRecordBatch({ ...record, baseSequence: 0, records: [record] }, identity))
  replicateSoon(kafka.state, partition)
  return true
}

/** A table that rests, by what lane 0's partition says, is neither read nor written. */
function watchRest(world: World, wrong: string[]): void {
  const { time, kafka } = world.surroundings
  const tables = createTableWatch(() => kafka.state.topics.get(world.ledgerTopic))
  const restingSince = new Map<string, number>()
  const rests = new Map<string, number>()
  const look = (): void => {
    for (const [name, { rest }] of tables()) {
      if (rest === undefined) restingSince.delete(name)
      // Between two looks it may have gone on and been told to rest again.
      else if (rests.get(name) !== rest.sinceMs || !restingSince.has(name)) {
        rests.set(name, rest.sinceMs)
        restingSince.set(name, time.elapsedMs)
      }
    }
    time.after(100, look)
  }
  look()
  // A lane knows of its own transaction, and of one behind a neighbour's that is open, before a reader of what is stable does.
  const check = (table: string, what: string): void => {
    const since = restingSince.get(table)
    if (since === undefined || time.elapsedMs - since <= settleMs) return
    time.after(2_000, () => {
      if (restingSince.get(table) === since) wrong.push(`table ${table} rests and is ${what}`)
    })
  }
  world.onEvent(({ event }) => {
    if (event.kind === 'shard-opened') check(event.shard.table, 'read')
    if (event.kind === 'rows-committed') check(event.table, 'snapshotted')
    if (event.kind === 'transaction-committed')
      for (const { shard, changes } of event.shards) if (changes > 0) check(shard.table, 'written')
  })
}

/** Requests that nobody has dealt with, and tables that were not left as they were told to be. */
function unsettled({ surroundings, ledgerTopic }: World): readonly string[] {
  const ledger = surroundings.kafka.state.topics.get(ledgerTopic)
  const open = new Set<string>()
  const partition = ledger?.partitions[0]
  if (partition !== undefined)
    committedReader(partition)(({ key, value }) => {
      const record = decodeEntry(key, value)
      if (record.kind === 'forget') open.delete(record.key)
      else if (record.entry.kind === 'request') open.add(String(key))
    })
  const resting = [...createTableWatch(() => ledger)()].filter(([, { rest }]) => rest !== undefined)
  return [
    ...[...open].map((key) => `${key} was never settled`),
    ...resting.map(([name]) => `table ${name} still rests`),
  ]
}
