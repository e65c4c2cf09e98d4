import type { BatchFacts } from './batch-bytes.ts'
import { codes } from './error-codes.ts'

/** What a leader makes of a batch before it appends it. */
export type Verdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'repeated'; readonly nextOffset: number }
  | { readonly kind: 'refused'; readonly errorCode: number }

/** What a partition knows of its producers: epochs, sequences, open transactions, and the index of aborted ones. */
export interface ProducerStates {
  check(facts: BatchFacts): Verdict
  /** Takes an appended batch into account. */
  note(facts: BatchFacts, baseOffset: number, marker: 'commit' | 'abort' | undefined): void
  /** The first offset whose transaction is not decided below `mark`; infinite if there is none. */
  firstUnstable(mark: number): number
  /** Aborted transactions that touch [from, to). */
  abortedBetween(from: number, to: number): readonly { readonly producerId: number; readonly firstOffset: number }[]
  isAborted(producerId: number, offset: number): boolean
}

interface ProducerState {
  epoch: number
  lastSequence: number
  /** The last five batches: what comes again of them is a repetition. */
  recent: { readonly baseSequence: number; readonly lastSequence: number; readonly nextOffset: number }[]
  openFrom: number | undefined
}

interface EndedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  readonly markerOffset: number
  readonly outcome: 'commit' | 'abort'
}

/** No producer is known. */
export function createProducerStates(): ProducerStates {
  const states = new Map<number, ProducerState>()
  const aborted: EndedTransaction[] = []
  /** Ended transactions whose markers are not replicated yet, as far as known; pruned as the mark moves. */
  let fresh: EndedTransaction[] = []
  return {
    check: (facts) => checkBatch(states.get(facts.producerId), facts),
    note: (facts, baseOffset, marker) => {
      if (facts.producerId < 0) return
      const known = states.get(facts.producerId)
      if (marker === undefined) {
        states.set(facts.producerId, afterBatch(known, facts, baseOffset))
        return
      }
      const ended = endOf(known, facts, baseOffset, marker)
      if (ended !== undefined) {
        fresh.push(ended)
        if (marker === 'abort') aborted.push(ended)
      }
      states.set(facts.producerId, afterMarker(known, facts))
    },
    firstUnstable: (mark) => {
      fresh = fresh.filter(({ markerOffset }) => markerOffset >= mark)
      let first = Number.POSITIVE_INFINITY
      for (const { firstOffset } of fresh) first = Math.min(first, firstOffset)
      for (const { openFrom } of states.values()) if (openFrom !== undefined) first = Math.min(first, openFrom)
      return first
    },
    abortedBetween: (from, to) =>
      aborted.filter(({ firstOffset, markerOffset }) => markerOffset >= from && firstOffset < to),
    isAborted: (producerId, offset) =>
      aborted.some((one) => one.producerId === producerId && one.firstOffset <= offset && offset < one.markerOffset),
  }
}

function checkBatch(known: ProducerState | undefined, facts: BatchFacts): Verdict {
  const outOfOrder = { kind: 'refused', errorCode: codes.OUT_OF_ORDER_SEQUENCE_NUMBER } as const
  if (facts.producerId < 0) return { kind: 'accepted' }
  // A transaction's first batch begins at 0. A producer without transactions that was forgotten may go on.
  if (known === undefined) return facts.isTransactional && facts.baseSequence !== 0 ? outOfOrder : { kind: 'accepted' }
  if (facts.producerEpoch < known.epoch) return { kind: 'refused', errorCode: codes.INVALID_PRODUCER_EPOCH }
  if (facts.producerEpoch > known.epoch) return facts.baseSequence === 0 ? { kind: 'accepted' } : outOfOrder
  const lastSequence = facts.baseSequence + facts.records - 1
  const same = known.recent.find(
    (batch) => batch.baseSequence === facts.baseSequence && batch.lastSequence === lastSequence,
  )
  if (same !== undefined) return { kind: 'repeated', nextOffset: same.nextOffset }
  return facts.baseSequence === known.lastSequence + 1 ? { kind: 'accepted' } : outOfOrder
}

function afterBatch(known: ProducerState | undefined, facts: BatchFacts, baseOffset: number): ProducerState {
  const isSameEpoch = known !== undefined && known.epoch === facts.producerEpoch
  const lastSequence = facts.baseSequence + facts.records - 1
  const batch = { baseSequence: facts.baseSequence, lastSequence, nextOffset: baseOffset + facts.lastOffsetDelta + 1 }
  return {
    epoch: facts.producerEpoch,
    lastSequence,
    recent: [...(isSameEpoch ? known.recent : []), batch].slice(-5),
    openFrom: facts.isTransactional ? (known?.openFrom ?? baseOffset) : known?.openFrom,
  }
}

function afterMarker(known: ProducerState | undefined, facts: BatchFacts): ProducerState {
  const isNewEpoch = known === undefined || facts.producerEpoch > known.epoch
  return {
    epoch: Math.max(known?.epoch ?? 0, facts.producerEpoch),
    lastSequence: isNewEpoch ? -1 : known.lastSequence,
    recent: isNewEpoch ? [] : known.recent,
    openFrom: undefined,
  }
}

function endOf(
  known: ProducerState | undefined,
  facts: BatchFacts,
  markerOffset: number,
  outcome: 'commit' | 'abort',
): EndedTransaction | undefined {
  if (known?.openFrom === undefined) return undefined
  return { producerId: facts.producerId, firstOffset: known.openFrom, markerOffset, outcome }
}
