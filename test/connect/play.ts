import { request } from 'node:http'
import { systemClock } from '../../src/async/system-clock.ts'
import { nameOf } from './step.ts'
import type { PeerNames, Step } from './step.ts'
import { shapeOf } from './shape.ts'
import type { Shape } from './shape.ts'

/** Somebody who speaks Connect's protocol over HTTP. */
export interface Peer extends PeerNames {
  /** Without a path. */
  readonly url: string
  /** What of its messages is its own affair, and the word that stands for it. */
  readonly renames: readonly (readonly [pattern: RegExp, word: string])[]
}

/** What is kept of one answer. */
export interface Recorded {
  readonly step: string
  readonly status: number
  readonly contentType: string | null
  readonly location?: string
  readonly allow?: string
  /** Undefined where the answer has no body. */
  readonly body?: Shape
}

const patienceMs = 20_000
const pollMs = 100

/** Plays the steps one after the other. A server that is busy with itself (409) is asked again. */
export async function play(steps: readonly Step[], peer: Peer): Promise<readonly Recorded[]> {
  const recorded: Recorded[] = []
  for (const step of steps) recorded.push(record(step, await settledAnswer(step, peer), peer))
  return recorded
}

/** An answer as it came. */
interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
}

async function settledAnswer(step: Step, peer: Peer): Promise<Answer> {
  const deadline = systemClock.monotonic() + patienceMs
  for (;;) {
    const answer = await send(step, peer)
    const isBusy = answer.status === 409 && /rebalance|conflicting operation/.test(answer.text)
    if (!isBusy && (step.until === undefined || isReached(step.until, answer))) return answer
    // What never comes is recorded as it is, and the comparison tells.
    if (systemClock.monotonic() > deadline) return answer
    await systemClock.sleep(pollMs)
  }
}

function isReached(until: (body: unknown) => boolean, { status, text }: Answer): boolean {
  return status === 200 && until(JSON.parse(text))
}

function send({ method, path, body, headers }: Step, peer: Peer): Promise<Answer> {
  const { hostname, port } = new URL(peer.url)
  const given = body(peer)
  const bytes = given === undefined ? undefined : Buffer.from(typeof given === 'string' ? given : JSON.stringify(given))
  const sent = {
    ...(bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(bytes.length) }),
    ...headers,
  }
  // An empty text stands for a header that is not sent.
  const present = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== ''))
  const filled = (['plugin', 'class', 'logger'] as const).reduce(
    (text, name) => text.replace(`{${name}}`, peer[name]),
    path,
  )
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, method, path: filled, headers: present, agent: false, timeout: 30_000 })
    let isAnswered = false
    call.on('response', (response) => {
      isAnswered = true
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (text += part))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers as Answer['headers'], text }),
      )
      response.on('error', reject)
    })
    call.on('timeout', () => call.destroy(new Error(`no answer to ${method} ${filled}`)))
    // A server that has refused a body need not read it to its end.
    call.on('error', (error) => (isAnswered ? undefined : reject(error)))
    call.end(bytes)
  })
}

function record(step: Step, { status, headers, text }: Answer, peer: Peer): Recorded {
  const rename = (words: string): string => renamed(words, peer)
  const { location, allow } = headers
  return {
    step: nameOf(step),
    status,
    contentType: headers['content-type'] ?? null,
    ...(location === undefined ? {} : { location: rename(location) }),
    ...(allow === undefined ? {} : { allow: allow.split(/,\s*/).toSorted().join(',') }),
    ...(text === '' ? {} : { body: bodyShape(text, step, rename) }),
  }
}

function bodyShape(text: string, step: Step, rename: (words: string) => string): Shape {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    // A page or a text: whoever sends it is not the API. Its words are nobody's contract.
    return '<no JSON>'
  }
  return shapeOf(body, step.show, rename)
}

function renamed(words: string, { url, renames }: Peer): string {
  return [
    ...renames,
    [new RegExp(`(${url}|${new URL(url).host})`.replaceAll('.', '\\.'), 'g'), '{worker}'] as const,
  ].reduce((text, [pattern, word]) => text.replace(pattern, word), words)
}
