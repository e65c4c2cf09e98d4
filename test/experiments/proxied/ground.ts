import { seededRng } from '../../../src/async/rng.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { KafkaApi } from '../../../src/kafka/kafka.ts'
import { startFaultProxy } from '../../faults/fault-proxy.ts'
import type { FaultProxy } from '../../faults/fault-proxy.ts'
import { connectKafka } from '../../servers/connected-kafka.ts'
import { startStreamSimulator } from '../../servers/stream-simulator/stream-simulator.ts'
import type { StreamSimulator } from '../../servers/stream-simulator/stream-simulator.ts'
import { temporaryFolder } from '../../servers/temporary-folder.ts'
import { watchCommitted } from './committed-watch.ts'
import type { CommittedWatch } from './committed-watch.ts'
import { startKafkaBehindDoors } from './kafka-behind-doors.ts'
import type { DoorListener, KafkaBehindDoors } from './kafka-behind-doors.ts'
import { beginWriting } from './steady-writing.ts'
import type { SteadyWriting } from './steady-writing.ts'

/** What an experiment wants of its surroundings. */
export interface GroundOptions {
  readonly seed: number
  /** Doors of the broker; 1 by default. */
  readonly doors?: number
  /** Of each door; PLAINTEXT by default. */
  readonly doorListeners?: readonly DoorListener[]
  readonly scramUsers?: readonly { readonly name: string; readonly password: string }[]
  readonly tables?: number
  readonly openShards?: number
  readonly changesPerSecond?: number
  readonly reshardsPerMinute?: number
  readonly paddingBytes?: number
  readonly transactionVersion?: 0 | 1 | 2
  readonly brokerProperties?: Readonly<Record<string, string>>
}

/** A broker behind proxies, a simulated DynamoDB behind another, somebody who writes and somebody who reads. */
export interface Ground extends AsyncDisposable {
  readonly seed: number
  /** For choices; the timing is real. */
  readonly rng: Rng
  readonly kafka: KafkaBehindDoors
  /** Past the proxies. */
  readonly direct: KafkaApi
  readonly simulator: StreamSimulator
  /** In front of the simulator. */
  readonly aws: FaultProxy
  readonly writing: SteadyWriting
  readonly watch: CommittedWatch
  /** Table by output topic. */
  readonly topics: ReadonlyMap<string, string>
  /** Removes every toxic of every proxy. */
  heal(): Promise<void>
}

/** Of the pipeline, and the prefix of its topics. Each run has a broker of its own. */
export const pipelineName = 'proxied'

/** Starts it all. */
export async function startGround(options: GroundOptions): Promise<Ground> {
  await using stack = new AsyncDisposableStack()
  const { seed, doors = 1, tables = 2, openShards = 3, transactionVersion } = options
  const rng = seededRng(seed)
  const folder = stack.use(await temporaryFolder())
  const kafka = stack.use(
    await startKafkaBehindDoors({
      directory: folder.path,
      doors,
      doorListeners: options.doorListeners,
      scramUsers: options.scramUsers,
      clock,
      rng,
      transactionVersion,
      extraProperties: options.brokerProperties,
    }),
  )
  const direct = stack.use(connectKafka(kafka.directServers))
  await warmUp(direct)
  const simulator = stack.use(await startStreamSimulator({ rng }))
  const { hostname: host, port } = new URL(simulator.endpoint)
  const upstream = { host, port: Number(port) }
  const aws = stack.use(await startFaultProxy({ upstream, protocol: 'http', clock, rng }))
  const names = Array.from({ length: tables }, (_, index) => `table${index + 1}`)
  const topics = new Map(names.map((name) => [`${pipelineName}.${name}`, name]))
  const workload = { keys: 400, skew: 1.5, deleteShare: 0.12, paddingBytes: options.paddingBytes ?? 200 }
  const { changesPerSecond = 120, reshardsPerMinute = 20 } = options
  const plan = { tables: names, openShards, workload, changesPerSecond, reshardsPerMinute }
  const writing = stack.use(beginWriting(simulator, plan, rng))
  const watch = stack.use(watchCommitted({ kafka: direct, topics, written: writing.written }))
  const started = stack.move()
  return {
    seed,
    rng,
    kafka,
    direct,
    simulator,
    aws,
    writing,
    watch,
    topics,
    heal: async () => {
      await Promise.all([...kafka.doors, aws].map((proxy) => proxy.clear()))
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

/** The first use of groups and of transactions makes internal topics, which takes longer than a short time-out. */
async function warmUp(kafka: KafkaApi): Promise<void> {
  const { signal } = new AbortController()
  await kafka.initProducerId({ transactionalId: 'warm-up', timeoutMs: 10_000 }, signal)
  await kafka.groupMembers('warm-up', signal)
}
