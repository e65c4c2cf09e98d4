import { createServer } from 'node:net'
import type { Rng } from '../../async/rng.ts'
import { systemRng } from '../../async/system-rng.ts'

/** Below the range from which Linux and macOS take the ports of outgoing connections, so a server that is restarted
 * finds its port as it left it. */
const lowest = 20_000
const highest = 31_999
const attempts = 200

/** `count` different loopback ports on which nothing listens at this moment. Another process may still be faster. */
export async function freePorts(count: number, rng: Rng = systemRng): Promise<readonly number[]> {
  const ports = new Set<number>()
  for (let attempt = 0; attempt < attempts * count && ports.size < count; attempt += 1) {
    const port = lowest + Math.floor(rng.next() * (highest - lowest + 1))
    if (!ports.has(port) && (await isFree(port))) ports.add(port)
  }
  if (ports.size < count) throw new Error(`found no ${count} free ports between ${lowest} and ${highest}`)
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)))
  })
}
