import { backoffDelay } from '../../../src/async/backoff.ts'
import type { BatchQueue, NextBatch } from './batch-queue.ts'
import { discard } from './discards.ts'
import type { Invoker } from './invoke-with-faults.ts'
import { judgeAnswer } from './judge-answer.ts'
import type { Verdict } from './judge-answer.ts'
import type { MappedRecord } from './mapped-stream.ts'
import type { InvokeResult, StreamEvent } from './mapping.ts'
import type { MappingParts } from './mapping-parts.ts'
import type { TumblingWindow } from './tumbling-window.ts'

/** Where batches of one sub-lane of a shard go. */
export interface Delivery {
  readonly parts: MappingParts
  readonly shardId: string
  readonly invoker: Invoker
  /** Gives what may be joined to a batch that is retried. */
  readonly queue: BatchQueue
  readonly window: TumblingWindow | undefined
  /** Called once records need no delivery any more, in their order. */
  readonly onDone: (records: readonly MappedRecord[]) => void
}

/** Part of a batch with what has become of it. */
interface Segment {
  readonly records: readonly MappedRecord[]
  /** Failed invocations that count against the retries. */
  readonly attempts: number
}

interface Course {
  /** In order; the first is delivered first. */
  readonly segments: Segment[]
  readonly isFinal: boolean
  readonly isEarly: boolean
  /** Invocations without progress in a row, for back-off. */
  failures: number
  invocations: number
}

/** What became of one invocation. */
type Outcome = Verdict | { readonly kind: 'failed' } | { readonly kind: 'lost' }

/**
 * Delivers a batch until its records are done or discarded; the sub-lane is blocked until then. A batch that is marked as the
 * last of its window closes it, and so does a state that is too large, with an invocation of its own.
 */
export async function deliverBatch(
  delivery: Delivery,
  batch: NextBatch,
  signal: AbortSignal,
  isEarly = false,
): Promise<void> {
  const course: Course = {
    segments: [{ records: batch.records, attempts: 0 }],
    isFinal: batch.isLastOfWindow,
    isEarly,
    failures: 0,
    invocations: 0,
  }
  for (let segment = course.segments.shift(); segment !== undefined; segment = course.segments.shift()) {
    const live = await withoutExpired(delivery, course, segment)
    // A batch that has lost all its records is no batch any more; the end of a window never had any.
    if (live.records.length === 0 && segment.records.length > 0 && !(course.isFinal && isLast(course))) continue
    await deliverSegment(delivery, course, live, signal)
  }
  if (course.isFinal) delivery.window?.close()
}

async function deliverSegment(
  delivery: Delivery,
  course: Course,
  segment: Segment,
  signal: AbortSignal,
): Promise<void> {
  const outcome = await invokeOnce(delivery, course, segment.records, signal)
  const { records, attempts } = segment
  switch (outcome.kind) {
    case 'done':
      course.failures = 0
      delivery.onDone(records)
      return
    case 'failed-from':
      delivery.onDone(records.slice(0, outcome.index))
      if (outcome.index > 0 && delivery.parts.settings.bisectBatchOnFunctionError) {
        // Split at the number that was named: that costs no retry.
        delivery.parts.counters.bisections++
        return retry(delivery, course, [{ records: records.slice(outcome.index), attempts }], signal)
      }
      return fail(delivery, course, { records: records.slice(outcome.index), attempts }, signal)
    case 'lost':
      return retry(delivery, course, [segment], signal)
    case 'bad':
    case 'failed':
      return fail(delivery, course, segment, signal)
  }
}

/** Halves it, or counts the attempt. */
async function fail(delivery: Delivery, course: Course, segment: Segment, signal: AbortSignal): Promise<void> {
  const { parts, shardId } = delivery
  const { settings, counters } = parts
  const { records, attempts } = segment
  if (settings.bisectBatchOnFunctionError && records.length > 1) {
    counters.bisections++
    const middle = Math.ceil(records.length / 2)
    const halves = [records.slice(0, middle), records.slice(middle)]
    await retry(
      delivery,
      course,
      halves.map((half) => ({ records: half, attempts })),
      signal,
    )
  } else if (settings.maximumRetryAttempts >= 0 && attempts >= settings.maximumRetryAttempts) {
    await discard(parts, shardId, records, { condition: 'RetryAttemptsExhausted', invokeCount: course.invocations })
    delivery.onDone(records)
    course.failures = 0
  } else await retry(delivery, course, [{ records, attempts: attempts + 1 }], signal)
}

