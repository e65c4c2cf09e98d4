import { isAbort, TailraceError } from '../errors.ts'
import { KafkaError } from './kafka.ts'

/** Keeps a session to one commit at a time, and dead after the first failure. */
export interface SessionState {
  /** Runs one commit. Rejects without running it when the session is dead or busy. */
  run(work: () => Promise<void>, signal: AbortSignal): Promise<void>
  /** Every later commit rejects. */
  kill(): void
}

/** Makes the state of a fresh session; `name` is for messages. */
export function createSessionState(name: string): SessionState {
  let death: { readonly cause: unknown } | undefined
  let isBusy = false

  return {
    kill: () => void (death ??= { cause: undefined }),
    run: async (work, signal) => {
      if (death !== undefined) {
        throw new TailraceError('TRANSACTION_IN_DOUBT', `Session ${name} is over; open a new one.`, {
          cause: death.cause,
        })
      }
      if (isBusy) throw new TailraceError('INTERNAL', `Session ${name}: a commit began before the last one ended.`)
      isBusy = true
      try {
        signal.throwIfAborted()
        await work()
      } catch (error) {
        death = { cause: error }
        throw isAbort(error, signal) ? error : meaningOf(error, name)
      } finally {
        isBusy = false
      }
    },
  }
}

const fencedCodes = new Set([47, 90])
/** Codes that say more to the owner than "in doubt" does. */
const tellingCodes = new Set(['RECORD_TOO_LARGE', 'KAFKA_AUTHORIZATION', 'TRANSACTION_IN_DOUBT', 'OUT_OF_FILE_HANDLES'])

/** A newer owner of the id exists: the coordinator, or a partition's leader, has refused this one. */
export function isFencedOff(error: unknown): error is KafkaError {
  return error instanceof KafkaError && fencedCodes.has(error.errorCode)
}

function meaningOf(error: unknown, name: string): TailraceError {
  if (error instanceof TailraceError && tellingCodes.has(error.code)) return error
  const reason = error instanceof Error ? error.message : String(error)
  if (isFencedOff(error)) {
    const details = { errorName: error.errorName }
    return new TailraceError('KAFKA_FENCED', `Session ${name} was fenced: ${reason}`, { cause: error, details })
  }
  const details = { errorName: error instanceof KafkaError ? error.errorName : undefined }
  return new TailraceError('TRANSACTION_IN_DOUBT', `Session ${name}: ${reason}`, { cause: error, details })
}
