import type { Clock } from '../../../async/clock.ts'
import { inTime } from '../../../async/in-time.ts'
import { TailraceError } from '../../../errors.ts'
import type { Leadership } from './connect-service.ts'
import type { ForwardAnswer, Forwarding, ForwardRequest } from './forwarding.ts'
import { catchUp } from './revisions.ts'
import type { Revisions } from './revisions.ts'
import { whileAnswering } from './while-answering.ts'
import { whileLeading } from './while-leading.ts'

/** The process that leads is waited for so long: one that stands still is known to for much longer. Milliseconds. */
const leaderMs = 9_000
/** Who asked is answered after so long, whatever is still to be read here. Milliseconds. */
const wholeMs = 9_500

/** What is needed to hand requests on. */
export interface HandingOn {
  readonly forwarding: Forwarding
  readonly leadership: Leadership
  readonly revisions?: Revisions | undefined
  readonly clock: Clock
  /** So long the request has waited already, which is a part of what it may wait. */
  readonly waitedMs: number
  /** Aborts when the server closes. */
  readonly signal: AbortSignal
}

/**
 * Asks the process that leads, at `url`, and waits until this one has read what that has written. Rejects with SERVICE_CHANGING if no answer comes
 * in time, or another process leads meanwhile; what was asked for may have happened then.
 */
export async function handOn(request: ForwardRequest, url: string, options: HandingOn): Promise<ForwardAnswer> {
  const { clock, forwarding, signal, waitedMs } = options
  const begun = clock.monotonic() - waitedMs
  const asking = { send: forwarding.send, clock }
  const limit = { ms: leaderMs - waitedMs, late: noAnswer }
  const answer = await inTime(clock, limit, signal, (scope) =>
    whileLeading(
      options,
      url,
      (led) => whileAnswering(asking, url, (each) => forwarding.send(request, each), led),
      scope,
    ),
  )
  await catchUp(answer, options, wholeMs - (clock.monotonic() - begun))
  return answer
}

function noAnswer(): TailraceError {
  const message =
    `Cannot complete request: the leader of the service has not answered for ${leaderMs / 1000} s. ` +
    'What was asked for may have happened, or may still happen'
  return new TailraceError('SERVICE_CHANGING', message)
}