async function retry(
  delivery: Delivery,
  course: Course,
  segments: readonly Segment[],
  signal: AbortSignal,
): Promise<void> {
  const { clock, rng, pace, settings } = delivery.parts
  course.segments.unshift(...segments)
  await clock.sleep(backoffDelay(pace.retry, course.failures++, rng), signal)
  const [first] = course.segments
  if (first === undefined || first.records.length === 0 || !delivery.invoker.strikes('cutAnew')) return
  const isJoined = course.segments.length === 1 && !course.isFinal && rng.next() < 0.5
  if (isJoined && first.records.length < settings.batchSize) {
    const more = delivery.queue.takeMore(first.records)
    course.segments[0] = { records: [...first.records, ...more], attempts: first.attempts }
  } else if (first.records.length > 1) {
    const at = 1 + Math.floor(rng.next() * (first.records.length - 1))
    const pieces = [first.records.slice(0, at), first.records.slice(at)]
    course.segments.splice(0, 1, ...pieces.map((records) => ({ records, attempts: first.attempts })))
  }
}

/** Discards the records in front that are too old by now. */
async function withoutExpired(delivery: Delivery, course: Course, segment: Segment): Promise<Segment> {
  const { parts, shardId } = delivery
  const { maximumRecordAgeSeconds } = parts.settings
  if (maximumRecordAgeSeconds < 0) return segment
  const horizonMs = parts.clock.now() - maximumRecordAgeSeconds * 1_000
  const young = segment.records.findIndex(({ arrivedAtMs }) => arrivedAtMs >= horizonMs)
  const expired = segment.records.slice(0, young === -1 ? segment.records.length : young)
  if (expired.length === 0) return segment
  await discard(parts, shardId, expired, { condition: 'RecordAgeExceeded', invokeCount: course.invocations })
  delivery.onDone(expired)
  return { ...segment, records: segment.records.slice(expired.length) }
}

async function invokeOnce(
  delivery: Delivery,
  course: Course,
  records: readonly MappedRecord[],
  signal: AbortSignal,
): Promise<Outcome> {
  const { parts, invoker, window, shardId } = delivery
  const isFinal = course.isFinal && isLast(course)
  const [first] = records
  // What comes behind an early end is in the same window again.
  if (first !== undefined) window?.open(first)
  const event: StreamEvent = {
    Records: records.map(({ inEvent }) => inEvent),
    ...window?.members({ isFinal, isEarly: course.isEarly }),
  }
  course.invocations++
  if (isFinal) countFinal(parts, records.length)
  const result = await invoker.invoke(event, signal)
  const range = `${first?.sequenceNumber ?? 'none'}..${records.at(-1)?.sequenceNumber ?? 'none'}`
  parts.trace(`${shardId} invoked ${records.length} ${range} ${isFinal ? 'final ' : ''}${result.kind}`)
  const outcome = outcomeOf(delivery, result, records)
  if (outcome.kind === 'done' && isFinal && invoker.strikes('repeatedFinal')) await invoker.invoke(event, signal)
  const isProgress = outcome.kind === 'done' || (outcome.kind === 'failed-from' && outcome.index > 0)
  if (!isProgress) return outcome
  const taken = result.kind === 'answer' ? window?.take(result.body) : undefined
  if (taken === 'no-state') {
    parts.counters.badAnswers++
    return { kind: 'bad' }
  }
  if (taken === 'too-large' && !isFinal) await endEarly(delivery, signal)
  return outcome
}

/** As the answer is judged, without a look at its state. */
function outcomeOf({ parts }: Delivery, result: InvokeResult, records: readonly MappedRecord[]): Outcome {
  const { counters, settings } = parts
  if (result.kind === 'lost') return result
  if (result.kind !== 'answer') {
    counters.errors++
    return { kind: 'failed' }
  }
  const verdict: Verdict = settings.reportBatchItemFailures ? judgeAnswer(result.body, records) : { kind: 'done' }
  if (verdict.kind === 'failed-from') counters.partialAnswers++
  if (verdict.kind === 'bad') counters.badAnswers++
  return verdict
}

async function endEarly(delivery: Delivery, signal: AbortSignal): Promise<void> {
  delivery.parts.counters.windowsTerminatedEarly++
  await deliverBatch({ ...delivery, onDone: () => undefined }, { records: [], isLastOfWindow: true }, signal, true)
}

function isLast(course: Course): boolean {
  return course.segments.length === 0
}

function countFinal({ counters }: MappingParts, records: number): void {
  counters.finalInvocations++
  if (records === 0) counters.emptyFinalInvocations++
}
