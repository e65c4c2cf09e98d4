import { seededRng } from '../../../src/async/rng.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { TailraceError } from '../../../src/errors.ts'
import type { ConnectorEntry } from '../../../src/service/service-state.ts'
import { createSimulatedProcess } from '../time/simulated-process.ts'
import type { Surroundings } from '../world/surroundings.ts'
import { decideChange, journal } from './service-change.ts'
import type { WantedChange } from './service-change.ts'
import type { ServiceFleet } from './service-fleet.ts'
import type { SimulatedServiceProcess } from './simulated-service-process.ts'

/** One change that was asked for, and what its client was told. */
export interface AskedChange {
  readonly wanted: WantedChange
  readonly askedAtMs: number
  /** `refused`: nothing may have happened. `denied`: so it was decided. `unknown`: it may have, or still happen. */
  outcome: 'open' | 'answered' | 'refused' | 'denied' | 'unknown'
  endedAtMs: number
  result: string | undefined
  /** What the process decided about, if it came to that: the last time. */
  seen: { readonly revision: number; readonly connectors: ReadonlyMap<string, ConnectorEntry> } | undefined
}

/** Clients that ask for changes side by side, each for one after the other. */
export interface ServiceClients {
  readonly asked: readonly AskedChange[]
  /** No more new ones, but for those that {@link finish} asks for. */
  stop(): void
  readonly isAtWork: boolean
  /** Asks for a last change until it is answered. */
  finish(): void
  readonly isFinished: boolean
}

/** Some go away soon and ask for something else, while what they asked for is still on its way. */
const patienceMs = { least: 1_000, most: 12_000 }

/** They begin at once. */
export function startServiceClients(parts: {
  readonly surroundings: Surroundings
  readonly fleet: ServiceFleet
  readonly clients: number
  readonly seed: number
}): ServiceClients {
  const { surroundings, fleet } = parts
  const { time } = surroundings
  const { clock } = createSimulatedProcess('clients', time, surroundings.originMs)
  const asked: AskedChange[] = []
  let isStopped = false
  let isFinished = false
  let atWork = 0
  const ask = async (rng: Rng, wanted: WantedChange): Promise<AskedChange> => {
    const leader = leaderOf(fleet, rng)
    const change: AskedChange = {
      wanted,
      askedAtMs: time.elapsedMs,
      outcome: 'open',
      endedAtMs: Infinity,
      result: undefined,
      seen: undefined,
    }
    if (leader === undefined) return { ...change, outcome: 'refused' }
    asked.push(change)
    const gaveUp = new AbortController()
    const work = askProcess(leader, change, gaveUp.signal)
    await Promise.race([work, clock.sleep(patienceMs.least + rng.next() * (patienceMs.most - patienceMs.least))])
    change.endedAtMs = time.elapsedMs
    if (change.outcome === 'open') change.outcome = 'unknown'
    gaveUp.abort(new Error('the client has gone away'))
    return change
  }
  const keepAsking = async (client: number): Promise<void> => {
    const rng = seededRng(parts.seed * 31 + client)
    for (let number = 0; !isStopped; number++) {
      await clock.sleep(rng.next() ** 2 * 2_000)
      await ask(rng, drawChange(rng, `${client}-${number}`))
    }
  }
  const startOne = (work: Promise<void>): void => {
    atWork++
    work.then(
      () => void atWork--,
      (error: unknown) => surroundings.trace.note(`a client fails: ${String(error)}`),
    )
  }
  for (let client = 0; client < parts.clients; client++) startOne(keepAsking(client))
  const askUntilAnswered = async (): Promise<void> => {
    const rng = seededRng(parts.seed ^ 0x1a57)
    for (let number = 0; !isFinished; number++) {
      const { outcome } = await ask(rng, { token: `last-${number}`, name: 'last', kind: 'raise' })
      isFinished = outcome === 'answered'
      await clock.sleep(200)
    }
  }
  return {
    asked,
    stop: () => void (isStopped = true),
    get isAtWork() {
      return atWork > 0
    },
    finish: () => startOne(askUntilAnswered()),
    get isFinished() {
      return isFinished
    },
  }
}

/** Any process is asked who leads; that is sometimes wrong. One that is stopped is asked when it goes on, and knows no better by then. */
function leaderOf(fleet: ServiceFleet, rng: Rng): SimulatedServiceProcess | undefined {
  const all = [...fleet.workers.values()].filter(({ process }) => process.state !== 'killed')
  const any = all[Math.floor(rng.next() * all.length)]
  const leader = any?.log.leader
  if (leader?.kind === 'self') return any
  if (leader?.kind !== 'other') return undefined
  return [...fleet.workers.values()].find(({ process }) => process.name === leader.process)
}

/** The request reaches a process that is stopped when it goes on, and a killed one never. */
function askProcess(leader: SimulatedServiceProcess, change: AskedChange, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    leader.process.deliver(() => {
      const decided = leader.log.change((state) => {
        change.seen = state
        return decideChange(state.connectors, change.wanted)
      }, signal)
      const end = (outcome: AskedChange['outcome'], result?: string): void => {
        if (leader.process.state === 'killed' || change.outcome !== 'open') return
        Object.assign(change, { outcome, result })
        resolve()
      }
      decided.then(
        (result) => end('answered', result),
        (error: unknown) => end(failureOf(error)),
      )
    })
  })
}

/** Nobody leads here, or the change makes no sense, or nobody knows. */
function failureOf(error: unknown): 'refused' | 'denied' | 'unknown' {
  if (error instanceof TailraceError) return error.code === 'SERVICE_CHANGING' ? 'refused' : 'unknown'
  return error instanceof Error && error.message.startsWith('there is no ') ? 'denied' : 'unknown'
}

function drawChange(rng: Rng, token: string): WantedChange {
  const name = `${journal}-${Math.floor(rng.next() ** 2 * 6)}`
  const dice = rng.next()
  if (dice < 0.2) return { token, name, kind: 'look' }
  if (dice < 0.6) return { token, name, kind: 'raise' }
  if (dice < 0.75) return { token, name, kind: 'target', target: rng.next() < 0.5 ? 'PAUSED' : 'RUNNING' }
  return { token, name, kind: dice < 0.9 ? 'restart' : 'remove' }
}
