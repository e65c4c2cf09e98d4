import { withDeadline } from '../../async/clock.ts'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { TailraceError } from '../../errors.ts'

/** What checks run on. */
export interface PreflightParts {
  readonly clock: Clock
  readonly rng: Rng
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** Somebody waits: a question that is not answered after this long is a finding. */
export const patienceMs = 15_000

/** Runs one question with the patience of a person; `onTimeout` says what the silence means. */
export async function ask<T>(
  parts: PreflightParts,
  question: (signal: AbortSignal) => Promise<T>,
  onTimeout: () => TailraceError = () =>
    new TailraceError('KAFKA_TIMEOUT', `the cluster did not answer within ${patienceMs} ms`),
): Promise<T> {
  const scope = new AbortController()
  try {
    const answer = question(AbortSignal.any([parts.signal, scope.signal]))
    return await withDeadline(parts.clock, patienceMs, answer, onTimeout)
  } finally {
    scope.abort(new Error('the question is settled'))
  }
}
