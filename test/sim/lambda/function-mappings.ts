import { seededRng } from '../../../src/async/rng.ts'
import { compareSequenceNumbers } from '../../../src/change/sequence-number.ts'
import { createEventSourceMapping } from '../../servers/event-source-mapping/event-source-mapping.ts'
import type {
  DeliveryFaults,
  DiscardedBatch,
  EventSourceMapping,
  MappingCounters,
} from '../../servers/event-source-mapping/mapping.ts'
import { createFaultPlan } from '../../servers/stream-simulator/fault-plan.ts'
import { createSimulatedAws } from '../aws/simulated-aws.ts'
import { createSimulatedProcess } from '../time/simulated-process.ts'
import type { Surroundings } from '../world/surroundings.ts'
import type { FunctionWorldPlan } from './function-plan.ts'
import { nameOfRecord } from './simulated-function.ts'
import type { SimulatedFunction } from './simulated-function.ts'

/** A stream that a mapping delivers. */
export interface MappedSource {
  readonly streamArn: string
  /** Its shards with the numbers of what they hold, as they are now. */
  readonly shards: () => Iterable<{ readonly shardId: string; readonly lastNumber: string | undefined }>
}

/** The event source mappings of a function, one for each stream; AWS's own troubles are none of theirs. */
export interface FunctionMappings {
  readonly counters: readonly MappingCounters[]
  /** Records that the mappings gave up, by {@link nameOfRecord}; whether the destination took the notice or not. */
  readonly discarded: ReadonlySet<string>
  /** Records that the notices spoke of. */
  readonly noticed: number
  readonly isRunning: boolean
  /** Enables them: they go on where they were. */
  enable(): void
  /** Disables them. What the function does with its last events goes on. */
  disable(): void
  /** No more faults. */
  heal(): void
  /** All that is in the streams is done with. */
  isAllDone(): boolean
}

/** Disabled. */
export function createFunctionMappings(
  plan: FunctionWorldPlan,
  surroundings: Surroundings,
  { sources, lambda }: { readonly sources: readonly MappedSource[]; readonly lambda: SimulatedFunction },
): FunctionMappings {
  const { settings, stream, destinationDownShare } = plan.lambda
  const faults: DeliveryFaults = { ...plan.lambda.faults }
  const rng = seededRng(plan.seed ^ 0xe5a)
  const discarded = new Set<string>()
  let noticed = 0
  const onDiscard = (batch: DiscardedBatch): void => {
    const records = recordsOfNotice(batch, lambda)
    for (const record of records) discarded.add(record)
    noticed += records.length
    if (rng.next() < destinationDownShare) throw new Error('the destination is down')
  }
  const mappings = sources.map(({ streamArn }, index) => {
    const process = createSimulatedProcess(`mapping-${index}`, surroundings.time, surroundings.originMs)
    return createEventSourceMapping({
      kind: stream,
      streamArn,
      settings,
      faults,
      clock: process.clock,
      rng: seededRng(plan.seed * 17 + index),
      api: createSimulatedAws({
        ...surroundings,
        process,
        streams: { ...surroundings.streams, faults: createFaultPlan(rng) },
        kinesis:
          surroundings.kinesis === undefined ? undefined : { ...surroundings.kinesis, faults: createFaultPlan(rng) },
        latencyMs: 20,
        scanLatencyMs: 0,
        onTrace: () => undefined,
      }),
      pace: { listMs: 2_000, windowGraceMs: 4_000, retry: { baseMs: 200, capMs: 3_000 } },
      invoke: (event) => lambda.invoke(event),
      onDiscard,
      trace: (line) => surroundings.trace.note(`mapping-${index}: ${line}`),
    })
  })
  let stop = new AbortController()
  let running = 0
  return {
    counters: mappings.map(({ counters }) => counters),
    discarded,
    get noticed() {
      return noticed
    },
    get isRunning() {
      return running > 0
    },
    enable: () => {
      stop = new AbortController()
      for (const mapping of mappings) {
        running++
        mapping.run(stop.signal).then(
          () => void running--,
          (error: unknown) => surroundings.trace.note(`a mapping ended with ${String(error)}`),
        )
      }
    },
    disable: () => stop.abort(new Error('disabled')),
    heal: () => void Object.assign(faults, noFaults),
    isAllDone: () => mappings.every((mapping, index) => isDone(mapping, sources[index])),
  }
}

const noFaults: DeliveryFaults = { lostAnswer: 0, twice: 0, abandoned: 0, cutAnew: 0, failOver: 0, repeatedFinal: 0 }

function isDone(mapping: EventSourceMapping, source: MappedSource | undefined): boolean {
  const positions = mapping.positions()
  for (const { shardId, lastNumber } of source?.shards() ?? []) {
    if (lastNumber === undefined) continue
    const position = positions.get(shardId)
    if (position === undefined || compareSequenceNumbers(position, lastNumber) < 0) return false
  }
  return true
}

/** A notice names the ends only, between which lie records of other sub-lanes, too: those of the last event that fits. */
function recordsOfNotice(batch: DiscardedBatch, { invocations }: SimulatedFunction): readonly string[] {
  const info = batch.DDBStreamBatchInfo ?? batch.KinesisBatchInfo
  if (info === undefined) throw new Error('a notice names no batch')
  const { streamArn, startSequenceNumber, endSequenceNumber, batchSize } = info
  const first = nameOfRecord(streamArn, startSequenceNumber)
  const last = nameOfRecord(streamArn, endSequenceNumber)
  for (let at = invocations.length - 1; at >= 0; at--) {
    const records = invocations[at]?.records.slice(-batchSize) ?? []
    if (records.length === batchSize && records[0] === first && records.at(-1) === last) return records
  }
  throw new Error(`nothing was ever invoked with the batch of ${first} that is discarded`)
}
