import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePorts } from './free-ports.ts'

test('ports are different, and a port that is in use is not among them', async () => {
  const [taken = 0] = await freePorts(1)
  const server = createServer().listen(taken, '127.0.0.1')
  await once(server, 'listening')
  try {
    const offered = (taken - 20_000) / 12_000
    const draws = [offered, offered, 0.25, 0.25, 0.5]
    let draw = 0
    const ports = await freePorts(2, { next: () => draws[draw++ % draws.length] ?? 0 })
    expect(new Set(ports).size).toBe(2)
    expect(ports).not.toContain(taken)
  } finally {
    server.close()
  }
})
