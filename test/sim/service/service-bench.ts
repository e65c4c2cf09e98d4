import type { KafkaApi } from '../../../src/kafka/kafka.ts'
import { createTransactionSessions } from '../../../src/kafka/transaction-sessions.ts'
import { createKafkaOver } from '../../../src/kafka/wire-kafka.ts'
import { createSimulatedWire } from '../kafka/simulated-wire.ts'
import { createSimulatedProcess } from '../time/simulated-process.ts'
import { createSurroundings } from '../world/surroundings.ts'
import type { Surroundings } from '../world/surroundings.ts'
import { planService } from './service-plan.ts'
import { startServiceProcess } from './simulated-service-process.ts'
import type { SimulatedServiceProcess } from './simulated-service-process.ts'

type StartOptions = Partial<Pick<Parameters<typeof startServiceProcess>[1], 'renewMs' | 'reach'>>

/** A service without faults, and somebody beside it who can write whatever he likes. */
export interface ServiceBench {
  readonly surroundings: Surroundings
  /** A process of that name. */
  readonly start: (name: string, more?: StartOptions) => SimulatedServiceProcess
  /** Lets virtual time pass. */
  readonly pass: (ms: number) => Promise<void>
  /** Lets time pass until the work has ended, for a minute at most. */
  readonly drive: <T>(work: Promise<T>) => Promise<T>
  /** Somebody else's record, acknowledged. */
  readonly write: (topic: string, key: string, value: string | null) => Promise<void>
  readonly port: KafkaApi
}

/** Nobody runs yet. */
export function createServiceBench(): ServiceBench {
  const surroundings = createSurroundings(planService(5, {}).world, 0)
  const { time, rng, kafka, link, brokers, originMs } = surroundings
  const other = createSimulatedProcess('somebody', time, originMs)
  const onTrace = (): void => undefined
  const wire = createSimulatedWire({ process: other, time, rng, kafka, link, requestTimeoutMs: 5_000, onTrace })
  const port = createKafkaOver(wire, { brokers })
  const drive = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false
    const end = (): void => void (isOver = true)
    work.then(end, end)
    await time.run(() => isOver, time.elapsedMs + 60_000)
    if (!isOver) throw new Error('the work did not end within a virtual minute')
    return work
  }
  let serial = 0
  return {
    surroundings,
    start: (name, more = {}) =>
      startServiceProcess(name, {
        surroundings,
        seed: ++serial,
        reach: () => undefined,
        onState: () => undefined,
        ...more,
      }),
    pass: async (ms) => void (await time.run(() => false, time.elapsedMs + ms)),
    drive,
    port,
    write: async (topic, key, value) => {
      const sessions = createTransactionSessions({ kafka: port, clock: other.clock, rng, delivery: 'at_least_once' })
      const { signal } = new AbortController()
      const bytes = value === null ? null : Buffer.from(value)
      const record = { topic, partition: 0, key: Buffer.from(key), value: bytes, headers: [], timestamp: 0 }
      const work = sessions.open('theirs', signal).then((session) => session.commit([[record]], signal))
      await drive(work)
    },
  }
}
