import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { systemClock } from '../../../src/async/system-clock.ts'
import { judgeDelivery } from '../../../src/oracle/judge-delivery.ts'
import type { Delivery, Findings } from '../../../src/oracle/oracle.ts'
import { readTransactions } from './read-raw-log.ts'
import { readWithJava } from './read-with-java.ts'
import type { RealPlan } from './real-plan.ts'
import type { RealWorld } from './real-world.ts'

const silenceMs = 20_000
/** After the last fault all must be back to normal within this time. */
const drainBudgetMs = 90_000
/** A repetition would come late: so long is waited when all is there. */
const lateMs = 1_500
const stopGraceMs = 20_000

/**
 * Waits until every change is readable, or nothing has become readable for 20 s, and then a moment longer. What is missing
 * after that is missing.
 */
export async function drain({ watch, log, sleep }: RealWorld): Promise<void> {
  const begunAtMs = systemClock.monotonic()
  const quietSinceMs = (): number => Math.max(watch.grownAtMs, begunAtMs)
  while (watch.unseenCount > 0 && systemClock.monotonic() - quietSinceMs() < silenceMs) await sleep(100)
  const tookMs = systemClock.monotonic() - begunAtMs
  if (watch.unseenCount > 0) log.hung(`${watch.unseenCount} changes had not come when nothing came for 20 s`)
  else if (tookMs > drainBudgetMs) log.hung(`the last change came ${tookMs.toFixed(0)} ms after the last fault`)
  await sleep(lateMs)
}

/** SIGTERM to every worker; all must end in order. */
export async function stopWorkers({ places, log }: RealWorld): Promise<void> {
  await Promise.all(
    places.running().map(async (place) => {
      const { kind, text } = await places.terminate(place, stopGraceMs)
      if (kind === 'killed' || kind === 'failed') log.hung(text)
    }),
  )
}

/** Reads everything that is there now, with Java and raw, and holds it against what was written. */
export async function judgeRun(world: RealWorld): Promise<Findings> {
  const { plan, tables, brokers, api, log, signal } = world
  const topics = new Map(tables.map(({ table, topic }) => [table.name, topic]))
  const delivered = await readWithJava(brokers.bootstrapServers, topics)
  const isTailrace = plan.program === 'tailrace'
  const ledgerTopic = 'tailrace.shop.ledger'
  const delivery: Delivery = {
    written: tables.flatMap(({ writer }) => writer.written),
    delivered,
    guarantee: plan.delivery,
    parents: new Map(
      tables.flatMap(({ table }) => table.stream.shards.map((shard) => [shard.shardId, shard.parentShardId])),
    ),
    tables: new Map(tables.map(({ table, writer }) => [table.name, writer.contents()])),
    hangs: log.hangs,
    ...(isTailrace
      ? { transactions: await readTransactions(api, [...topics.values(), ledgerTopic], ledgerTopic, signal) }
      : {}),
  }
  const findings = withoutExcuse(plan, judgeDelivery(delivery))
  // What a control does wrong needs no explanation.
  if (isTailrace && Object.values(findings.anomalies).some((count) => count > 0))
    await keepEvidence(world, delivery, findings)
  return findings
}

function withoutExcuse({ mayReplay }: RealPlan, findings: Findings): Findings {
  const { anomalies, replayed } = findings
  if (mayReplay || replayed === 0) return findings
  return { ...findings, replayed: 0, anomalies: { ...anomalies, duplicate: anomalies.duplicate + replayed } }
}

/** For whoever looks for the cause: all that was judged, beside the logs. */
async function keepEvidence({ directory, keep }: RealWorld, delivery: Delivery, findings: Findings): Promise<void> {
  keep()
  const lines = (values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('')
  await writeFile(path.join(directory, 'written.ndjson'), lines(delivery.written))
  await writeFile(path.join(directory, 'delivered.ndjson'), lines(delivery.delivered))
  await writeFile(path.join(directory, 'transactions.ndjson'), lines(delivery.transactions ?? []))
  await writeFile(path.join(directory, 'findings.json'), JSON.stringify(findings, undefined, 2))
}
