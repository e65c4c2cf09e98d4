import { createHash } from 'node:crypto'
import { createBell } from '../../../src/async/bell.ts'
import { compareSequenceNumbers } from '../../../src/change/sequence-number.ts'
import { createBatchQueue } from './batch-queue.ts'
import { createCheckpoint } from './checkpoint.ts'
import { deliverBatch } from './deliver-batch.ts'
import type { Delivery } from './deliver-batch.ts'
import type { Invoker } from './invoke-with-faults.ts'
import type { MappedRecord, ReadFrom } from './mapped-stream.ts'
import type { MappingParts } from './mapping-parts.ts'
import { createShardPoller } from './shard-poller.ts'
import { createTumblingWindow } from './tumbling-window.ts'

/** One shard of a run. */
export interface ShardRun {
  readonly parts: MappingParts
  readonly invoker: Invoker
  readonly shardId: string
  readonly from: ReadFrom
  /** Each time that more of the shard is done. */
  readonly onPosition: (sequenceNumber: string) => void
}

/** Delivers a shard to its end; resolves once its last record is done and its last window closed. */
export async function deliverShard(run: ShardRun, signal: AbortSignal): Promise<void> {
  const { parts, shardId } = run
  const { settings, counters, clock, streamArn } = parts
  const checkpoint = createCheckpoint(run.from.kind === 'after' ? run.from.sequenceNumber : undefined)
  const bell = createBell(clock)
  const onDone = (records: readonly MappedRecord[]): void => {
    counters.recordsDone += checkpoint.settle(records)
    if (checkpoint.position !== undefined) run.onPosition(checkpoint.position)
    bell.ring()
  }
  const window =
    settings.tumblingWindowSeconds > 0
      ? createTumblingWindow(shardId, streamArn, settings.tumblingWindowSeconds)
      : undefined
  const lanes = Array.from({ length: settings.parallelizationFactor }, (): Delivery => {
    const queue = createBatchQueue(parts, window)
    return { parts, shardId, invoker: run.invoker, queue, window, onDone }
  })
  const accept = (record: MappedRecord): void => {
    checkpoint.expect(record)
    if (settings.filter?.(record.inEvent) === false) {
      counters.recordsFiltered++
      checkpoint.settle([record])
    } else laneOf(lanes, record)?.queue.offer(record)
  }
  const readAhead = async (): Promise<void> => {
    const poller = createShardPoller(parts, shardId, run.from)
    const mostOutstanding = Math.max(1_000, 2 * settings.batchSize) * lanes.length
    for (let isEnd = false; !isEnd;) {
      while (checkpoint.outstanding >= mostOutstanding) await bell.wait(60_000, signal)
      const page = await poller.read(signal)
      page.records.forEach(accept)
      isEnd = page.isEnd
    }
    for (const { queue } of lanes) queue.end()
  }
  // After a failure of one, whoever runs the shard stops the others.
  await Promise.all([readAhead(), ...lanes.map((lane) => deliverLane(lane, signal))])
}

/** How many records of its past a lane can be made to deliver again, in batches. */
const rememberedBatches = 3

async function deliverLane(lane: Delivery, signal: AbortSignal): Promise<void> {
  const { queue, window, invoker, parts } = lane
  const past = createPast(rememberedBatches * parts.settings.batchSize)
  const remembering: Delivery = {
    ...lane,
    onDone: (records) => {
      past.add(records)
      lane.onDone(records)
    },
  }
  for (;;) {
    const batch = await queue.next(signal)
    if (batch === undefined) return
    const isFinal = batch.isLastOfWindow && (batch.records.length === 0 || parts.rng.next() < 0.5)
    await deliverBatch(remembering, { ...batch, isLastOfWindow: isFinal }, signal)
    if (past.length > 0 && invoker.strikes('failOver')) {
      window?.close()
      queue.putBack(past.suffix(1 + Math.floor(parts.rng.next() * past.length)))
    }
  }
}

interface Past {
  readonly length: number
  add(records: readonly MappedRecord[]): void
  suffix(count: number): readonly MappedRecord[]
}

/** The records in front of what a lane delivers next, each once. */
function createPast(most: number): Past {
  let kept: readonly MappedRecord[] = []
  return {
    get length() {
      return kept.length
    },
    add: (records) => {
      const [first] = records
      if (first === undefined) return
      // What a replay delivers again, and what lay behind it, is not past any more.
      const older = kept.filter(
        ({ sequenceNumber }) => compareSequenceNumbers(sequenceNumber, first.sequenceNumber) < 0,
      )
      kept = [...older, ...records].slice(-most)
    },
    suffix: (count) => kept.slice(-count),
  }
}

function laneOf(lanes: readonly Delivery[], { key }: MappedRecord): Delivery | undefined {
  if (lanes.length === 1) return lanes[0]
  return lanes[createHash('md5').update(key).digest().readUInt32BE() % lanes.length]
}
