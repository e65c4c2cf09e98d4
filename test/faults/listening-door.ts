import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** A loopback port that can be closed and opened again. Connections that were accepted are not its business. */
export interface ListeningDoor {
  /** Resolves when it listens. Rejects when another process has taken the port meanwhile. */
  open(): Promise<void>
  /** From now on connections are refused. */
  shut(): void
}

/** Makes a door; it is shut. Connections may be half open. */
export function createListeningDoor(port: number, onConnection: (client: Socket) => void): ListeningDoor {
  let server: Server | undefined
  return {
    open: async () => {
      if (server !== undefined) return
      server = createServer({ allowHalfOpen: true }, onConnection)
      const listening = once(server, 'listening')
      server.listen({ port, host: '127.0.0.1' })
      await listening
    },
    shut: () => {
      server?.close()
      server = undefined
    },
  }
}
