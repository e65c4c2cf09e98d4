import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

/** One end of a connection, with all that it has heard. */
export interface Peer extends AsyncDisposable {
  readonly socket: Socket
  /** Every piece as the socket gave it. */
  readonly pieces: readonly Buffer[]
  readonly text: string
  /** How the other side's direction ended: not yet, by FIN, or by RST. */
  readonly ending: 'open' | 'end' | 'reset'
  /** Resolves with all that was heard when the other side's direction has ended. */
  readonly ended: Promise<string>
}

/** A server that keeps its connections as peers. */
export interface PeerServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
  readonly peers: readonly Peer[]
}

/** Listens on a free loopback port. `onPeer` sees each connection before anything is heard. */
export async function startPeerServer(onPeer: (peer: Peer) => void = () => {}): Promise<PeerServer> {
  const peers: Peer[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const peer = createPeer(socket)
    peers.push(peer)
    onPeer(peer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    host: '127.0.0.1',
    port,
    peers,
    [Symbol.asyncDispose]: async () => {
      for (const { socket } of peers) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Sends back what it hears, and ends when the other side has. */
export function startEchoServer(): Promise<PeerServer> {
  return startPeerServer(({ socket }) => {
    socket.on('data', (chunk) => socket.write(chunk))
    socket.on('end', () => socket.end())
  })
}

/** Connects; rejects when nobody listens. */
export async function connectPeer(port: number): Promise<Peer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  await once(socket, 'connect')
  return createPeer(socket)
}

function createPeer(socket: Socket): Peer {
  const pieces: Buffer[] = []
  const end = Promise.withResolvers<string>()
  let ending: Peer['ending'] = 'open'
  const text = (): string => Buffer.concat(pieces).toString()
  const finish = (how: 'end' | 'reset'): void => {
    if (ending === 'open') ending = how
    end.resolve(text())
  }
  socket.on('data', (chunk) => pieces.push(chunk))
  socket.on('end', () => finish('end'))
  socket.on('error', () => finish('reset'))
  socket.on('close', () => finish('reset'))
  return {
    socket,
    pieces,
    get text() {
      return text()
    },
    get ending() {
      return ending
    },
    ended: end.promise,
    [Symbol.asyncDispose]: async () => {
      if (socket.closed) return
      socket.destroy()
      await once(socket, 'close')
    },
  }
}
