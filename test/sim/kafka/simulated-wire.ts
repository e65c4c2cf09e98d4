import type { Clock } from '../../../src/async/clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { TailraceError } from '../../../src/errors.ts'
import type { BrokerAddress } from '../../../src/kafka/kafka-connection.ts'
import type { BrokerFeatures, Wire, WireCall } from '../../../src/kafka/wire.ts'
import type { SimulatedProcess } from '../time/simulated-process.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import type { BrokerRequest } from './broker-request.ts'
import type { Fate, Link } from './network.ts'
import type { SimulatedKafka } from './simulated-kafka.ts'

/** What a process's wire runs on. */
export interface SimulatedWireOptions {
  readonly process: SimulatedProcess
  readonly time: VirtualTime
  readonly rng: Rng
  readonly kafka: SimulatedKafka
  readonly link: Link
  readonly requestTimeoutMs: number
  /** Hears of each request and of what its sender was told. */
  readonly onTrace: (line: string) => void
}

/** Every version that the product could want is offered; which protocol of transactions is a matter of the feature. */
const offered = { min: 0, max: 99 }

/**
 * The wire of one process to the simulated brokers: the product's own encoding of records, caches of leaders and
 * coordinators, and patience run on top of it as they are.
 */
export function createSimulatedWire(options: SimulatedWireOptions): Wire {
  const { process, kafka, requestTimeoutMs } = options
  const clock: Clock = process.clock
  return {
    clock,
    rng: options.rng,
    requestTimeoutMs,
    send: <Request extends readonly unknown[], Answer>(call: WireCall<Request, Answer>, signal: AbortSignal) =>
      process.await<Answer>((settle) => {
        const { broker, action, request } = call
        const version = versionOf(call.versions, action, kafka.state.transactionVersion)
        exchange(options, { nodeId: broker.port, action, version, request }, (outcome) => {
          if (outcome.kind === 'answer') settle.resolve(outcome.answer as Answer)
          else settle.reject(failure(outcome.kind, action, broker))
        })
      }, signal),
    features: (broker, signal) => features(options, broker, signal),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** A broker whose cluster has only V1 offers neither Produce 12 nor EndTxn 5. */
function versionOf(versions: readonly { readonly version: number }[], action: string, transactions: number): number {
  const ceiling = transactions >= 2 ? 99 : (v1Ceilings[action] ?? 99)
  const version = versions.map((api) => api.version).find((one) => one <= ceiling)
  if (version === undefined) throw new TailraceError('KAFKA_PROTOCOL', `${action} is not offered`)
  return version
}

const v1Ceilings: Readonly<Record<string, number>> = { Produce: 11, EndTxn: 4 }

function features(options: SimulatedWireOptions, broker: BrokerAddress, signal: AbortSignal): Promise<BrokerFeatures> {
  const { process, kafka } = options
  return process.await<BrokerFeatures>((settle) => {
    options.time.after(options.rng.next() * 2, () => {
      if (!kafka.isUp(broker.port)) {
        settle.reject(failure('reset', 'ApiVersions', broker))
        return
      }
      const versions = new Map(Array.from({ length: 90 }, (_, key) => [key, offered]))
      settle.resolve({ versions, transactionVersion: kafka.state.transactionVersion })
    })
  }, signal)
}

type Outcome =
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'reset' }
  | { readonly kind: 'timeout' }

/** One request on its way, and back. The sender is told once. */
function exchange(
  options: SimulatedWireOptions,
  { nodeId, ...request }: BrokerRequest & { readonly nodeId: number },
  tell: (outcome: Outcome) => void,
): void {
  const { time, link, process, onTrace } = options
  const calledOff: (() => void)[] = []
  const tellOnce = (outcome: Outcome): void => {
    if (calledOff.length === 0) return
    for (const callOff of calledOff.splice(0)) callOff()
    onTrace(`${process.name} < ${nodeId} ${request.action} ${describe(outcome)}`)
    tell(outcome)
  }
  onTrace(`${process.name} > ${nodeId} ${request.action}`)
  calledOff.push(time.after(options.requestTimeoutMs, () => tellOnce({ kind: 'timeout' })))
  const fate = link.fateOf({ process: process.name, nodeId, ...request })
  if (fate.request === 'lost') return
  if (fate.request !== 'arrives') {
    const outcome: Outcome = fate.request === 'reset' ? { kind: 'reset' } : { kind: 'answer', answer: fate.answer }
    time.after(fate.requestMs, () => tellOnce(outcome))
    return
  }
  const journey = { nodeId, request, fate, tellOnce, calledOff }
  time.after(fate.requestMs, () => arrive(options, journey))
  // The copy does what it does; nobody waits for its answer.
  if (fate.copyMs !== undefined) time.after(fate.copyMs, () => arrive(options, { ...journey, tellOnce: () => {} }))
}

interface Journey {
  readonly nodeId: number
  readonly request: BrokerRequest
  readonly fate: Fate
  readonly tellOnce: (outcome: Outcome) => void
  readonly calledOff: (() => void)[]
}

function arrive({ time, kafka, link, process }: SimulatedWireOptions, journey: Journey): void {
  const { nodeId, fate, tellOnce } = journey
  const breaks = (): void => tellOnce({ kind: 'reset' })
  if (!kafka.isUp(nodeId)) {
    breaks()
    return
  }
  // Whom a dying broker owes an answer sees its connection break.
  if (journey.calledOff.length > 0) journey.calledOff.push(kafka.onDeath(nodeId, breaks))
  kafka.handle(nodeId, journey.request, (answer) => {
    if (fate.response === 'lost') return
    if (fate.response === 'reset') {
      breaks()
      return
    }
    time.after(fate.responseMs, () => {
      if (!link.isCut(process.name, nodeId)) tellOnce({ kind: 'answer', answer: fate.rewrite?.(answer) ?? answer })
    })
  })
}

function describe(outcome: Outcome): string {
  if (outcome.kind !== 'answer') return outcome.kind
  const code = (outcome.answer as { readonly errorCode?: number }).errorCode
  return code === undefined ? 'answer' : `answer ${code}`
}

function failure(kind: 'reset' | 'timeout', action: string, broker: BrokerAddress): TailraceError {
  const where = `${action} at ${broker.host}:${broker.port}`
  if (kind === 'timeout') return new TailraceError('KAFKA_TIMEOUT', `${where}: no answer in time`)
  return new TailraceError('KAFKA_UNREACHABLE', `${where}: the connection broke`)
}
