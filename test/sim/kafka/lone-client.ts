import { seededRng } from '../../../src/async/rng.ts'
import type { Clock } from '../../../src/async/clock.ts'
import type { KafkaApi } from '../../../src/kafka/kafka.ts'
import { createKafkaOver } from '../../../src/kafka/wire-kafka.ts'
import { createSimulatedProcess } from '../time/simulated-process.ts'
import { createVirtualTime } from '../time/virtual-time.ts'
import { createLink } from './network.ts'
import { createSimulatedKafka } from './simulated-kafka.ts'
import type { SimulatedKafka } from './simulated-kafka.ts'
import { createSimulatedWire } from './simulated-wire.ts'

/** One client and a simulated cluster, for tests of the cluster itself. */
export interface LoneClient {
  readonly kafka: SimulatedKafka
  readonly port: KafkaApi
  readonly clock: Clock
  /** Lets time pass until the work has ended. */
  drive<T>(work: Promise<T>): Promise<T>
  /** Lets so many virtual milliseconds pass. */
  pass(ms: number): Promise<void>
}

/** Makes both. */
export function createLoneClient(options: {
  readonly brokers: number
  readonly transactionVersion: number
}): LoneClient {
  const rng = seededRng(7)
  const time = createVirtualTime(rng)
  const originMs = 1_800_000_000_000
  const kafka = createSimulatedKafka({ ...options, time, rng, originMs })
  const process = createSimulatedProcess('client', time, originMs)
  const wire = createSimulatedWire({
    process,
    time,
    rng,
    kafka,
    link: createLink(rng),
    requestTimeoutMs: 5_000,
    onTrace: () => {},
  })
  return {
    kafka,
    port: createKafkaOver(wire, { brokers: ['broker:1'] }),
    clock: process.clock,
    drive: async (work) => {
      let isOver = false
      const end = (): void => {
        isOver = true
      }
      work.then(end, end)
      await time.run(() => isOver, time.elapsedMs + 120_000)
      if (!isOver) throw new Error('the work did not end within two virtual minutes')
      return work
    },
    pass: async (ms) => void (await time.run(() => false, time.elapsedMs + ms)),
  }
}
