import type { Clock } from '../../src/async/clock.ts'
import type { ByteLine } from './byte-line.ts'
import type { ToxicEntry } from './toxic-entry.ts'
import type { ConnectionInfo } from './toxic.ts'

/**
 * What the proxy's protocol makes of the two directions of one connection. Each method resolves when more may be read
 * from that side; a rejection ends the connection and is kept among the proxy's errors.
 */
export interface ProtocolSession {
  fromClient(chunk: Buffer): Promise<void>
  fromServer(chunk: Buffer): Promise<void>
  /** The client sends nothing more. The server hears of it when this resolves. */
  clientEnded(): Promise<void>
  serverEnded(): Promise<void>
}

/** What a session works with. */
export interface SessionContext {
  readonly connection: ConnectionInfo
  readonly toServer: ByteLine
  readonly toClient: ByteLine
  readonly clock: Clock
  /** The toxics in the proxy, in the order in which they were added. */
  toxics(): Iterable<ToxicEntry>
  /** Aborts when both ends of the connection are gone. */
  readonly closed: AbortSignal
  /** Counts a request under its name. */
  count(name: string): void
  /** Keeps an error that nobody awaits. */
  report(error: unknown): void
}

/** Makes the session of one connection. */
export type SessionFactory = (context: SessionContext) => ProtocolSession

/** Bytes without meaning. */
export const plainSession: SessionFactory = ({ toServer, toClient }) => ({
  fromClient: (chunk) => toServer.send(chunk),
  fromServer: (chunk) => toClient.send(chunk),
  clientEnded: () => Promise.resolve(),
  serverEnded: () => Promise.resolve(),
})
