import { backoffDelay } from '../async/backoff.ts'
import { TailraceError } from '../errors.ts'
import { createRedactor } from '../observe/redactor.ts'
import { readAnswer } from './read-answer.ts'
import type { AnswerObject } from './read-answer.ts'
import { serverName } from './registry-http.ts'
import type { RegistryAnswer, RegistryHttp } from './registry-http.ts'
import type { RegistryOptions } from './registry-options.ts'

/** One thing to be asked. All of them may be asked twice: registering what is registered changes nothing. */
export interface RegistryQuestion<T> {
  /** For people and for waits: `register`, `get schema` … */
  readonly action: string
  readonly subject: string | undefined
  /** Below the base URL, with its query. */
  readonly path: string
  /** What to post; undefined asks by GET. */
  readonly body?: AnswerObject | undefined
  /** Takes what is wanted out of the answer; throws SCHEMA_REGISTRY_RESPONSE if it is not there. `asked` names the question. */
  readonly read: (answer: AnswerObject, asked: string) => T
}

/** Asks until the registry has said something. Rejects as `SchemaRegistry` says. */
export type AskRegistry = <T>(question: RegistryQuestion<T>, signal: AbortSignal) => Promise<T>

const pause = { baseMs: 200, capMs: 5000 }
/** A registry that asks for more than this is asked again all the same. */
const longestWaitMs = 60_000
const mediaType = 'application/vnd.schemaregistry.v1+json'

/**
 * A way to ask that goes from one URL to the next when one fails, stays with the one that answered, and waits when all
 * have failed: jittered, and as long as the registry asks for by Retry-After.
 */
export function createAskRegistry(options: RegistryOptions, http: RegistryHttp): AskRegistry {
  const { urls, clock, rng } = options
  let preferred = 0

  /** Each URL once. */
  const attempt = async <T>(question: RegistryQuestion<T>, signal: AbortSignal): Promise<T> => {
    for (let tried = 1; ; tried++) {
      const at = preferred
      try {
        return await askServer({ options, http, url: urls[at] ?? '' }, question, signal)
      } catch (error) {
        // Whoever failed beside us may have moved on already.
        if (isPassing(error) && preferred === at) preferred = (at + 1) % urls.length
        if (!isPassing(error) || tried >= urls.length) throw error
      }
    }
  }

  return async (question, signal) => {
    for (let failures = 0; ; failures++) {
      signal.throwIfAborted()
      try {
        return await attempt(question, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!isPassing(error) || options.giveUpOn?.includes(error.code) === true) throw error
        const asked = error.details['retryAfterMs']
        const delayMs = Math.max(backoffDelay(pause, failures, rng), typeof asked === 'number' ? asked : 0)
        options.onWait?.({ action: question.action, subject: question.subject, error, attempt: failures, delayMs })
        await clock.sleep(delayMs, signal)
      }
    }
  }
}

function isPassing(error: unknown): error is TailraceError {
  return error instanceof TailraceError && error.policy === 'retry'
}

interface Server {
  readonly options: RegistryOptions
  readonly http: RegistryHttp
  readonly url: string
}

async function askServer<T>(
  { options, http, url }: Server,
  { action, subject, path, body, read }: RegistryQuestion<T>,
  signal: AbortSignal,
): Promise<T> {
  const send = async (authorization: string | undefined): Promise<RegistryAnswer> => {
    const headers = {
      ...options.headers,
      accept: `${mediaType}, application/json`,
      ...(authorization === undefined ? {} : { authorization }),
      ...(body === undefined ? {} : { 'content-type': mediaType }),
    }
    const text = body === undefined ? undefined : JSON.stringify(body)
    return await http.send(url, { method: body === undefined ? 'GET' : 'POST', path, headers, body: text }, signal)
  }
  let header = await options.authorization.header(signal)
  let answer = await send(header)
  // A token may end before its time. Once, because a new one that is refused as well is no matter of time.
  if (answer.status === 401 && options.authorization.refused(header)) {
    header = await options.authorization.header(signal)
    answer = await send(header)
  }
  const asked = `${serverName(url)}, ${action}${subject === undefined ? '' : ` ${subject}`}`
  try {
    return read(
      readAnswer(answer, asked, (words) => withoutCredentials(words, header)),
      asked,
    )
  } catch (error) {
    throw withRetryAfter(error, retryAfterMs(answer.retryAfter, options))
  }
}

/** Some servers, and proxies in front of them, say what they were sent. */
function withoutCredentials(words: string, header: string | undefined): string {
  const credentials = header?.replace(/^\S+\s+/, '')
  if (credentials === undefined) return words
  const redactor = createRedactor()
  redactor.add(credentials)
  if (/^basic\s/i.test(header ?? '')) {
    const plain = Buffer.from(credentials, 'base64').toString('utf8')
    redactor.add(plain)
    redactor.add(plain.slice(plain.indexOf(':') + 1))
  }
  return redactor.redact(words)
}

function withRetryAfter(error: unknown, ms: number | undefined): unknown {
  if (ms === undefined || !(error instanceof TailraceError)) return error
  return new TailraceError(error.code, error.message, { details: { ...error.details, retryAfterMs: ms } })
}

/** Seconds, or a date. */
function retryAfterMs(text: string | undefined, { clock }: RegistryOptions): number | undefined {
  if (text === undefined) return undefined
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - clock.now()
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestWaitMs)
}
