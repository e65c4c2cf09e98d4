import { retryForever } from '../../aws/retry-forever.ts'
import { glueError } from './glue-answers.ts'
import type { GlueOptions } from './glue-options.ts'

/** One thing that is wanted of a registry of Glue; it may take several requests. */
export interface GlueQuestion<T> {
  /** For people and for waits: `register`, `look up` … */
  readonly action: string
  readonly subject: string | undefined
  /** Asks from the beginning. What fails in passing is repeated as a whole, so all of it may be asked twice. */
  readonly ask: (request: GlueRequest) => Promise<T>
}

/** Sends one request, once. Rejects as `SchemaRegistry` says; `type` in the details is Glue's own name of a refusal. */
export interface GlueRequest {
  /** For messages: the registry, and what it was asked. */
  readonly asked: string
  readonly signal: AbortSignal
  send(action: string, body: Readonly<Record<string, unknown>>): Promise<unknown>
}

const pause = { baseMs: 200, capMs: 5000 }

/** Asks until the registry has said something. Rejects as `SchemaRegistry` says. */
export async function askGlue<T>(
  { clock, rng, api, registryName, giveUpOn, onWait }: GlueOptions,
  { action, subject, ask }: GlueQuestion<T>,
  signal: AbortSignal,
): Promise<T> {
  const asked = `the Glue registry ${registryName}, ${action}${subject === undefined ? '' : ` ${subject}`}`
  const send = async (name: string, body: Readonly<Record<string, unknown>>): Promise<unknown> => {
    try {
      return await api.call({ service: 'glue', action: name, body }, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw glueError(error, asked)
    }
  }
  const retries = {
    clock,
    rng,
    policy: pause,
    giveUpOn,
    onRetry: (retry: Pick<Parameters<NonNullable<typeof onWait>>[0], 'error' | 'attempt' | 'delayMs'>) =>
      onWait?.({ action, subject, ...retry }),
  }
  return await retryForever(retries, () => ask({ asked, signal, send }), signal)
}
