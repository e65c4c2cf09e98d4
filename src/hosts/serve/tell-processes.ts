import { TailraceError } from '../../errors.ts'
import type { ReportBoard } from '../../service/process-reports.ts'
import { forwardRequest } from '../server/rest/forwarding.ts'
import type { Forwarding } from '../server/rest/forwarding.ts'

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
 * Tells every other process that lives. Rejects with SERVICE_CHANGING if one of them did not understand; the others have been told then.
 */
export type TellProcesses = (telling: Telling, signal: AbortSignal) => Promise<void>

/** Tells them as the service itself, which may do everything: who asked for it was allowed to. */
export function createTellProcesses(options: {
  readonly board: ReportBoard
  readonly self: string
  readonly forwarding: Forwarding
}): TellProcesses {
  const { board, self, forwarding } = options
  return async ({ method, path, body, isFine }, signal) => {
    const call = {
      method,
      path,
      headers: new Headers({ 'content-type': 'application/json' }),
      body: Buffer.from(body),
    }
    const others = board.processes.filter(({ process }) => process !== self)
    const answers = await Promise.allSettled(
      others.map(async ({ url, process }) => {
        const to = { url, process, principal: { name: 'the service', role: 'admin' } } as const
        return (await forwarding.send(forwardRequest(call, to, forwarding), signal)).status
      }),
    )
    const deaf = others.filter((_, at) => {
      const answer = answers[at]
      return answer?.status !== 'fulfilled' || !isFine(answer.value)
    })
    if (deaf.length === 0) return
    const names = deaf.map(({ workerId }) => workerId).join(', ')
    throw new TailraceError('SERVICE_CHANGING', `some processes of the service did not take it: ${names}`)
  }
}
