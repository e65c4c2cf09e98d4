import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Clock } from '../../src/async/clock.ts'
import type { Rng } from '../../src/async/rng.ts'
import { createByteLine } from './byte-line.ts'
import type { ByteLine, Ending } from './byte-line.ts'
import type { ProtocolSession, SessionContext, SessionFactory } from './protocol-session.ts'
import { createStage } from './tcp-stages.ts'
import type { Stage } from './tcp-stages.ts'
import type { ToxicEntry } from './toxic-entry.ts'
import { directionOf } from './toxic-rules.ts'
import type { ConnectionInfo, Direction } from './toxic.ts'

/** A client, its connection to the server, and what is between them. */
export interface ProxiedConnection {
  readonly info: ConnectionInfo
  /** Resolves when both ends are gone. */
  readonly closed: Promise<void>
  /** Lets a TCP toxic strike this connection, if it wants to. */
  meet(entry: ToxicEntry): void
  /** RST to both ends. */
  reset(): void
  destroy(): void
}

export interface ProxiedConnectionOptions {
  readonly info: ConnectionInfo
  readonly client: Socket
  /** May still be connecting. */
  readonly server: Socket
  readonly clock: Clock
  readonly rng: Rng
  readonly createSession: SessionFactory
  readonly context: Pick<SessionContext, 'toxics' | 'count' | 'report'>
}

/** Begins to pass on bytes as soon as the server's end is connected. */
export function proxyConnection(options: ProxiedConnectionOptions): ProxiedConnection {
  return new Connection(options)
}

class Connection implements ProxiedConnection {
  readonly info: ConnectionInfo
  readonly closed: Promise<void>
  readonly #options: ProxiedConnectionOptions
  readonly #gone = new AbortController()
  readonly #stages: Record<Direction, Stage[]> = { upstream: [], downstream: [] }
  readonly #lines: Record<Direction, ByteLine>
  /** The whole connection has been ended: what its sockets report from now on is the echo of that. */
  #isEnded = false

  constructor(options: ProxiedConnectionOptions) {
    this.info = options.info
    this.#options = options
    this.#lines = { upstream: this.#line('upstream'), downstream: this.#line('downstream') }
    const ends = [options.client, options.server]
    this.closed = Promise.all(ends.map((socket) => new Promise((resolve) => socket.once('close', resolve)))).then(() =>
      this.#gone.abort('closed'),
    )
    for (const socket of ends) {
      socket.setNoDelay(true)
      // Failures are seen by whoever reads.
      socket.on('error', () => {})
    }
    void this.#run()
  }

  meet(entry: ToxicEntry): void {
    const direction = directionOf(entry.toxic)
    const over = new AbortController()
    const line = this.#lines[direction]
    const { clock, rng } = this.#options
    const stage = createStage(entry.toxic, {
      clock,
      rng,
      over: over.signal,
      delivered: () => line.delivered,
      close: () => this.#end(direction, 'close'),
      reset: () => this.reset(),
    })
    if (stage === undefined || this.#gone.signal.aborted || !entry.tryStrike(this.info)) return
    const stages = this.#stages[direction]
    const isOver = (): void => {
      over.abort('over')
      stages.splice(stages.indexOf(stage), 1)
    }
    entry.removed.addEventListener('abort', isOver, { once: true, signal: this.#gone.signal })
    this.#gone.signal.addEventListener('abort', () => over.abort('over'), { once: true, signal: over.signal })
    stages.push(stage)
    void stage.begin?.()
  }

  reset(): void {
    this.#isEnded = true
    this.#options.client.resetAndDestroy()
    this.#options.server.resetAndDestroy()
  }

  destroy(): void {
    this.#options.client.destroy()
    this.#options.server.destroy()
  }

  async #run(): Promise<void> {
    const { client, server, clock, createSession, context, info } = this.#options
    try {
      if (server.connecting) await once(server, 'connect')
    } catch (error) {
      context.report(error)
      this.reset()
      return
    }
    const { upstream: toServer, downstream: toClient } = this.#lines
    const closed = this.#gone.signal
    const session = createSession({ ...context, connection: info, toServer, toClient, clock, closed })
    void this.#pump(client, toServer, {
      push: (chunk) => session.fromClient(chunk),
      ended: () => session.clientEnded(),
    })
    void this.#pump(server, toClient, {
      push: (chunk) => session.fromServer(chunk),
      ended: () => session.serverEnded(),
    })
  }

  async #pump(from: Socket, line: ByteLine, into: Inlet): Promise<void> {
    let ending: Ending = 'reset'
    try {
      // The socket outlives its readable half.
      for await (const chunk of from.iterator({ destroyOnReturn: false }))
        await this.#orReport(into.push(chunk as Buffer))
      ending = 'end'
    } catch {
      // The sender is gone, or sent what cannot be read: the receiver hears of it as an RST.
    }
    await this.#orReport(into.ended()).catch(() => {})
    await line.finish(ending)
  }

  async #orReport(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      this.#options.context.report(error)
      throw error
    }
  }

  #line(direction: Direction): ByteLine {
    const { client, server, clock } = this.#options
    return createByteLine({
      clock,
      to: direction === 'upstream' ? server : client,
      stages: () => [...this.#stages[direction]],
      onFinish: (ending) => this.#end(direction, ending),
    })
  }

  #end(direction: Direction, ending: Ending): void {
    if (this.#isEnded) return
    const { client, server } = this.#options
    const [from, to] = direction === 'upstream' ? [client, server] : [server, client]
    switch (ending) {
      case 'end': {
        to.end()
        break
      }
      case 'close': {
        this.#isEnded = true
        to.destroySoon()
        from.destroy()
        break
      }
      case 'reset': {
        this.reset()
        break
      }
    }
  }
}

interface Inlet {
  readonly push: ProtocolSession['fromClient']
  readonly ended: ProtocolSession['clientEnded']
}
