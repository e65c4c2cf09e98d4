import type { ConnectorEntry, ServiceLog } from '../../../src/service/service-state.ts'
import { startNemesis } from '../world/nemesis.ts'
import { createSurroundings } from '../world/surroundings.ts'
import type { Trace } from '../world/trace.ts'
import type { FaultKind, WorldPlan } from '../world/world-plan.ts'
import { judgeLog, readLog } from './judge-service.ts'
import { startServiceClients } from './service-clients.ts'
import type { AskedChange } from './service-clients.ts'
import { startServiceFleet } from './service-fleet.ts'
import type { ServiceFleet } from './service-fleet.ts'
import { planService } from './service-plan.ts'
import { topics } from './simulated-service-process.ts'
import type { SimulatedServiceProcess } from './simulated-service-process.ts'

/** What a run of a service showed. */
export interface ServiceOutcome {
  /** One line for each thing that is wrong. */
  readonly wrong: readonly string[]
  readonly asked: readonly AskedChange[]
  /** Transactions of the log, and processes that led. */
  readonly transactions: number
  readonly leaders: number
  readonly kills: number
  readonly faults: ReadonlyMap<FaultKind, number>
  readonly trace: Trace
  readonly traceDigest: string
}

/** What must be true some time after the last fault has ended. */
const healMs = 90_000

/**
 * One whole run: three to five processes, clients that ask for changes, and faults; then everything is healed, a last change must be
 * answered, and all processes must know the same, which is what a sequential service would hold after the changes of the log.
 */
export async function runServiceWorld(
  seed: number,
  options: { readonly faults?: WorldPlan['faults']; readonly keepTrace?: number } = {},
): Promise<ServiceOutcome> {
  const { world: plan, places, clients: count } = planService(seed, options.faults)
  const surroundings = createSurroundings(plan, options.keepTrace ?? 0)
  const { time, kafka, trace } = surroundings
  const wrong: string[] = []
  const fleet = startServiceFleet({ surroundings, places, seed, onState: createStateWatch(wrong) })
  const clients = startServiceClients({ surroundings, fleet, clients: count, seed })
  const nemesis = startNemesis({ plan, surroundings, fleet, tables: [], ledgerTopic: topics.log })
  await time.run(() => false, plan.activeMs)
  clients.stop()
  nemesis.heal()
  trace.note('healed')
  if (!(await time.run(() => !clients.isAtWork, time.elapsedMs + healMs))) wrong.push('a client was never answered')
  clients.finish()
  if (!(await time.run(() => clients.isFinished, time.elapsedMs + healMs)))
    wrong.push('nothing can be changed any more')
  const isDone = (): boolean => isSettled(fleet, places)
  if (!(await time.run(isDone, time.elapsedMs + healMs))) wrong.push(`the processes do not agree: ${describe(fleet)}`)
  const partition = kafka.state.topics.get(topics.log)?.partitions[0]
  await time.run(() => kafka.transactions.ongoing.length === 0, time.elapsedMs + healMs)
  // The last marker is on its way to the replicas.
  await time.run(() => false, time.elapsedMs + 1_000)
  const logged = partition === undefined ? [] : readLog(partition)
  const judged = judgeLog(logged, clients.asked)
  wrong.push(...judged.wrong)
  for (const { process, log } of fleet.workers.values()) {
    if (stateText(log.state?.connectors) !== stateText(judged.state)) wrong.push(`${process.name} knows something else`)
  }
  fleet.terminateAll()
  if (!(await time.run(() => fleet.isGone, time.elapsedMs + 60_000))) wrong.push('a process did not stop within 60 s')
  wrong.push(...fleet.failures)
  fleet.buryAll()
  return {
    wrong,
    asked: clients.asked,
    transactions: logged.length,
    leaders: new Set(logged.map(({ process }) => process)).size,
    kills: fleet.kills,
    faults: nemesis.struck,
    trace,
    traceDigest: trace.digest(),
  }
}

/** What a process knows never grows older. */
function createStateWatch(wrong: string[]): (name: string, log: ServiceLog) => void {
  const newest = new Map<string, number>()
  return (name, { state, trouble }) => {
    const revision = state?.revision ?? 0
    if (revision < (newest.get(name) ?? 0)) wrong.push(`${name} goes back to ${revision} from ${newest.get(name)}`)
    newest.set(name, revision)
    if (trouble !== undefined) wrong.push(`${name} has trouble: ${trouble.message}`)
  }
}

/** Everybody runs, one leads, all know the same and of each other, and what is wanted runs. */
function isSettled(fleet: ServiceFleet, places: number): boolean {
  const all = [...fleet.workers.values()]
  if (all.length !== places || all.some(({ process, ended }) => process.state !== 'running' || ended !== undefined)) {
    return false
  }
  const names = all.map(({ process }) => process.name).sort()
  const [first] = all
  return (
    all.filter(({ log }) => log.leader.kind === 'self').length === 1 &&
    all.every((one) => {
      const { log, board } = one
      return (
        log.state?.revision === first?.log.state?.revision &&
        JSON.stringify(board.processes.map(({ process }) => process)) === JSON.stringify(names) &&
        board.processes.every(({ runs }) => carriesOut(log, runs)) &&
        board.processes.filter(({ isLeader }) => isLeader).length === 1
      )
    })
  )
}

function carriesOut({ state }: ServiceLog, runs: SimulatedServiceProcess['runs']['reports']): boolean {
  const wanted = [...(state?.connectors.values() ?? [])]
  return (
    runs.size === wanted.length &&
    wanted.every(({ name, configId, target }) => {
      const report = runs.get(name)
      return report?.configId === configId && report.state === target
    })
  )
}

function stateText(connectors: ReadonlyMap<string, ConnectorEntry> | undefined): string {
  return JSON.stringify([...(connectors ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function describe(fleet: ServiceFleet): string {
  return [...fleet.workers.values()]
    .map(({ process, log, board }) => {
      const seen = board.processes.map((one) => `${one.process}${one.isLeader ? '*' : ''}:${one.runs.size}`)
      const open = board.processes.filter(({ runs }) => !carriesOut(log, runs))
      const runs = open.map((one) => `${one.process} ${JSON.stringify([...one.runs])}`)
      const known = `${log.state?.revision} [${seen.join(' ')}]`
      return `${process.name} ${process.state} ${log.leader.kind} ${known} ${runs.join(' ')}`
    })
    .join('; ')
}
