import { Agent } from 'undici'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { wrongStates } from './judge-service.ts'
import type { SeenConnector } from './judge-service.ts'
import type { ClientConnector } from './rest-clients.ts'
import { askOne } from './rest-asking.ts'
import type { TableLife } from './table-life.ts'

/** A connector and its tables. */
export interface ServedConnector extends ClientConnector {
  readonly tables: readonly TableLife[]
}

/** What the harness itself asks of the service. */
export interface ServiceSight extends AsyncDisposable {
  /** The place of the process that says that it leads. */
  leader(): Promise<number | undefined>
  /** Makes the connector, whoever answers; rejects if that is refused, or does not work within a minute. */
  create(connector: ServedConnector, signal: AbortSignal): Promise<void>
  /** What the statuses say otherwise than they must, at all processes, as soon as that is nothing, or after `withinMs`. */
  wrongStates(connectors: readonly ServedConnector[], withinMs: number, signal: AbortSignal): Promise<readonly string[]>
  /** Resolves when some process tells that the table is streamed; rejects after a minute and a half. */
  untilStreamed(table: TableLife, signal: AbortSignal): Promise<void>
}

/** Everybody's status, on a machine that has a lot to do. Milliseconds. */
const listMs = 20_000
const createMs = 90_000
const streamedMs = 90_000

export function createServiceSight(urls: readonly string[]): ServiceSight {
  const agent = new Agent({ connect: { timeout: 2_000 } })
  const statesAt = async (url: string): Promise<ReadonlyMap<string, SeenConnector>> => {
    const answer = await askOne(url, { method: 'GET', path: '/connectors?expand=status' }, agent, listMs)
    const all = (answer?.status === 200 ? answer.body : {}) as Readonly<
      Record<string, { readonly status: SeenConnector }>
    >
    return new Map(Object.entries(all).map(([name, { status }]) => [name, status]))
  }
  return {
    leader: async () => {
      const answers = await Promise.all(
        urls.map((url) => askOne(url, { method: 'GET', path: '/readyz' }, agent, 2_000)),
      )
      const place = answers.findIndex((answer) => JSON.stringify(answer?.body ?? '').includes('This process leads.'))
      return place < 0 ? undefined : place
    },
    create: async ({ name, config }, signal) => {
      for (let turn = 0, sinceMs = clock.monotonic(); ; turn++) {
        const question = { method: 'PUT', path: `/connectors/${name}/config`, body: config } as const
        const answer = await askOne(urls[turn % urls.length] ?? '', question, agent, createMs)
        if (answer?.status === 200 || answer?.status === 201) return
        const isOver = clock.monotonic() - sinceMs > createMs
        if (isOver || (answer !== undefined && answer.status !== 409))
          throw new Error(`${name} was not made: ${answer?.status} ${JSON.stringify(answer?.body)}`)
        await clock.sleep(500, signal)
      }
    },
    wrongStates: async (connectors, withinMs, signal) => {
      for (const sinceMs = clock.monotonic(); ; await clock.sleep(1_000, signal)) {
        const wrong: string[] = []
        for (const url of urls) {
          const states = await statesAt(url)
          for (const { name, tables } of connectors) {
            const about = { connector: name, processes: urls.length, tables: tables.filter(isKnown) }
            wrong.push(...wrongStates(states.get(name), about).map((line) => `${url}: ${line}`))
          }
        }
        if (wrong.length === 0 || clock.monotonic() - sinceMs > withinMs) return wrong
      }
    },
    untilStreamed: async ({ name, connector }, signal) => {
      const question = { method: 'GET', path: `/connectors/${connector}/status` } as const
      for (let turn = 0, sinceMs = clock.monotonic(); ; turn++) {
        const answer = await askOne(urls[turn % urls.length] ?? '', question, agent)
        const seen = answer?.status === 200 ? (answer.body as SeenConnector) : undefined
        if (seen?.tables?.some(({ table, state }) => table === name && state === 'RUNNING') === true) return
        if (clock.monotonic() - sinceMs > streamedMs)
          throw new Error(`table ${name} is not streamed ${streamedMs} ms after it was tagged: ${JSON.stringify(seen)}`)
        await clock.sleep(300, signal)
      }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}

/** One that was never made, or never tagged, is not in any status. */
function isKnown({ owed, writer }: TableLife): boolean {
  return owed.length > 0 || writer !== undefined
}
