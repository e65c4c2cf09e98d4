import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { TailraceError } from '../../errors.ts'
import type { PushedOutcome } from '../../pipeline/pushed/pushed-batch.ts'
import type { LambdaBatch } from './lambda-event.ts'

/** What Lambda takes for an answer. */
export interface LambdaResponse {
  /** The record from which on the batch is to come again; empty if all of it is dealt with. */
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[]
  /** A tumbling window wants its state back. */
  readonly state?: unknown
}

/** Everything is dealt with. */
export function succeeded({ window }: LambdaBatch): LambdaResponse {
  return { batchItemFailures: [], ...(window === undefined ? {} : { state: window.state }) }
}

/**
 * The answer for a batch with a record that cannot pass. Where Lambda was told to ask which records failed, it is told the
 * first of them. Everywhere else an answer would count as success, whatever it says: undefined, and the error is thrown.
 */
export function failed(
  batch: LambdaBatch,
  { sequenceNumber }: { readonly sequenceNumber: string; readonly error: TailraceError },
  { delivery, reportsItemFailures }: Pick<PipelineConfig, 'delivery'> & { readonly reportsItemFailures: boolean },
): LambdaResponse | undefined {
  if (delivery === 'exactly_once' || !reportsItemFailures) return undefined
  return { ...succeeded(batch), batchItemFailures: [{ itemIdentifier: sequenceNumber }] }
}

/** What a log line says of a batch. */
export function factsOf(outcome: PushedOutcome): Readonly<Record<string, number>> {
  const { records, repeated, changes, left } = outcome
  const rejected = left.rejected.reduce((sum, { count }) => sum + count, 0)
  return { records, repeated, changes, dropped: left.dropped, rejected }
}
