import { backoffDelay } from '../async/backoff.ts'
import { TailraceError } from '../errors.ts'
import type { Wire } from './wire.ts'
import { errorName } from './wire-errors.ts'

/** Something to be asked again while the broker says "not yet". */
export interface PatientRequest<Answer> {
  /** For messages: `InitProducerId on transactional id shop.3`. */
  readonly what: string
  readonly send: () => Promise<Answer>
  readonly errorCode: (answer: Answer) => number
  /** The codes that mean "not yet": definite refusals, after which nothing has happened. */
  readonly notYet: ReadonlySet<number>
  readonly forMs: number
}

/** COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR: it is moving, or not made yet. */
export const coordinatorNotYet: ReadonlySet<number> = new Set([14, 15, 16])

const pause = { baseMs: 20, capMs: 500 }

/** The first answer that is not "not yet". Rejects with KAFKA_TIMEOUT when there is none in time. */
export async function patiently<Answer>(
  wire: Wire,
  request: PatientRequest<Answer>,
  signal: AbortSignal,
): Promise<Answer> {
  const since = wire.clock.monotonic()
  for (let attempt = 0; ; attempt++) {
    const answer = await request.send()
    const code = request.errorCode(answer)
    if (!request.notYet.has(code)) return answer
    if (wire.clock.monotonic() - since > request.forMs) {
      throw new TailraceError('KAFKA_TIMEOUT', `${request.what}: ${errorName(code)} for ${request.forMs} ms.`)
    }
    await wire.clock.sleep(backoffDelay(pause, attempt, wire.rng), signal)
  }
}
