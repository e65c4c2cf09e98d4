import { Agent } from 'undici'
import { seededRng } from '../../../src/async/rng.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { pause } from '../../faults/pause.ts'
import { createAnswerStreaks } from './answer-streaks.ts'
import { ask } from './rest-asking.ts'
import type { Question, RestAnswer } from './rest-asking.ts'
import { chosen, chosenMs } from './service-plan.ts'

/** Clients that ask whichever process they come to, without end. */
export interface RestClients extends AsyncDisposable {
  /** Everything that was paused is resumed; then nobody asks any more. */
  stop(): Promise<void>
  readonly record: RestRecord
}

/** What they were told. */
export interface RestRecord {
  /** By status; 0: by nobody. */
  readonly statuses: Readonly<Record<string, number>>
  /** Changes that were taken: `pause`, `resume`, `restart`, `config`, `table-pause`, `table-resume`. */
  readonly changes: Readonly<Record<string, number>>
  /** The longest time in which one client got only 5xx, or no answer at all. */
  readonly longestOutageMs: number
  /** What that client asked in that time, one line each. */
  readonly longestOutage: readonly string[]
  /** What nobody may be answered who asks for what exists, one line each. */
  readonly unexpected: readonly string[]
  /** The longest that anybody waited for an answer. */
  readonly slowestMs: number
}

/** Who is asked, for what. */
export interface RestClientOptions {
  readonly urls: readonly string[]
  readonly connectors: readonly ClientConnector[]
  readonly clients: number
  readonly seed: number
}

/** A connector as its clients know it. */
export interface ClientConnector {
  readonly name: string
  readonly config: Readonly<Record<string, string>>
  /** One that is there throughout. */
  readonly table: string
}

/** Between a pause and its end. Milliseconds. */
const restMs = [500, 2_500] as const
const betweenMs = [100, 500] as const
const longestRetryMs = 60_000

/** Begins to ask. */
export function startRestClients(options: RestClientOptions): RestClients {
  const agent = new Agent({ connect: { timeout: 2_000 }, connections: 16 })
  const end = new AbortController()
  const record = createRecord()
  const clients = Array.from({ length: options.clients }, (_, index) => {
    const rng = seededRng(options.seed * 101 + index)
    return createClient({
      ...options,
      rng,
      record: record.forClient(),
      ask: (question) => ask(options.urls, question, { rng, agent }),
    })
  })
  const running = Promise.all(
    clients.map(async (client) => {
      do await client.act()
      while (await pause(clock, client.restMs(), end.signal))
    }),
  )
  running.catch(() => undefined)
  const stop = async (): Promise<void> => {
    end.abort('over')
    await running
  }
  return {
    stop,
    record: record.record,
    [Symbol.asyncDispose]: async () => {
      end.abort('over')
      await running.catch(() => undefined)
      await agent.destroy()
    },
  }
}

interface ClientRecord {
  heard(question: Question, answer: RestAnswer, beganMs: number): void
  changed(kind: string): void
  failed(line: string): void
}

function createRecord(): { readonly record: RestRecord; readonly forClient: () => ClientRecord } {
  const statuses: Record<string, number> = {}
  const changes: Record<string, number> = {}
  const unexpected: string[] = []
  const streaks: ReturnType<typeof createAnswerStreaks>[] = []
  let slowestMs = 0
  return {
    record: {
      statuses,
      changes,
      unexpected,
      get longestOutageMs() {
        return Math.max(0, ...streaks.map(({ longestMs }) => longestMs))
      },
      get longestOutage() {
        return streaks.toSorted((a, b) => b.longestMs - a.longestMs)[0]?.longest ?? []
      },
      get slowestMs() {
        return slowestMs
      },
    },
    forClient: () => {
      const own = createAnswerStreaks()
      streaks.push(own)
      return {
        heard: ({ method, path }, { status, body, tries }, beganMs) => {
          const nowMs = clock.monotonic()
          slowestMs = Math.max(slowestMs, nowMs - beganMs)
          statuses[status] = (statuses[status] ?? 0) + 1
          const said = tries.map((one) => `${one.url} said ${one.status} after ${one.tookMs} ms`).join(', ')
          const text = `${new Date(clock.now()).toISOString()} ${method} ${path}: ${said}`
          own.note({ isGood: status !== 0 && status < 500, beganMs, endedMs: nowMs, text })
          // 409 is Connect's word for "not now".
          const isUnexpected = status >= 300 && status < 500 && status !== 409
          if (isUnexpected) unexpected.push(`${method} ${path}: ${status} ${JSON.stringify(body)}`)
        },
        changed: (kind) => void (changes[kind] = (changes[kind] ?? 0) + 1),
        failed: (line) => void unexpected.push(line),
      }
    },
  }
}

interface Client {
  /** One thing; what it pauses it also resumes. */
  act(): Promise<void>
  restMs(): number
}

interface ClientParts extends RestClientOptions {
  readonly rng: Rng
  readonly record: ClientRecord
  readonly ask: (question: Question) => Promise<RestAnswer>
}

function createClient({ connectors, rng, record, ask: send }: ClientParts): Client {
  const tell = async (question: Question): Promise<number> => {
    const beganMs = clock.monotonic()
    const answer = await send(question)
    record.heard(question, answer, beganMs)
    return answer.status
  }
  const change = async (kind: string, question: Question): Promise<void> => {
    const status = await tell(question)
    if (status >= 200 && status < 300) record.changed(kind)
  }
  /** Until it is taken: others must not find it as it was left. */
  const insist = async (kind: string, question: Question): Promise<void> => {
    for (const sinceMs = clock.monotonic(); ; await clock.sleep(300)) {
      const status = await tell(question)
      if (status >= 200 && status < 300) return record.changed(kind)
      if (clock.monotonic() - sinceMs < longestRetryMs) continue
      return record.failed(`${question.path} was not taken within ${longestRetryMs} ms; the last answer was ${status}`)
    }
  }
  const rest = async (kind: string, path: string): Promise<void> => {
    await change(`${kind}pause`, { method: 'PUT', path: `${path}/pause` })
    await clock.sleep(chosenMs(rng, ...restMs))
    // Also where the pause was not acknowledged: it may have happened.
    await insist(`${kind}resume`, { method: 'PUT', path: `${path}/resume` })
  }
  return {
    restMs: () => chosenMs(rng, ...betweenMs),
    act: async () => {
      const { name, config, table } = chosen(connectors, rng)
      const path = `/connectors/${name}`
      const choice = rng.next()
      if (choice < 0.35) await tell({ method: 'GET', path: `${path}/status` })
      else if (choice < 0.5) await tell({ method: 'GET', path: `${path}/config` })
      else if (choice < 0.6) await tell({ method: 'GET', path: '/connectors?expand=status&expand=info' })
      else if (choice < 0.7) await rest('', path)
      else if (choice < 0.78) await rest('table-', `${path}/tables/${table}`)
      else if (choice < 0.88) {
        const query = rng.next() < 0.5 ? '' : '?includeTasks=true'
        await change('restart', { method: 'POST', path: `${path}/restart${query}` })
      } else {
        const body = { ...config, 'poll.idle.max.ms': String(chosenMs(rng, 300, 200)) }
        await change('config', { method: 'PUT', path: `${path}/config`, body })
      }
    },
  }
}
