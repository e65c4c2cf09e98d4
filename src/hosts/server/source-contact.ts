import type { Clock } from '../../async/clock.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import type { SourceEvent } from '../../sources/source-event.ts'

/** How requests to AWS fare, as far as this process has made some. */
export interface SourceContact {
  /** The newest request was answered, whatever the answer; undefined before the first. */
  readonly isConnected: boolean | undefined
  /** A request that failed lately and is repeated, throttles apart; undefined if there is none. */
  readonly failure: { readonly code: ErrorCode; readonly message: string } | undefined
}

/** Is told what becomes of requests. */
export interface SourceContactOwner extends SourceContact {
  onRequest(outcome: string): void
  onEvent(event: SourceEvent): void
}

/** A failure that has not come again for so long behind its repetition is over. */
const overAfterMs = 60_000

/** Outcomes that are no answers: nobody was reached, or nothing was asked. */
const unanswered: ReadonlySet<string> = new Set<ErrorCode>([
  'AWS_UNREACHABLE',
  'AWS_CREDENTIALS',
  'OUT_OF_FILE_HANDLES',
  'INTERNAL',
])

export function createSourceContact(clock: Clock): SourceContactOwner {
  let isConnected: boolean | undefined
  let failure: { readonly code: ErrorCode; readonly message: string; readonly untilMs: number } | undefined
  return {
    get isConnected() {
      return isConnected
    },
    get failure() {
      return failure !== undefined && clock.monotonic() < failure.untilMs ? failure : undefined
    },
    onRequest: (outcome) => {
      if (outcome !== 'stopped') isConnected = !unanswered.has(outcome) && outcome !== 'unexpected'
    },
    onEvent: (event) => {
      if (event.kind !== 'retried') return
      const { code, message, delayMs } = event
      failure = { code, message: `${event.action}: ${message}`, untilMs: clock.monotonic() + delayMs + overAfterMs }
    },
  }
}
