import { seededRng } from '../../src/async/rng.ts'
import type { JsonObject } from '../../src/aws/json-object.ts'
import { createEventSourceMapping } from '../servers/event-source-mapping/event-source-mapping.ts'
import { defaultMappingSettings } from '../servers/event-source-mapping/mapping.ts'
import type {
  DeliveryFaults,
  DiscardedBatch,
  EventSourceMapping,
  InvokeResult,
  MappingPace,
  MappingSettings,
  StreamEvent,
} from '../servers/event-source-mapping/mapping.ts'
import { createKinesisService } from '../servers/kinesis-simulator/kinesis-service.ts'
import type { ServedKinesis } from '../servers/kinesis-simulator/kinesis-service.ts'
import { member } from '../servers/stream-simulator/simulator-client.ts'
import { createStreamService } from '../servers/stream-simulator/stream-service.ts'
import type { ServedStreams } from '../servers/stream-simulator/stream-service.ts'
import { createSimulatedAws } from './aws/simulated-aws.ts'
import { createSimulatedProcess } from './time/simulated-process.ts'
import { createVirtualTime } from './time/virtual-time.ts'
import type { VirtualTime } from './time/virtual-time.ts'

/** One invocation, as the function saw it. */
export interface SeenInvocation {
  readonly event: StreamEvent
  readonly startedAtMs: number
  endedAtMs: number | undefined
}

/** A mapping between a simulated service and a function that is a test's own, in simulated time. */
export interface MappingWorld {
  readonly time: VirtualTime
  readonly streams: ServedStreams
  readonly kinesis: ServedKinesis
  readonly seen: readonly SeenInvocation[]
  readonly discarded: readonly DiscardedBatch[]
  readonly trace: readonly string[]
  nowMs(): number
  map(options: MappedOptions): EventSourceMapping
  /** Runs a mapping to its end, or for so long. Rejects as the run does. */
  run(mapping: EventSourceMapping, forMs?: number): Promise<void>
}

/** What a test decides about a mapping. */
export interface MappedOptions {
  readonly streamArn: string
  readonly kind?: 'dynamodb' | 'kinesis'
  readonly settings?: Partial<MappingSettings>
  readonly faults?: DeliveryFaults
  readonly pace?: Partial<MappingPace>
  /** Milliseconds that an invocation takes at most. */
  readonly durationMs?: number
  readonly answer?: (event: StreamEvent) => InvokeResult
  readonly onDiscard?: (batch: DiscardedBatch) => Promise<void> | void
}

/** A world without tables and streams. */
export function createMappingWorld(seed: number): MappingWorld {
  const rng = seededRng(seed)
  const time = createVirtualTime(rng)
  const process = createSimulatedProcess('mapping', time, 1_800_000_000_000)
  const { clock } = process
  const streams = createStreamService({ clock, rng })
  const kinesis = createKinesisService({ clock, rng })
  const seen: SeenInvocation[] = []
  const discarded: DiscardedBatch[] = []
  const trace: string[] = []
  const latencies = { latencyMs: 20, scanLatencyMs: 0 }
  const api = createSimulatedAws({ process, time, rng, streams, kinesis, ...latencies, onTrace: () => undefined })

  const map = (options: MappedOptions): EventSourceMapping =>
    createEventSourceMapping({
      kind: options.kind ?? 'dynamodb',
      streamArn: options.streamArn,
      api,
      clock,
      rng,
      settings: { ...defaultMappingSettings, ...options.settings },
      ...(options.faults === undefined ? {} : { faults: options.faults }),
      ...(options.pace === undefined ? {} : { pace: options.pace }),
      invoke: async (event) => {
        const invocation: SeenInvocation = { event, startedAtMs: time.elapsedMs, endedAtMs: undefined }
        seen.push(invocation)
        await clock.sleep(rng.next() * (options.durationMs ?? 50))
        const result = options.answer?.(event) ?? { kind: 'answer', body: null }
        invocation.endedAtMs = time.elapsedMs
        return result
      },
      onDiscard: (batch) => {
        discarded.push(batch)
        return options.onDiscard?.(batch)
      },
      trace: (line) => void trace.push(`${time.elapsedMs.toFixed(3)} ${line}`),
    })
  const run = async (mapping: EventSourceMapping, forMs?: number): Promise<void> => {
    const stop = new AbortController()
    let isOver = false
    const work = mapping.run(stop.signal).finally(() => void (isOver = true))
    work.catch(() => undefined)
    const isWhole = await time.run(() => isOver, time.elapsedMs + (forMs ?? 24 * 3_600_000))
    if (!isWhole) stop.abort()
    await work
    if (!isWhole && forMs === undefined) throw new Error('the mapping did not end within a day')
  }
  return { time, streams, kinesis, seen, discarded, trace, nowMs: () => clock.now(), map, run }
}

/** Sequence numbers of an event's records. */
export function numbersOf({ Records: records }: StreamEvent): readonly string[] {
  return records.map((record) =>
    String(changeOf(record)['SequenceNumber'] ?? member(record['kinesis'], 'sequenceNumber')),
  )
}

/** The `dynamodb` member of a record of an event. */
export function changeOf(record: JsonObject): JsonObject {
  const change = record['dynamodb']
  return typeof change === 'object' && change !== null ? (change as JsonObject) : {}
}

/** No faults, to be overwritten in part. */
export function faults(some: Partial<DeliveryFaults>): DeliveryFaults {
  return { lostAnswer: 0, twice: 0, abandoned: 0, cutAnew: 0, failOver: 0, repeatedFinal: 0, ...some }
}
