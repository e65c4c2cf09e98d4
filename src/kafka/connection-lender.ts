import { apiVersionsV3, Connection } from '@platformatic/kafka'
import { withDeadline } from '../async/clock.ts'
import type { Clock } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import { orAborted } from './abortable.ts'
import { connectionOptions, defaultConnectTimeoutMs } from './kafka-connection.ts'
import type { BrokerAddress, KafkaConnectionOptions } from './kafka-connection.ts'

/**
 * Lends connections, each to one request at a time. A broker answers the requests of one connection strictly one after
 * the other, so a parked fetch or a produce that waits for replicas would hold up whatever else is sent on its
 * connection. There are as many connections to a broker as requests were ever in flight to it at once.
 */
export interface ConnectionLender extends AsyncDisposable {
  /**
   * Runs `work` with a connection of its own. Rejects at once when `signal` aborts; the connection stays lent until the
   * work has really ended. Failures come as the library throws them.
   */
  use<T>(broker: BrokerAddress, work: (connection: Connection) => Promise<T>, signal: AbortSignal): Promise<T>
}

/** Makes a lender. Opens nothing before the first use. */
export function createConnectionLender(options: KafkaConnectionOptions, clock: Clock): ConnectionLender {
  return new Lender(options, clock)
}

/** A living broker answers this at once. Milliseconds. */
const aliveWithinMs = 1000

/** A connection that nobody uses, and since when. */
interface IdleConnection {
  readonly connection: Connection
  readonly atMs: number
  readonly wallMs: number
}

class Lender implements ConnectionLender {
  readonly #options: KafkaConnectionOptions
  readonly #clock: Clock
  readonly #idle = new Map<string, IdleConnection[]>()
  readonly #all = new Set<Connection>()
  readonly #socketErrors = new WeakMap<Connection, Error>()
  #isClosed = false

  constructor(options: KafkaConnectionOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  async use<T>(broker: BrokerAddress, work: (connection: Connection) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    return orAborted(this.#lend(broker, work, signal), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#all].map((connection) => connection.close()))
  }

  async #lend<T>(broker: BrokerAddress, work: (connection: Connection) => Promise<T>, signal: AbortSignal): Promise<T> {
    const connection = await this.#take(broker)
    try {
      // Connecting took its time, in a frozen process perhaps hours: nobody waits for what would be sent now.
      signal.throwIfAborted()
      return await work(connection)
    } catch (error) {
      throw this.#withSocketError(connection, error)
    } finally {
      if (connection.isConnected() && !this.#isClosed) this.#idleOf(broker).push(this.#sinceNow(connection))
      else await connection.close()
    }
  }

  async #take(broker: BrokerAddress): Promise<Connection> {
    if (this.#isClosed)
      throw new TailraceError('KAFKA_UNREACHABLE', 'The Kafka connections of this process are closed.')
    const idle = this.#idleOf(broker)
    for (let known = idle.pop(); known !== undefined; known = idle.pop()) {
      const { connection } = known
      if (connection.isConnected()) {
        if (!this.#isSuspect(known) || (await this.#isAlive(connection))) return connection
        // Those that were not used for even longer were cut with it; each would cost a question.
        await Promise.all(idle.splice(0).map((other) => this.#giveUp(other.connection)))
        continue
      }
      // Re-authentication is under way: this one comes back as connected or is closed.
      if (connection.status === 'reauthenticating') return this.#waitReady(connection, connection.ready())
    }
    return this.#open(broker)
  }

  #sinceNow(connection: Connection): IdleConnection {
    return { connection, atMs: this.#clock.monotonic(), wallMs: this.#clock.now() }
  }

  /** Both clocks are asked: where a whole machine was frozen, the one that never runs backwards may have stood still. */
  #isSuspect({ atMs, wallMs }: IdleConnection): boolean {
    const { suspectAfterMs } = this.#options
    if (suspectAfterMs === undefined) return false
    return this.#clock.monotonic() - atMs > suspectAfterMs || this.#clock.now() - wallMs > suspectAfterMs
  }

  /** What was cut while nobody looked never answers, and would do so for as long as a request may take. */
  async #isAlive(connection: Connection): Promise<boolean> {
    try {
      const question = apiVersionsV3.api.async(connection, 'tailrace', '1')
      await withDeadline(this.#clock, aliveWithinMs, question, () => new Error('no answer'))
      return true
    } catch {
      await this.#giveUp(connection)
      return false
    }
  }

  async #giveUp(connection: Connection): Promise<void> {
    this.#all.delete(connection)
    // It would wait for an answer that is missing.
    connection.socket.destroy()
    await connection.close()
  }

  async #open(broker: BrokerAddress): Promise<Connection> {
    const connection = new Connection(this.#options.clientId ?? 'tailrace', connectionOptions(this.#options, broker))
    this.#all.add(connection)
    connection.on('error', (error) => this.#socketErrors.set(connection, error))
    connection.on('close', () => {
      this.#all.delete(connection)
      // Stops the re-authentication timer, which outlives a connection that the broker closed.
      void connection.close()
    })
    const opened = await this.#waitReady(connection, Promise.resolve(connection.connect(broker.host, broker.port)))
    opened.socket.setKeepAlive(true, 30_000)
    return opened
  }

  // The library promises an answer within the connect timeout, but some of its paths give none.
  async #waitReady(connection: Connection, ready: Promise<void>): Promise<Connection> {
    const limitMs = (this.#options.connectTimeoutMs ?? defaultConnectTimeoutMs) + 1000
    try {
      await withDeadline(this.#clock, limitMs, ready, () => {
        return new TailraceError('KAFKA_TIMEOUT', `No Kafka connection within ${limitMs} ms.`)
      })
      return connection
    } catch (error) {
      this.#all.delete(connection)
      await connection.close()
      throw this.#withSocketError(connection, error)
    }
  }

  #idleOf(broker: BrokerAddress): IdleConnection[] {
    const key = `${broker.host}:${broker.port}`
    const idle = this.#idle.get(key) ?? []
    this.#idle.set(key, idle)
    return idle
  }

  // "Connection closed" says nothing; what the socket reported before it closed says why (a TLS alert, for example).
  #withSocketError(connection: Connection, error: unknown): unknown {
    const socketError = this.#socketErrors.get(connection)
    if (socketError === undefined || !(error instanceof Error) || error.cause !== undefined || error === socketError)
      return error
    error.cause = socketError
    return error
  }
}
