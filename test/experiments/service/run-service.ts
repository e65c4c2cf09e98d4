import { seededRng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { Findings } from '../../../src/oracle/oracle.ts'
import { openFaultBook } from '../proxied/fault-book.ts'
import type { FaultBook } from '../proxied/fault-book.ts'
import { judgeService } from './judge-service.ts'
import { strikeProcesses } from './process-strikes.ts'
import { startRestClients } from './rest-clients.ts'
import type { RestRecord } from './rest-clients.ts'
import type { ServicePlan } from './service-plan.ts'
import { openServiceWorld } from './service-world.ts'
import type { ServiceServers, ServiceWorld } from './service-world.ts'
import { liveTables } from './table-script.ts'
import { startTableWriting } from './table-writing.ts'

/** What a run of a service under kills came to. */
export interface ServiceRun {
  readonly findings: Findings
  readonly book: FaultBook
  readonly rest: RestRecord
  readonly watch: ServiceWorld['watch']
  /** Changes of tables that were made anew, of which nothing may come. */
  readonly withheld: number
}

/** So long after the last change has come its repetition is waited for. Milliseconds. */
const lateMs = 3_000
const startMs = 120_000

/**
 * Starts the processes, makes tables and connectors, and lets everything happen at once: processes are struck, tables come and go, clients ask, and
 * writers write. Then all must come to rest: states first while tables lack their tags, then, with the tags back, every change and the states again.
 */
export async function runService(plan: ServicePlan, servers: ServiceServers, signal: AbortSignal): Promise<ServiceRun> {
  const failing = new AbortController()
  const scope = AbortSignal.any([signal, failing.signal])
  await using world = await openServiceWorld(plan, servers)
  try {
    return await runIn(world, scope)
  } finally {
    failing.abort(new Error('the run is over'))
  }
}

async function runIn(world: ServiceWorld, signal: AbortSignal): Promise<ServiceRun> {
  const { plan, slots, tables, connectors, watch } = world
  const book = openFaultBook(() => 'working')
  await begin(world, signal)
  const writing = startTableWriting(tables, { ...plan, rng: seededRng(plan.seed ^ 0xface) })
  await using clients = startRestClients({ ...plan, urls: slots.urls, connectors })
  const parts = { ...world, book, leader: world.sight.leader, signal }
  await Promise.all([strikeProcesses(plan, parts), liveTables(plan, tables, parts)])
  await clients.stop()
  const faults = [...(await settle(world, writing.stop, signal)), ...(await stopAll(world))]
  await clock.sleep(lateMs, signal)
  const findings = judgeService({
    tables,
    delivered: watch.delivered,
    rest: clients.record,
    faults: [...slots.faults, ...faults],
  })
  const withheld = tables.reduce((sum, table) => sum + table.withheld, 0)
  return { findings, book, rest: clients.record, watch, withheld }
}

/** Resolves when every connector runs everywhere and streams its tables. */
async function begin({ plan, slots, sight, tables, connectors }: ServiceWorld, signal: AbortSignal): Promise<void> {
  const making = async (): Promise<void> => {
    for (const table of tables) {
      if (table.kind === 'late') continue
      await table.make()
      await table.tag()
    }
  }
  await Promise.all([making(), ...slots.urls.map((_, place) => slots.start(place))])
  for (const connector of connectors) await sight.create(connector, signal)
  const wrong = await sight.wrongStates(connectors, startMs, signal)
  if (wrong.length > 0) throw new Error(`the service did not begin to work:\n${wrong.slice(0, 20).join('\n')}`)
  if (plan.processes < 2) throw new Error('one process alone cannot be struck')
}

/** What is not as it must be when everything had its time; one line each. */
async function settle(
  { plan, sight, tables, connectors, watch, awaitEverything }: ServiceWorld,
  stopWriting: () => Promise<void>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const early = await sight.wrongStates(connectors, plan.settleMs, signal)
  for (const table of tables) if (table.kind === 'untagged') await table.tag()
  await stopWriting()
  awaitEverything()
  const isSeen = await watch.untilAllSeen(plan.settleMs)
  const late = await sight.wrongStates(connectors, plan.settleMs, signal)
  return [
    ...early.map((line) => `while tables lack their tags: ${line}`),
    ...(isSeen ? [] : [`${watch.missing()} changes had not come ${plan.settleMs} ms after the last strike`]),
    ...late.map((line) => `in the end: ${line}`),
  ]
}

/** SIGTERM to all at once; what they do then stands among the faults of the places. */
async function stopAll({ slots }: ServiceWorld): Promise<readonly string[]> {
  const down = slots.urls.flatMap((_, place) => (slots.stateOf(place) === 'up' ? [] : [place]))
  await Promise.all(slots.urls.map((_, place) => slots.stop(place)))
  return down.map((place) => `place ${place} was ${slots.stateOf(place)} in the end`)
}
