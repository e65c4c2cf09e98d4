import { metadataV12 } from '@platformatic/kafka'
import { expect, inject, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { createConnectionLender } from '../../src/kafka/connection-lender.ts'
import type { ConnectionLender } from '../../src/kafka/connection-lender.ts'
import { parseBroker } from '../../src/kafka/kafka-connection.ts'
import type { KafkaConnectionOptions } from '../../src/kafka/kafka-connection.ts'
import { startFaultProxy } from '../faults/fault-proxy.ts'
import type { FaultProxy } from '../faults/fault-proxy.ts'

const connections = 5
const suspectAfterMs = 300

it('finds connections that were cut in silence within a moment, however many there are', async () => {
  await using ground = await openGround({ suspectAfterMs })
  await forgetConnections(ground.proxy)
  await systemClock.sleep(suspectAfterMs + 50)
  expect(await ground.askMs()).toBeLessThan(3_000)
  expect(ground.proxy.accepted).toBe(connections + 1)
})

it('keeps connections that answer, and asks none that was used a moment ago', async () => {
  await using ground = await openGround({ suspectAfterMs })
  await systemClock.sleep(suspectAfterMs + 50)
  const before = ground.proxy.requests.get('ApiVersions') ?? 0
  await ground.askMs()
  await ground.askMs()
  expect(ground.proxy.requests.get('ApiVersions') ?? 0).toBe(before + 1)
  expect(ground.proxy.accepted).toBe(connections)
})

it('waits for an answer that never comes where it was not told to be suspicious', async () => {
  await using ground = await openGround({})
  await forgetConnections(ground.proxy)
  await systemClock.sleep(suspectAfterMs + 50)
  await expect(ground.askMs()).rejects.toThrow(/time/i)
})

interface Ground extends AsyncDisposable {
  readonly proxy: FaultProxy
  /** One request; milliseconds until its answer. */
  askMs(): Promise<number>
}

/** Connections that have all been used, and are idle. */
async function openGround(options: Pick<KafkaConnectionOptions, 'suspectAfterMs'>): Promise<Ground> {
  await using stack = new AsyncDisposableStack()
  const upstream = parseBroker(inject('kafka').bootstrapServers)
  const [clock, rng] = [systemClock, seededRng(1)]
  const proxy = stack.use(await startFaultProxy({ upstream, protocol: 'kafka', clock, rng }))
  const connection = { brokers: [proxy.address], requestTimeoutMs: 4_000, ...options }
  const lender = stack.use(createConnectionLender(connection, systemClock))
  const ask = (): Promise<unknown> => askThrough(lender, proxy)
  await Promise.all(Array.from({ length: connections }, ask))
  expect(proxy.accepted).toBe(connections)
  const owned = stack.move()
  return {
    proxy,
    askMs: async () => {
      const begunMs = systemClock.monotonic()
      await ask()
      return systemClock.monotonic() - begunMs
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function askThrough(lender: ConnectionLender, { address }: FaultProxy): Promise<unknown> {
  return lender.use(
    parseBroker(address),
    (connection) => metadataV12.api.async(connection, [], false, false),
    AbortSignal.timeout(30_000),
  )
}

/** As a firewall does: nothing comes through any more, and nobody is told. */
async function forgetConnections(proxy: FaultProxy): Promise<void> {
  const last = proxy.accepted
  for (const direction of ['upstream', 'downstream'] as const)
    proxy.add({ kind: 'black-hole', direction, whenConnection: ({ id }) => id <= last })
}
