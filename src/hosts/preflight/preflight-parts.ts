import { backoffDelay } from '../../async/backoff.ts'
import { withDeadline } from '../../async/clock.ts'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { untilAborted } from '../../async/until-aborted.ts'
import { TailraceError } from '../../errors.ts'
import { KafkaError } from '../../kafka/kafka.ts'

/** What checks run on. */
export interface PreflightParts {
  readonly clock: Clock
  readonly rng: Rng
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /**
   * Aborts when nobody waits for answers any longer: a question that has none by then is a finding, as after too long a silence, and what was
   * found before is told. Default: never.
   */
  readonly deadline?: AbortSignal
  /** See `topicRulesOf`. Default: nobody else is known. */
  readonly isTaken?: ((topic: string) => boolean) | undefined
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
  const { deadline } = parts
  if (deadline?.aborted === true) throw onTimeout()
  const scope = new AbortController()
  try {
    const answer = repeated(parts, question, AbortSignal.any([parts.signal, scope.signal]))
    const given = withDeadline(parts.clock, ms, answer, onTimeout)
    return await (deadline === undefined ? given : untilAborted(given, deadline))
  } catch (error) {
    throw deadline !== undefined && error === deadline.reason ? onTimeout() : error
  } finally {
    scope.abort(new Error('the question is settled'))
  }
}

const mostAttempts = 8
const pause = { baseMs: 50, capMs: 1000 }

/**
 * A topic that another worker has made a moment ago is known to some brokers and not yet to others: what they say then is
 * no finding. Brokers that are away, or that say no, are believed at once.
 */
async function repeated<T>(
  { clock, rng }: PreflightParts,
  question: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await question(signal)
    } catch (error) {
      const isUnsettled =
        error instanceof KafkaError || (error instanceof TailraceError && error.code === 'KAFKA_PROTOCOL')
      if (!isUnsettled || signal.aborted) throw error
      if (attempt >= mostAttempts) throw asFinding(error)
    }
    await clock.sleep(backoffDelay(pause, attempt, rng), signal)
  }
}

function asFinding(error: TailraceError | KafkaError): TailraceError {
  return error instanceof TailraceError ? error : new TailraceError('KAFKA_PROTOCOL', error.message, { cause: error })
}
