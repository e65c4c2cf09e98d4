import { backoffDelay } from '../async/backoff.ts'
import { TailraceError, isAbort } from '../errors.ts'
import type { LaneEnvironment } from './lane-environment.ts'
import { workLane } from './lane-work.ts'
import type { LaneCompanion } from './lane-work.ts'
import { learnLimits } from './topic-limits.ts'

const retakeBackoff = { baseMs: 100, capMs: 5_000 }

/**
 * Holds one lane for as long as it is assigned: takes it, works it, and on any doubt throws the session away and takes
 * it again. Resolves when `signal` aborts; rejects only with an error after which this worker must not go on.
 */
export async function runLane(
  lane: number,
  environment: LaneEnvironment,
  companion: LaneCompanion | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    const startedAt = environment.clock.monotonic()
    try {
      await holdLane(lane, environment, companion, signal)
    } catch (error) {
      if (isAbort(error, signal) || signal.aborted) break
      const known = asTailraceError(error)
      if (known.policy === 'refuse' || known.policy === 'stop-worker') throw known
      // A lane that worked for a while starts over with short waits.
      if (environment.clock.monotonic() - startedAt > 30_000) attempt = 0
      await reconsider({ lane, environment, error: known, attempt, signal })
    }
  }
  environment.onEvent({ kind: 'lane-released', lane })
}

async function holdLane(
  lane: number,
  environment: LaneEnvironment,
  companion: LaneCompanion | undefined,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = environment.clock.monotonic()
  await using session = await environment.taker.take(lane, signal)
  const tookMs = environment.clock.monotonic() - startedAt
  environment.onEvent({ kind: 'lane-taken', lane, shards: session.state.shards.size, tookMs })
  await workLane(session, environment, companion, signal)
}

/** A fenced worker does not fence back before it has made sure that the lane is still its own. */
async function reconsider(parts: {
  readonly lane: number
  readonly environment: LaneEnvironment
  readonly error: TailraceError
  readonly attempt: number
  readonly signal: AbortSignal
}): Promise<void> {
  const { lane, environment, error, signal } = parts
  learnLimits(environment.topicLimits, error)
  environment.onDoubt?.(error)
  const retryInMs = backoffDelay(retakeBackoff, parts.attempt, environment.rng)
  environment.onEvent({ kind: 'lane-in-doubt', lane, error, retryInMs })
  const wait = (ms: number): Promise<void> => environment.clock.sleep(ms, signal).catch(() => undefined)
  await wait(retryInMs)
  while (!signal.aborted && !environment.membership.owns(lane)) await wait(retakeBackoff.baseMs)
}

function asTailraceError(error: unknown): TailraceError {
  if (error instanceof TailraceError) return error
  return new TailraceError('TRANSACTION_IN_DOUBT', 'a lane failed unexpectedly', { cause: error })
}
