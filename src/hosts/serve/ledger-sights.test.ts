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
