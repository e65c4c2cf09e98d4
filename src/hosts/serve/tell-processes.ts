import type { Clock } from '../../async/clock.ts'
import { inTime } from '../../async/in-time.ts'
import type { TimeLimit } from '../../async/in-time.ts'
import { TailraceError } from '../../errors.ts'
import type { ReportBoard } from '../../service/process-reports.ts'
import { forwardRequest } from '../server/rest/forwarding.ts'
import type { Forwarding } from '../server/rest/forwarding.ts'
import { advertisedTwice } from './leadership.ts'

/** A request that every other process of the service gets. */
export interface Telling {
  readonly method: 'PUT' | 'POST'
  readonly path: string
  /** JSON. */
  readonly body: string
  /** Statuses that mean that it was understood. */
  readonly isFine: (status: number) => boolean
}

/**
 * Tells every other process that lives. Rejects with SERVICE_CHANGING if one of them did not understand, or did not answer in time, and is not known to
 * have ended meanwhile; the others have been told then.
 */
export type TellProcesses = (telling: Telling, signal: AbortSignal) => Promise<void>

/** A process that stands still is known to for much longer. Milliseconds. */
const answerMs = 3_000

/** Tells them as the service itself, which may do everything: who asked for it was allowed to. */
export function createTellProcesses(options: {
  readonly board: ReportBoard
  readonly self: string
  readonly forwarding: Forwarding
  readonly clock: Clock
}): TellProcesses {
  const { board, self, forwarding, clock } = options
  return async ({ method, path, body, isFine }, signal) => {
    const call = {
      method,
      path,
      headers: new Headers({ 'content-type': 'application/json' }),
      body: Buffer.from(body),
    }
    const others = board.processes.filter(({ process }) => process !== self)
    const own = board.processes.find(({ process }) => process === self)
    const answers = await Promise.allSettled(
      others.map(async ({ url, process }) => {
        // It would come back to this one.
        if (url === own?.url) throw advertisedTwice(url)
        const to = { url, process, principal: { name: 'the service', role: 'admin' } } as const
        const request = forwardRequest(call, to, forwarding)
        return (await inTime(clock, limit, signal, (scope) => forwarding.send(request, scope))).status
      }),
    )
    const living = new Set(board.processes.map(({ process }) => process))
    const deaf = others.filter(({ process }, at) => {
      const answer = answers[at]
      return living.has(process) && (answer?.status !== 'fulfilled' || !isFine(answer.value))
    })
    if (deaf.length === 0) return
    const names = deaf.map(({ workerId }) => workerId).join(', ')
    throw new TailraceError('SERVICE_CHANGING', `some processes of the service did not take it: ${names}`)
  }
}

const limit: TimeLimit = {
  ms: answerMs,
  late: () =>
    new TailraceError('SERVICE_CHANGING', `a process of the service has not answered for ${answerMs / 1000} s`),
}
