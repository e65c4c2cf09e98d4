import type { Rng } from '../../../src/async/rng.ts'
import { seededRng } from '../../../src/async/rng.ts'
import type { CoordinatorTuning } from '../../../src/pipeline/coordination.ts'
import type { LaneTuning } from '../../../src/pipeline/lane-environment.ts'
import type { PollingPolicy } from '../../../src/sources/dynamodb-streams/polling.ts'
import type { SourceEvent } from '../../../src/sources/source-event.ts'
import { createFaultyObjects } from '../../faults/object-faults.ts'
import type { FaultyObjectStore } from '../../faults/object-faults.ts'
import type { ServedKinesis } from '../../servers/kinesis-simulator/kinesis-service.ts'
import { createStreamService } from '../../servers/stream-simulator/stream-service.ts'
import type { ExportSettings } from '../../servers/stream-simulator/simulated-exports.ts'
import type { ServedStreams } from '../../servers/stream-simulator/stream-service.ts'
import { createLink } from '../kafka/network.ts'
import type { Link } from '../kafka/network.ts'
import { createSimulatedKafka } from '../kafka/simulated-kafka.ts'
import type { SimulatedKafka } from '../kafka/simulated-kafka.ts'
import { createVirtualTime } from '../time/virtual-time.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import { createSignalDisk } from './signal-disk.ts'
import type { SignalDisk } from './signal-disk.ts'
import { createTrace } from './trace.ts'
import type { Trace } from './trace.ts'
import type { ExportFault, ExportsPlan, WorldPlan } from './world-plan.ts'

/** What all simulated processes of a run share: time, Kafka, AWS and the network between them. */
export interface Surroundings {
  readonly time: VirtualTime
  readonly rng: Rng
  readonly originMs: number
  readonly kafka: SimulatedKafka
  readonly link: Link
  readonly streams: ServedStreams
  /** What workers read instead of the streams, in worlds that have it. */
  readonly kinesis?: ServedKinesis | undefined
  /** Hears what the sources of all workers tell. */
  readonly onSourceEvent?: (event: SourceEvent) => void
  /** The bucket that tables are exported to, as a reader finds it. */
  readonly objects: FaultyObjectStore
  readonly trace: Trace
  /** Undefined in worlds without signals. */
  readonly signalDisk: SignalDisk | undefined
  /** The way in, `host:port` each. */
  readonly brokers: readonly string[]
  /** What the answer of a Scan may take. */
  readonly scanLatencyMs: number
  readonly requestTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly polling: Partial<PollingPolicy>
  readonly coordinatorTuning: Partial<CoordinatorTuning>
  readonly tuning: Partial<LaneTuning>
}

/** Wall clock at the beginning of every run. */
export const originMs = 1_800_000_000_000

/** Everything is up and empty. */
export function createSurroundings(plan: WorldPlan, keepTrace: number): Surroundings {
  const rng = seededRng(plan.seed)
  const time = createVirtualTime(rng)
  const kafka = createSimulatedKafka({ ...plan, time, rng, originMs })
  const clock = {
    now: () => Math.floor(originMs + time.elapsedMs),
    monotonic: () => time.elapsedMs,
    sleep: () => Promise.reject(new Error('nobody waits on this clock')),
  }
  const streams = createStreamService({ clock, rng })
  Object.assign(streams.settings, {
    pageRecords: plan.pageRecords,
    pageItems: plan.snapshot?.pageItems ?? 1_000,
    readUnits: plan.snapshot?.readUnits ?? 0,
    nullIterator: plan.nullIterator,
    shardFilter: plan.shardFilter,
    pageShards: plan.pageShards ?? 5,
  })
  return {
    time,
    rng,
    originMs,
    kafka,
    link: createLink(rng),
    streams,
    signalDisk: plan.hasSignals === true ? createSignalDisk() : undefined,
    objects: openBucket(streams, plan),
    trace: createTrace(() => time.elapsedMs, keepTrace),
    brokers: kafka.state.brokers.map(({ nodeId }) => `broker:${nodeId}`),
    scanLatencyMs: plan.snapshot?.answerMs ?? 0,
    requestTimeoutMs: 5_000,
    sessionTimeoutMs: plan.sessionTimeoutMs ?? 6_000,
    polling: plan.pollIdleCapMs === undefined ? {} : { idleCapMs: plan.pollIdleCapMs },
    tuning: {
      ...(plan.followIntervalMs === undefined ? {} : { followIntervalMs: plan.followIntervalMs }),
      ...(plan.snapshot?.maxRecentKeys === undefined ? {} : { maxRecentKeys: plan.snapshot.maxRecentKeys }),
      ...(plan.snapshot?.maxSweepBytes === undefined ? {} : { maxSweepBytes: plan.snapshot.maxSweepBytes }),
    },
    coordinatorTuning: {
      listingMs: plan.listingMs ?? 10_000,
      tableCheckMs: 15_000,
      ...(plan.dutyMs === undefined ? {} : { stopCheckMs: plan.dutyMs, exportCheckMs: Math.max(15_000, plan.dutyMs) }),
    },
  }
}

/** Exports go as the plan says, and their objects are what it makes of them. */
function openBucket({ exports, state: { clock } }: ServedStreams, { seed, snapshot }: WorldPlan): FaultyObjectStore {
  const plan = snapshot?.exports
  if (plan !== undefined) Object.assign(exports.settings, settingsOf(plan))
  const objectFaults = (plan?.faults ?? []).flatMap((fault) => {
    const { kind, healsAfterMs } = fault
    if (kind === 'failed') return []
    const isOn = (key: string): boolean => {
      const hit = exports.exportOf(key)
      return hit !== undefined && isHit(fault, hit.number) && clock.now() < hit.endsAtMs + healsAfterMs
    }
    return [{ kind, isOn }]
  })
  return createFaultyObjects(exports.objects, objectFaults, seededRng(seed ^ 0xb0c))
}

function settingsOf({ fullMs, incrementMs, files, faults }: ExportsPlan): Partial<ExportSettings> {
  return {
    files,
    // Whoever asks for the whole of one table again gets it sooner.
    durationMs: (attempts, kind) => (kind === 'incremental' ? incrementMs : attempts === 0 ? fullMs : fullMs / 8),
    failureOf: (number) =>
      faults.some((fault) => fault.kind === 'failed' && isHit(fault, number))
        ? { code: 'S3AccessDenied', message: 'the bucket cannot be written to' }
        : undefined,
  }
}

function isHit({ first, count }: ExportFault, number: number): boolean {
  return number >= first && number < first + count
}
