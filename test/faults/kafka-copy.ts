import { once } from 'node:events'
import { connect } from 'node:net'
import { createFrameSplitter } from './kafka-frames.ts'

/**
 * Sends one frame over a connection of its own and resolves with the frame of the answer. Rejects when there is none, or
 * when the signal aborts.
 */
export async function sendKafkaFrame(
  to: { readonly host: string; readonly port: number },
  frame: Buffer,
  signal: AbortSignal,
): Promise<Buffer> {
  const socket = connect({ ...to, noDelay: true })
  const isAborted = (): void => {
    socket.destroy(new Error('The proxy was closed before the copy of a request was answered.'))
  }
  // Failures are seen by whoever waits below.
  socket.on('error', () => {})
  signal.addEventListener('abort', isAborted, { once: true })
  try {
    await once(socket, 'connect', { signal })
    socket.write(frame)
    const splitter = createFrameSplitter()
    for await (const chunk of socket) {
      const [answer] = splitter.push(chunk as Buffer)
      if (answer !== undefined) return answer
    }
    throw new Error('The broker closed the connection without an answer to the copy of a request.')
  } finally {
    signal.removeEventListener('abort', isAborted)
    socket.destroy()
  }
}
