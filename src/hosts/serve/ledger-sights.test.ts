import { describe, expect, it } from 'vitest'
import { createMemoryLedger, ordersEntry } from '../../../test/fixtures/memory-ledger.ts'
import { createSimulatedLedger } from '../../../test/fixtures/simulated-ledger.ts'
import type { SimulatedLedger } from '../../../test/fixtures/simulated-ledger.ts'
import { TailraceError } from '../../errors.ts'
import type { ConnectorEntry } from '../../service/service-state.ts'
import { createLedgerSights } from './ledger-sights.ts'
import type { LedgerSights, LedgerSightsOptions } from './ledger-sights.ts'

const entry = (configId: string): ConnectorEntry => ({ name: 'shop', config: {}, configId, target: 'RUNNING' })
const never = new AbortController().signal

interface Sights {
  readonly ledger: SimulatedLedger
  readonly sights: LedgerSights
  readonly loads: () => number
}

async function open(more: Partial<LedgerSightsOptions> = {}): Promise<Sights> {
  const ledger = await createSimulatedLedger(createMemoryLedger(ordersEntry))
  const { kafka, clock, rng, config } = ledger.access
  let loads = 0
  const load = async (): Promise<typeof config> => {
    loads++
    return config
  }
  const sights = createLedgerSights({ clock, rng, load, openKafka: () => ({ kafka, isOwn: false }), ...more })
  return { ledger, sights, loads: () => loads }
}

describe('createLedgerSights', () => {
  it('reads what is new after a second, and loads a configuration once', async () => {
    const { ledger, sights, loads } = await open()
    const statusNow = async (): Promise<string | undefined> =>
      (await ledger.drive(sights.look(entry('1.a'), never)))?.tables[0]?.status.kind
    expect(await statusNow()).toBe('streaming')
    const stopped = {
      ...ordersEntry,
      version: 5,
      status: { kind: 'stopped', code: 'STREAM_DISABLED', reason: 'x', shardId: undefined },
    } as const
    await ledger.write([0, 1, 2].map((lane) => ({ lane, entry: stopped })))
    await ledger.drive(ledger.access.clock.sleep(1_001))
    expect(await statusNow()).toBe('stopped')
    expect(loads()).toBe(1)
    await ledger.drive(sights.look(entry('2.b'), never))
    expect(loads()).toBe(2)
  })

  it('lets several look at once, and one of them go', async () => {
    const { ledger, sights } = await open()
    const impatient = new AbortController()
    const gone = sights.look(entry('1.a'), impatient.signal)
    const patient = sights.look(entry('1.a'), never)
    impatient.abort(new Error('enough'))
    await expect(gone).rejects.toThrow('enough')
    expect((await ledger.drive(patient))?.tables).toHaveLength(1)
  })

  it('waits out what passes by itself', async () => {
    const { ledger } = await open()
    const { kafka, clock, rng, config } = ledger.access
    let failures = 2
    const young: typeof kafka = {
      ...kafka,
      offsets: async (...args) => {
        if (failures-- > 0) throw new TailraceError('KAFKA_PROTOCOL', 'NOT_LEADER_OR_FOLLOWER')
        return kafka.offsets(...args)
      },
    }
    const openKafka = (): { kafka: typeof kafka; isOwn: boolean } => ({ kafka: young, isOwn: false })
    const sights = createLedgerSights({ clock, rng, load: async () => config, openKafka })
    expect((await ledger.drive(sights.look(entry('1.a'), never)))?.tables).toHaveLength(1)
    failures = 1_000
    await ledger.drive(clock.sleep(1_001))
    await expect(ledger.drive(sights.look(entry('1.a'), never))).rejects.toMatchObject({ code: 'KAFKA_PROTOCOL' })
  })

  it('reads a slow ledger one time after the other, however often it is looked at', async () => {
    const { ledger } = await open()
    const { kafka, clock, rng, config } = ledger.access
    let running = 0
    let [mostAtOnce, readings] = [0, 0]
    const slow: typeof kafka = {
      ...kafka,
      offsets: async (topic, partition, signal) => {
        if (partition === 0) {
          readings++
          mostAtOnce = Math.max(mostAtOnce, ++running)
          await clock.sleep(1_200, signal)
          running--
        }
        return kafka.offsets(topic, partition, signal)
      },
    }
    const openKafka = (): { kafka: typeof kafka; isOwn: boolean } => ({ kafka: slow, isOwn: false })
    const sights = createLedgerSights({ clock, rng, load: async () => config, openKafka })
    const waited: number[] = []
    const look = async (): Promise<void> => {
      const atMs = clock.monotonic()
      await sights.look(entry('1.a'), never)
      waited.push(clock.monotonic() - atMs)
    }
    const poll = async (): Promise<void> => {
      const looks: Promise<void>[] = []
      for (let count = 0; count < 10; count++) {
        looks.push(look())
        await clock.sleep(1_000)
      }
      await Promise.all(looks)
    }
    await ledger.drive(poll())
    expect(waited).toHaveLength(10)
    // Two readings at most, each with what the simulated cluster takes besides.
    expect(Math.max(...waited)).toBeLessThan(2 * 1_400)
    expect(mostAtOnce).toBe(1)
    expect(readings).toBeLessThanOrEqual(10)
  })

  it('leaves a connection open until whoever works with it has ended, although the connector was changed', async () => {
    const { ledger } = await open()
    const { kafka, clock, rng, config } = ledger.access
    const closed: string[] = []
    const openKafka = (): { kafka: typeof kafka; isOwn: boolean } => {
      const own = `connection ${closed.length + 1}`
      return { kafka: { ...kafka, [Symbol.asyncDispose]: async () => void closed.push(own) }, isOwn: true }
    }
    const sights = createLedgerSights({ clock, rng, load: async () => config, openKafka })
    let finish: () => void = () => undefined
    const altered = sights.access(
      entry('1.a'),
      async () => {
        await new Promise<void>((resolve) => (finish = resolve))
        return [...closed]
      },
      never,
    )
    expect((await ledger.drive(sights.look(entry('2.b'), never)))?.tables).toHaveLength(1)
    finish()
    expect(await altered).toEqual([])
    await ledger.drive(clock.sleep(1))
    expect(closed).toEqual(['connection 1'])
    await sights[Symbol.asyncDispose]()
    expect(closed).toHaveLength(2)
  })

  it('tries again what has failed', async () => {
    let isAway = true
    const { ledger, sights } = await open()
    const { kafka, clock, rng, config } = ledger.access
    const load: LedgerSightsOptions['load'] = async () => {
      if (isAway) throw new TailraceError('AWS_UNREACHABLE', 'no secret')
      return config
    }
    const failing = createLedgerSights({ clock, rng, load, openKafka: () => ({ kafka, isOwn: false }) })
    await expect(failing.look(entry('1.a'), never)).rejects.toMatchObject({ code: 'AWS_UNREACHABLE' })
    isAway = false
    expect((await ledger.drive(failing.look(entry('1.a'), never)))?.tables).toHaveLength(1)
    await sights[Symbol.asyncDispose]()
  })

  it('is undefined before the first start', async () => {
    const { ledger, sights } = await open({
      load: async () => ({ ...(await open()).ledger.access.config, ledger: { topic: 'none', replicationFactor: -1 } }),
    })
    expect(await ledger.drive(sights.look(entry('1.a'), never))).toBeUndefined()
  })
})
