import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startLocalDynamoDb } from '../../../src/hosts/demo/local-dynamodb.ts'
import { startLocalKafka } from '../../../src/hosts/demo/local-kafka.ts'
import { addCounts, totalOf } from '../counts.ts'
import type { Experiment, RunOutcome } from '../experiment.ts'
import { runService } from './run-service.ts'
import type { ServiceRun } from './run-service.ts'
import { wholePlan } from './service-plan.ts'

/**
 * Three processes of `tailrace serve`, twenty pipelines, sixty tables that are found by their tags. What must hold, for each table:
 *
 * - All that was written while it existed is in its topic once, and in order per item, if it has its tag in the end: what was written while it
 *   lacked the tag, and before it first had it, included. A retired table goes on from its position, and its stream keeps a day.
 * - A table that was deleted once it was streamed is read to the end of its stream, which DynamoDB (and DynamoDB Local) keeps: nothing is missing.
 * - A table that was made anew under its name stops with SOURCE_REPLACED when its first life is read to its end, and nothing of the second life is
 *   delivered, since only a person can say what readers should see next.
 */
export const serviceKills: Experiment = {
  id: 'E01-serve',
  title:
    'Processes of a service are killed, stopped and frozen while tables come and go and clients change connectors by REST',
  tier: 'K',
  arm: 'tailrace',
  minimum: {
    records: 12_000,
    faults: {
      'process-kill': 10,
      'process-stop': 2,
      'process-freeze': 2,
      'leader-struck': 4,
      tag: 40,
      untag: 40,
      'table-made': 7,
      'table-deleted': 13,
      'table-remade': 6,
      'rest-change': 100,
    },
  },
  target: { records: 60_000, faults: { 'process-kill': 50, 'leader-struck': 20, 'rest-change': 1_000 } },
  run: async (seed, signal) => {
    const directory = await mkdtemp(path.join(tmpdir(), `tailrace-experiment-${seed}-`))
    let isKept = false
    try {
      await using servers = new AsyncDisposableStack()
      const folder = path.join(directory, 'servers')
      await mkdir(folder)
      const extraProperties = { 'group.min.session.timeout.ms': '1000' }
      const kafka = servers.use(await startLocalKafka({ directory: folder, extraProperties, signal }))
      const dynamodb = servers.use(await startLocalDynamoDb({ directory: folder, signal }))
      const { bootstrapServers } = kafka
      const run = await runService(
        wholePlan(seed),
        { bootstrapServers, dynamodb: dynamodb.endpoint, directory },
        signal,
      )
      isKept = totalOf(addCounts(run.findings.anomalies)) > 0
      return outcomeOf(run, isKept ? [`logs are kept in ${directory}`] : [])
    } catch (error) {
      isKept = !signal.aborted
      throw error
    } finally {
      if (!isKept) await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    }
  },
}

function outcomeOf({ findings, book, rest, watch, withheld }: ServiceRun, notes: readonly string[]): RunOutcome {
  const changes = Object.entries(rest.changes).map(([kind, count]) => [`rest-${kind}`, count] as const)
  const endS = (watch.unseen.at(-1)?.[0] ?? 0) + 0.5
  return {
    records: findings.delivered,
    faults: { ...book.faults, 'rest-change': totalOf(rest.changes), ...Object.fromEntries(changes) },
    anomalies: findings.anomalies,
    replayed: 0,
    statesAtFault: book.statesAtFault,
    recoveryMs: watch.recoveries(book.ends),
    unseen: [...watch.unseen, [endS, findings.anomalies.lost]],
    lag: watch.lag,
    examples: [
      ...notes,
      ...findings.examples,
      `answers by status: ${JSON.stringify(rest.statuses)}`,
      `longest time of a client without a useful answer: ${Math.round(rest.longestOutageMs)} ms; slowest answer: ${Math.round(rest.slowestMs)} ms`,
      ...rest.longestOutage.map((line) => `in that time: ${line}`),
      `${withheld} changes of tables that were made anew, none delivered`,
    ],
  }
}
