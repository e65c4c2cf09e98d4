import { seededRng } from '../../../src/async/rng.ts'
import type { KafkaApi } from '../../../src/kafka/kafka.ts'
import { createTransactionSessions } from '../../../src/kafka/transaction-sessions.ts'
import { createMembershipOver, joinTimeoutMs } from '../../../src/kafka/wire-group-membership.ts'
import { createKafkaOver } from '../../../src/kafka/wire-kafka.ts'
import type { PipelineRuns } from '../../../src/service/pipeline-runs.ts'
import type { ReportBoard } from '../../../src/service/process-reports.ts'
import { openReportBoard } from '../../../src/service/report-board.ts'
import { createPipelineRuns } from '../../../src/service/run-pipelines.ts'
import { openServiceLog } from '../../../src/service/service-log.ts'
import type { ServiceLog } from '../../../src/service/service-state.ts'
import { createSimulatedWire } from '../kafka/simulated-wire.ts'
import { createSimulatedProcess } from '../time/simulated-process.ts'
import type { SimulatedProcess } from '../time/simulated-process.ts'
import type { Surroundings } from '../world/surroundings.ts'

/** One process of a service: its log, its board and its runs are the product's; what a connector does is to wait until it is told to stop. */
export interface SimulatedServiceProcess {
  readonly process: SimulatedProcess
  readonly log: ServiceLog
  readonly board: ReportBoard
  readonly runs: PipelineRuns
  /** Undefined while it runs. A killed one never ends, it is only gone. */
  readonly ended: { readonly error: unknown } | undefined
  /** SIGTERM. */
  terminate(): void
  /** After the run. */
  bury(): void
}

/** The moments at which a process may be struck in the middle of a commit; at `answer` it may miss what became of it. */
export type CommitMoment = 'before-end' | 'after-end' | 'answer'

/** The topics of the simulated service. */
export const topics = { log: 'service.config', reports: 'service.status' }
/** Its name. */
export const group = 'service'

/** Starts a process; `reach` is awaited at each moment of a commit. */
export function startServiceProcess(
  name: string,
  parts: {
    readonly surroundings: Surroundings
    readonly seed: number
    readonly reach: (moment: CommitMoment) => Promise<void> | undefined
    /** What it learns, whenever it learns something. */
    readonly onState: (log: ServiceLog) => void
    /** See `ServiceLogOptions`. */
    readonly renewMs?: number
  },
): SimulatedServiceProcess {
  const { surroundings } = parts
  const { trace } = surroundings
  const process = createSimulatedProcess(name, surroundings.time, surroundings.originMs)
  const { clock } = process
  const rng = seededRng(parts.seed)
  const stop = new AbortController()
  const onProblem = (error: unknown): void => trace.note(`${name} waits: ${String(error)}`)
  const { kafka, membership } = openPorts(process, parts)
  const common = { kafka, clock, rng, group, onProblem }
  const sessionsOf = (delivery: 'exactly_once' | 'at_least_once') =>
    createTransactionSessions({ kafka, clock, rng, delivery, transactionTimeoutMs: 10_000 })
  const topicOf = (topic: string) => ({ name: topic, replicationFactor: -1, mayCreate: true })
  const log = openServiceLog({
    ...common,
    membership,
    sessions: sessionsOf('exactly_once'),
    topic: topicOf(topics.log),
    reportsTopic: topics.reports,
    process: name,
    ...(parts.renewMs === undefined ? {} : { renewMs: parts.renewMs }),
  })
  const board = openReportBoard({
    ...common,
    sessions: sessionsOf('at_least_once'),
    topic: topicOf(topics.reports),
    self: { process: name, workerId: `${name}:8083`, url: `http://${name}:8083`, version: '0.0.0-sim' },
  })
  const runs = createPipelineRuns({
    process: name,
    clock,
    rng,
    run: (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    hasSameMeaning: () => false,
  })
  const report = (): void => board.report(runs.reports, log.leader.kind === 'self')
  log.onChange(() => {
    if (process.state !== 'running') return
    if (log.state !== undefined) runs.want(log.state.connectors.values())
    parts.onState(log)
    report()
  })
  runs.onChange(report)
  let ended: { readonly error: unknown } | undefined
  Promise.all([log.run(stop.signal), board.run(stop.signal)])
    .then(() => runs[Symbol.asyncDispose]())
    .then(
      () => void (ended = { error: undefined }),
      (error: unknown) => {
        trace.note(`${name} ended with ${String(error)}`)
        ended = { error }
        stop.abort(error)
      },
    )
  return {
    process,
    log,
    board,
    runs,
    get ended() {
      return ended
    },
    terminate: () => process.deliver(() => stop.abort(new Error('told to stop'))),
    bury: () => stop.abort(new Error('the run is over')),
  }
}

function openPorts(
  process: SimulatedProcess,
  { surroundings, seed, reach }: Parameters<typeof startServiceProcess>[1],
): { readonly kafka: KafkaApi; readonly membership: ReturnType<typeof createMembershipOver> } {
  const { time, rng, kafka, link, trace, brokers, sessionTimeoutMs } = surroundings
  const onTrace = (line: string): void => trace.note(line)
  const wireOf = (requestTimeoutMs: number): ReturnType<typeof createSimulatedWire> =>
    createSimulatedWire({ process, time, rng, kafka, link, requestTimeoutMs, onTrace })
  const port = createKafkaOver(wireOf(surroundings.requestTimeoutMs), { brokers })
  const member = {
    clock: process.clock,
    rng: seededRng(seed ^ 0x9e3),
    group,
    topic: topics.log,
    sessionTimeoutMs,
    heartbeatMs: sessionTimeoutMs / 8,
  }
  const own = seededRng(seed ^ 0x1a9)
  const lagMs = [0, 0, 300, 2_000][Math.floor(own.next() * 4)] ?? 0
  return {
    kafka: {
      ...port,
      // Some processes learn late what was written.
      fetch: async (request, signal) => {
        if (request.topic === topics.log && lagMs > 0) await process.clock.sleep(own.next() ** 2 * lagMs, signal)
        return port.fetch(request, signal)
      },
      endTransaction: async (request, signal) => {
        await reach('before-end')
        const next = await port.endTransaction(request, signal)
        await reach('after-end')
        await reach('answer')
        return next
      },
    },
    membership: createMembershipOver(wireOf(joinTimeoutMs(member)), brokers, member),
  }
}
