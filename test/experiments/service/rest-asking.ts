import { request } from 'undici'
import type { Dispatcher } from 'undici'
import type { Rng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { shuffled } from '../real/shuffled.ts'

/** What is asked of a service, whichever of its processes answers. */
export interface Question {
  readonly method: 'GET' | 'PUT' | 'POST'
  readonly path: string
  readonly body?: unknown
}

/** What came of it. `status` 0: no process answered. */
export interface RestAnswer {
  readonly status: number
  readonly body: unknown
  /** Of the process that answered. */
  readonly url: string
  /** Whom it was asked, what they said (0: nothing), and after how long, in the order of asking. */
  readonly tries: readonly Try[]
}

/** One process that was asked. */
export interface Try {
  readonly url: string
  readonly status: number
  readonly tookMs: number
}

/** A process that has not answered by then is given up. Reading, changing; milliseconds. */
const patienceMs = { read: 4_000, change: 20_000 }

/**
 * Asks one process after the other, in an order of chance, until one answers with anything. Refused connections, connections that
 * end, and answers that do not come in time lead to the next; never rejects.
 */
export async function ask(
  urls: readonly string[],
  question: Question,
  { rng, agent }: { readonly rng: Rng; readonly agent: Dispatcher },
): Promise<RestAnswer> {
  const tries: Try[] = []
  for (const url of shuffled(urls, rng)) {
    const beganMs = clock.monotonic()
    const answer = await askOne(url, question, agent)
    tries.push({ url, status: answer?.status ?? 0, tookMs: Math.round(clock.monotonic() - beganMs) })
    if (answer !== undefined) return { ...answer, url, tries }
  }
  return { status: 0, body: undefined, url: '', tries }
}

/** Undefined without an answer within `withinMs`. */
export async function askOne(
  url: string,
  { method, path, body }: Question,
  dispatcher: Dispatcher,
  withinMs: number = method === 'GET' ? patienceMs.read : patienceMs.change,
): Promise<{ readonly status: number; readonly body: unknown } | undefined> {
  const deadline = new AbortController()
  const patience = clock.sleep(withinMs, deadline.signal).then(
    () => deadline.abort(new Error('no answer')),
    () => undefined,
  )
  try {
    const answer = await request(`${url}${path}`, {
      dispatcher,
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: deadline.signal,
    })
    const text = await answer.body.text()
    return { status: answer.statusCode, body: readJson(text) }
  } catch {
    return undefined
  } finally {
    deadline.abort(new Error('over'))
    await patience
  }
}

function readJson(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return text
  }
}
