import type { Clock } from '../../../src/async/clock.ts'
import { seededRng } from '../../../src/async/rng.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { createDeliveryQueue } from '../../../src/hosts/demo/delivery-queue.ts'
import { createFaultPlan } from '../stream-simulator/fault-plan.ts'
import type { FaultPlan, FaultSource } from '../stream-simulator/fault-plan.ts'
import { defaultKinesisSettings } from './kinesis-state.ts'
import type { KinesisSettings, KinesisState } from './kinesis-state.ts'
import { createSimulatedKinesisStream } from './kinesis-stream.ts'
import type { KinesisStreamDefinition, SimulatedKinesisStream } from './kinesis-stream.ts'
import { createRequestRates } from './request-rates.ts'

/**
 * Kinesis Data Streams without a way in: streams that are split, merged and trimmed, and a plan of faults. It has no timers:
 * what was due happens, in order and at its time, when the next request or method call comes.
 */
export interface KinesisService {
  readonly faults: FaultPlan
  readonly settings: KinesisSettings
  /** Makes a stream, active at once. Throws if there is one of the name. */
  createStream(definition: KinesisStreamDefinition): SimulatedKinesisStream
  /** A stream; throws if there is none. */
  stream(name: string): SimulatedKinesisStream
  /** The stream goes at once. One that is made with its name later has its ARN and shard ids, but is another one. */
  deleteStream(name: string): void
  /** Expires all iterators that were issued so far. */
  expireIterators(): void
  /** Lets happen what is due by now; needed only before the state is looked at by itself. */
  settle(): void
}

/** The service, as whoever serves its requests sees it. */
export interface ServedKinesis extends KinesisService {
  readonly state: KinesisState
  readonly faults: FaultSource
}

/** A service without streams. `rng` is for faults with a probability, for AUTO distribution and for skewed times. */
export function createKinesisService(options: {
  readonly clock: Clock
  readonly rng?: Rng | undefined
  readonly region?: string | undefined
  readonly account?: string | undefined
}): ServedKinesis {
  const { clock } = options
  const rng = options.rng ?? seededRng(1)
  const agenda = createDeliveryQueue<() => void>()
  const writers = new Set<() => void>()
  let latestMs = Number.NEGATIVE_INFINITY
  let isSettling = false

  const now = (): number => (isSettling ? latestMs : Math.max(latestMs, clock.now()))
  const settle = (): void => {
    if (isSettling) return
    for (const write of writers) write()
    const untilMs = clock.now()
    isSettling = true
    try {
      for (let due = agenda.nextDueMs; due !== undefined && due <= untilMs; due = agenda.nextDueMs) {
        latestMs = Math.max(latestMs, due)
        for (const work of agenda.takeDue(due, 1)) work()
      }
    } finally {
      isSettling = false
    }
    latestMs = Math.max(latestMs, untilMs)
  }
  const createStream = (definition: KinesisStreamDefinition): SimulatedKinesisStream => {
    settle()
    if (state.streams.has(definition.name)) throw new Error(`there is a stream ${definition.name}`)
    const { region, account, settings } = state
    const arrivalSkewMs = (): number => settings.arrivalSkewMs
    const stream = createSimulatedKinesisStream(definition, { now, settle, rng, region, account, arrivalSkewMs })
    state.streams.set(stream.name, stream)
    return stream
  }
  const state: KinesisState = {
    clock,
    rng,
    region: options.region ?? 'eu-central-1',
    account: options.account ?? '123456789012',
    settings: defaultKinesisSettings(),
    streams: new Map(),
    rates: createRequestRates(now),
    agenda,
    writers,
    iteratorGeneration: 0,
    now,
    settle,
    createStream,
  }
  const stream = (name: string): SimulatedKinesisStream => {
    const found = state.streams.get(name)
    if (found === undefined) throw new Error(`no stream ${name}`)
    return found
  }
  return {
    state,
    faults: createFaultPlan(rng),
    settings: state.settings,
    createStream,
    stream,
    deleteStream: (name) => {
      settle()
      state.streams.delete(stream(name).name)
    },
    expireIterators: () => void state.iteratorGeneration++,
    settle,
  }
}
