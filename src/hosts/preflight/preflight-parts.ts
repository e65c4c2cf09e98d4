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

/** Somebody waits: a question to the cluster that is not answered after this long is a finding. */
const kafkaPatience: Patience = {
  ms: 15_000,
  onTimeout: () => new TailraceError('KAFKA_TIMEOUT', 'the cluster did not answer within 15 s'),
}

/** How long to wait for an answer, and what its absence means. */
export interface Patience {
  readonly ms: number
  readonly onTimeout: () => TailraceError
}

/** Runs one question with the patience of a person. */
export async function ask<T>(
  parts: PreflightParts,
  question: (signal: AbortSignal) => Promise<T>,
  { ms, onTimeout }: Patience = kafkaPatience,
): Promise<T> {
  const scope = new AbortController()
  try {
    const answer = question(AbortSignal.any([parts.signal, scope.signal]))
    return await withDeadline(parts.clock, ms, answer, onTimeout)
  } finally {
    scope.abort(new Error('the question is settled'))
  }
}
