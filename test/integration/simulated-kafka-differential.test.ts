import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import type { KafkaApi } from '../../src/kafka/kafka.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { createLoneClient } from '../sim/kafka/lone-client.ts'
import { drawScript, playScript } from '../sim/kafka/request-script.ts'
import type { ScriptStep } from '../sim/kafka/request-script.ts'

const never = new AbortController().signal
const steps = 40
const scripts = 60

/** What simulations are built on must answer as a real broker does, request by request. */
describe('the simulated transaction coordinator and its logs', () => {
  let kafka: KafkaApi

  beforeAll(() => {
    kafka = connectKafka(inject('kafka').bootstrapServers)
  })
  afterAll(() => kafka[Symbol.asyncDispose]())

  const playReal = async (script: readonly ScriptStep[]): Promise<readonly string[]> => {
    const topic = await makeTopic(kafka, 2)
    const settle = async (ids: readonly string[]): Promise<void> => {
      for (;;) {
        const states = await kafka.describeTransactions(ids, never)
        if (![...states.values()].some(({ state }) => state.startsWith('Prepare'))) return
        await systemClock.sleep(2)
      }
    }
    return playScript(script, { kafka, topic, idPrefix: randomUUID(), settle })
  }
  const playSimulated = async (script: readonly ScriptStep[]): Promise<readonly string[]> => {
    const client = createLoneClient({ brokers: 1, transactionVersion: 2 })
    const topic = { name: 'script', partitions: 2, replicationFactor: 1, config: {} }
    await client.drive(client.port.createTopic(topic, never))
    // The script itself drives time: it waits for an answer before it goes on.
    const settle = async (): Promise<void> => {}
    const playing = playScript(script, {
      kafka: client.port,
      topic: 'script',
      idPrefix: 'id',
      settle: async () => {
        await settle()
        await client.port.cluster(never)
        await waitMarkers(client.port)
      },
    })
    return client.drive(playing)
  }
  const waitMarkers = async (port: KafkaApi): Promise<void> => {
    for (;;) {
      const states = await port.describeTransactions(['id-0', 'id-1'], never)
      if (![...states.values()].some(({ state }) => state.startsWith('Prepare'))) return
    }
  }

  it.each(Array.from({ length: scripts }, (_, seed) => seed))('answer script %i as the broker does', async (seed) => {
    const script = drawScript(seed, steps)
    expect(await playSimulated(script)).toEqual(await playReal(script))
  })
})
