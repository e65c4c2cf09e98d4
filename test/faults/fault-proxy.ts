import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Clock } from '../../src/async/clock.ts'
import type { Rng } from '../../src/async/rng.ts'
import { freePort } from '../servers/free-port.ts'
import { createHttpSession } from './http-session.ts'
import { checkAnswerable } from './kafka-answers.ts'
import { sendKafkaFrame } from './kafka-copy.ts'
import { createKafkaSessions } from './kafka-session.ts'
import { createListeningDoor } from './listening-door.ts'
import type { ListeningDoor } from './listening-door.ts'
import { plainSession } from './protocol-session.ts'
import type { SessionFactory } from './protocol-session.ts'
import { proxyConnection } from './proxied-connection.ts'
import type { ProxiedConnection } from './proxied-connection.ts'
import { createToxicEntry } from './toxic-entry.ts'
import type { ToxicEntry } from './toxic-entry.ts'
import { checkToxic } from './toxic-rules.ts'
import type { ActiveToxic, ProxyProtocol, Toxic, ToxicKind } from './toxic.ts'

/** Where the server is. */
export interface UpstreamAddress {
  readonly host: string
  readonly port: number
}

export interface FaultProxyOptions {
  /** A function is asked for each connection, for servers that start later than the proxy. */
  readonly upstream: UpstreamAddress | (() => UpstreamAddress)
  /** `kafka` and `http` without TLS; `tcp` for anything. */
  readonly protocol: ProxyProtocol
  readonly clock: Clock
  readonly rng: Rng
}

/** A proxy on a loopback port. Without toxics it passes on all that comes, and every ending. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number
  /** `127.0.0.1:<port>`. */
  readonly address: string
  /** Throws when the toxic is wrong in itself or for this protocol. Works from the next byte or request on. */
  add(toxic: Toxic): ActiveToxic
  /** Removes all toxics. */
  clear(): Promise<void>
  /** How often toxics have struck, by kind, those that were removed included. */
  readonly struck: ReadonlyMap<ToxicKind, number>
  /** Connections that are open now. */
  readonly connections: number
  /** Connections since the start. */
  readonly accepted: number
  /** Requests since the start, by the name of the Kafka API or the AWS action. Empty for `tcp`. */
  readonly requests: ReadonlyMap<string, number>
  /** What went wrong with the proxy itself: a server that cannot be reached, bytes that it cannot read. The first 100. */
  readonly errors: readonly Error[]
}

/** Starts a proxy. Resolves when it listens; disposing resets what is open and lets go nothing that is held. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new LoopbackProxy(options, await freePort())
  await proxy.open()
  return proxy
}

const maxErrors = 100

class LoopbackProxy implements FaultProxy {
  readonly port: number
  readonly address: string
  readonly struck = new Map<ToxicKind, number>()
  readonly requests = new Map<string, number>()
  readonly errors: Error[] = []
  accepted = 0
  readonly #options: FaultProxyOptions
  readonly #door: ListeningDoor
  readonly #toxics = new Set<ToxicEntry>()
  readonly #connections = new Set<ProxiedConnection>()
  readonly #disposal = new AbortController()
  readonly #createSession: SessionFactory

  constructor(options: FaultProxyOptions, port: number) {
    this.#options = options
    this.port = port
    this.address = `127.0.0.1:${port}`
    this.#door = createListeningDoor(port, (client) => this.#accept(client))
    this.#createSession = this.#sessions()
  }

  get connections(): number {
    return this.#connections.size
  }

  open(): Promise<void> {
    return this.#door.open()
  }

  add(toxic: Toxic): ActiveToxic {
    this.#disposal.signal.throwIfAborted()
    checkToxic({ ...toxic }, this.#options.protocol)
    if (toxic.kind === 'answer-with-code') checkAnswerable(toxic.apiKey)
    const entry: ToxicEntry = createToxicEntry({
      toxic,
      rng: this.#options.rng,
      onStrike: (kind) => increase(this.struck, kind),
      onRemove: async () => {
        this.#toxics.delete(entry)
        if (!this.#isShut() && !this.#disposal.signal.aborted) await this.#door.open()
      },
    })
    this.#toxics.add(entry)
    if (this.#isShut()) this.#door.shut()
    for (const connection of this.#connections) connection.meet(entry)
    return entry
  }

  async clear(): Promise<void> {
    await Promise.all([...this.#toxics].map((entry) => entry.remove()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposal.signal.aborted) return
    this.#disposal.abort(new Error('The fault proxy is closed.'))
    this.#door.shut()
    const connections = [...this.#connections]
    for (const connection of connections) connection.reset()
    await Promise.all(connections.map(({ closed }) => closed))
    await this.clear()
  }

  /** Nobody is spared by some `down`: then nobody needs to be let in to be reset. */
  #isShut(): boolean {
    return [...this.#toxics].some(({ toxic }) => {
      const { kind, probability, count, whenConnection } = toxic
      return kind === 'down' && probability === undefined && count === undefined && whenConnection === undefined
    })
  }

  #accept(client: Socket): void {
    this.accepted += 1
    const { clock, rng } = this.#options
    let server: Socket
    try {
      server = connect({ ...this.#upstream(), allowHalfOpen: true })
    } catch (error) {
      this.#report(error)
      client.on('error', () => {}).resetAndDestroy()
      return
    }
    const connection = proxyConnection({
      info: { id: this.accepted, clientPort: client.remotePort ?? 0 },
      client,
      server,
      clock,
      rng,
      createSession: this.#createSession,
      context: {
        toxics: () => [...this.#toxics],
        count: (name) => increase(this.requests, name),
        report: (error) => this.#report(error),
      },
    })
    this.#connections.add(connection)
    void connection.closed.then(() => this.#connections.delete(connection))
    for (const entry of this.#toxics) connection.meet(entry)
  }

  #sessions(): SessionFactory {
    const { protocol } = this.#options
    if (protocol === 'tcp') return plainSession
    if (protocol === 'http') return createHttpSession
    const myself = { nodeId: 1, host: '127.0.0.1', port: this.port, rack: null }
    return createKafkaSessions({
      sendCopy: (frame) => sendKafkaFrame(this.#upstream(), frame, this.#disposal.signal),
      cluster: { brokers: [myself], clusterId: null, controllerId: 1 },
    })
  }

  #upstream(): UpstreamAddress {
    const { upstream } = this.#options
    return typeof upstream === 'function' ? upstream() : upstream
  }

  #report(error: unknown): void {
    if (this.#disposal.signal.aborted || this.errors.length >= maxErrors) return
    this.errors.push(error instanceof Error ? error : new Error(String(error)))
  }
}

function increase<Name>(counts: Map<Name, number>, name: Name): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
