import { describe, expect, it } from 'vitest'
import { TailraceError } from '../../src/errors.ts'
import { serviceTransactionalId } from '../../src/service/log-leadership.ts'
import { connectorKey, encodeServiceRecord } from '../../src/service/service-codec.ts'
import type { ConnectorEntry, ServiceChange } from '../../src/service/service-state.ts'
import { makeTopic } from './kafka/topic-requests.ts'
import { createServiceBench } from './service/service-bench.ts'
import { group, topics } from './service/simulated-service-process.ts'
import type { SimulatedServiceProcess } from './service/simulated-service-process.ts'

const { signal } = new AbortController()
const connector = (name: string, config = {}): ConnectorEntry => {
  return { name, config: { name, ...config }, configId: '1', target: 'RUNNING' }
}
const put =
  (...entries: readonly ConnectorEntry[]) =>
  () => {
    const change: ServiceChange = { put: entries, remove: [] }
    return { change, result: entries.length }
  }
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof TailraceError ? error.code : String(error)),
  )
const endOf = ({ ended }: SimulatedServiceProcess): string | undefined =>
  ended?.error instanceof TailraceError ? ended.error.code : ended?.error === undefined ? undefined : 'another error'

describe('the log of a service', () => {
  it('is made by the first start, led by one, and read by all', async () => {
    const { start, pass, drive, surroundings } = createServiceBench()
    const [a, b] = [start('a'), start('b')]
    await pass(10_000)
    expect([...(surroundings.kafka.state.topics.get(topics.log)?.config ?? [])]).toContainEqual([
      'cleanup.policy',
      'compact',
    ])
    const [leader, other] = a.log.leader.kind === 'self' ? [a, b] : [b, a]
    expect(leader.log.leader).toEqual({ kind: 'self' })
    expect(other.log.leader).toEqual({ kind: 'other', process: leader.process.name })
    expect(await codeOf(drive(other.log.change(put(connector('x')), signal)))).toBe('SERVICE_CHANGING')
    const before = leader.log.state?.revision ?? 0
    expect(await drive(leader.log.change(put(connector('x'), connector('y')), signal))).toBe(2)
    expect([...(leader.log.state?.connectors.keys() ?? [])]).toEqual(['x', 'y'])
    expect(leader.log.state?.revision).toBe(before + 1)
    await pass(1_000)
    expect(other.log.state).toEqual(leader.log.state)
  })

  it('changes nothing if the decision throws or wants nothing, and goes on', async () => {
    const { start, pass, drive } = createServiceBench()
    const { log } = start('a')
    await pass(10_000)
    const before = log.state
    const refuse = (): never => {
      throw new TailraceError('CONNECTOR_EXISTS', 'it is there')
    }
    expect(await codeOf(drive(log.change(refuse, signal)))).toBe('CONNECTOR_EXISTS')
    expect(await drive(log.change(put(), signal))).toBe(0)
    expect(log.state?.connectors).toEqual(before?.connectors)
    await drive(log.change(put(connector('x')), signal))
    // Each of the three was proven by a commit.
    expect(log.state?.revision).toBe((before?.revision ?? 0) + 3)
  })

  it.each<[string, () => { readonly change: ServiceChange; readonly result: number }]>([
    ['changes nothing', put()],
    [
      'is refused',
      () => {
        throw new TailraceError('CONNECTOR_UNKNOWN', 'it is not there')
      },
    ],
  ])('is not answered for by whose machine was suspended and who led before: what %s', async (_, decide) => {
    const { start, pass, drive } = createServiceBench()
    const a = start('a')
    await pass(10_000)
    const b = start('b')
    await pass(5_000)
    a.process.suspend()
    await pass(40_000)
    expect(b.log.leader).toEqual({ kind: 'self' })
    await drive(b.log.change(put(connector('x')), signal))
    expect(a.log.leader).toEqual({ kind: 'self' })
    const late = a.log.change(decide, signal)
    a.process.resume()
    expect(await codeOf(drive(late))).toBe('SERVICE_CHANGING')
  })

  it('is led by the next one when the leader leaves, which finds everything', async () => {
    const { start, pass, drive } = createServiceBench()
    const a = start('a')
    await pass(10_000)
    await drive(a.log.change(put(connector('x')), signal))
    const b = start('b')
    await pass(5_000)
    a.terminate()
    await pass(5_000)
    expect(a.ended).toEqual({ error: undefined })
    expect(b.log.leader).toEqual({ kind: 'self' })
    await drive(b.log.change(put(connector('y')), signal))
    expect([...(b.log.state?.connectors.keys() ?? [])]).toEqual(['x', 'y'])
    expect(b.board.processes.map(({ process }) => process)).toEqual(['b'])
  })

  it('is written now and then, so that Kafka does not forget who writes it', async () => {
    const { start, pass, drive, surroundings } = createServiceBench()
    const a = start('a', { renewMs: 60_000 })
    await pass(10_000)
    for (let minutes = 0; minutes < 8; minutes += 2) {
      const before = a.log.state?.revision
      await pass(120_000)
      // As a broker does with what was not used for two minutes.
      if (a.log.state?.revision === before) surroundings.kafka.transactions.expire(serviceTransactionalId(group))
    }
    expect(await codeOf(drive(a.log.change(put(connector('x')), signal)))).toBe('none')
    expect(surroundings.kafka.transactions.describe(serviceTransactionalId(group))).toBeDefined()
  })

  it('does not take what is too large, and goes on', async () => {
    const { start, pass, drive } = createServiceBench()
    const { log } = start('a')
    await pass(10_000)
    const large = connector('x', { text: 'x'.repeat(1_100_000) })
    expect(await codeOf(drive(log.change(put(large), signal)))).toBe('RECORD_TOO_LARGE')
    await pass(1_000)
    await drive(log.change(put(connector('y')), signal))
    expect([...(log.state?.connectors.keys() ?? [])]).toEqual(['y'])
  })

  it('that another one writes into is not changed any more, and goes on when that is mended', async () => {
    const { start, pass, drive, write, surroundings } = createServiceBench()
    const a = start('a')
    await pass(10_000)
    await drive(a.log.change(put(connector('x')), signal))
    await write(topics.log, connectorKey('x'), '{"v":99,"e":{}}')
    await pass(2_000)
    expect(a.log.trouble?.code).toBe('SERVICE_LOG_FORMAT')
    expect(a.ended).toBeUndefined()
    expect(a.log.leader).toEqual({ kind: 'none' })
    expect(a.log.state?.connectors.get('x')).toEqual(connector('x'))
    expect(a.runs.reports.get('x')?.state).toBe('RUNNING')
    expect(await codeOf(drive(a.log.change(put(connector('y')), signal)))).toBe('SERVICE_LOG_FORMAT')
    // Somebody who comes now runs what can be read.
    surroundings.kafka.state.topics.get(topics.log)?.partitions[0]?.log.compact()
    const b = start('b')
    await pass(5_000)
    expect([b.log.trouble?.code, b.ended, b.log.state?.connectors.size]).toEqual(['SERVICE_LOG_FORMAT', undefined, 0])
    await write(
      topics.log,
      connectorKey('x'),
      encodeServiceRecord({ kind: 'connector', entry: connector('x') }).value.toString(),
    )
    await pass(2_000)
    expect(a.log.trouble).toBeUndefined()
    expect(a.log.leader).toEqual({ kind: 'self' })
    await drive(a.log.change(put(connector('y')), signal))
    await pass(3_000)
    expect([...(b.log.state?.connectors.keys() ?? [])].sort()).toEqual(['x', 'y'])
  })

  it('that was deleted and made anew is not taken for an empty service', async () => {
    const { start, pass, drive, port, surroundings } = createServiceBench()
    const a = start('a')
    await pass(10_000)
    await drive(a.log.change(put(connector('x')), signal))
    await drive(port.deleteTopic(topics.log, signal))
    makeTopic(surroundings.kafka.state, topics.log, 1, new Map([['cleanup.policy', 'compact']]))
    await pass(30_000)
    expect(a.log.trouble?.code).toBe('SERVICE_LOG_LOST')
    expect(a.log.leader).toEqual({ kind: 'none' })
    expect(a.runs.reports.get('x')?.state).toBe('RUNNING')
    const b = start('b')
    await pass(5_000)
    expect(endOf(b)).toBe('SERVICE_LOG_LOST')
  })

  it.each<[string, string | undefined, readonly ConnectorEntry[]]>([
    ['is not taken for a new one while a process has told what it runs', 'SERVICE_LOG_LOST', [connector('x')]],
    ['is made anew if nothing was ever to run', undefined, []],
  ])('that was deleted, and of which Kafka has forgotten the writer, %s', async (_, code, entries) => {
    const { start, pass, drive, surroundings } = createServiceBench()
    const a = start('a')
    await pass(10_000)
    await drive(a.log.change(put(...entries), signal))
    await pass(5_000)
    a.process.kill()
    const { state, transactions } = surroundings.kafka
    state.topics.delete(topics.log)
    transactions.expire(serviceTransactionalId(group))
    const b = start('b')
    await pass(20_000)
    expect(endOf(b)).toBe(code)
    expect(b.log.leader.kind).toBe(code === undefined ? 'self' : 'none')
  })

  it('is read from its beginning by whoever was away for so long that what was removed has left no trace', async () => {
    const { start, pass, drive, surroundings } = createServiceBench()
    const a = start('a')
    await pass(10_000)
    const b = start('b')
    await pass(5_000)
    await drive(a.log.change(put(connector('x'), connector('y')), signal))
    await pass(3_000)
    b.process.suspend()
    // What it had asked for last is answered with this.
    await drive(a.log.change(put(connector('y')), signal))
    await pass(2_000)
    await drive(a.log.change(() => ({ change: { put: [], remove: ['x'] }, result: 0 }), signal))
    const { state } = surroundings.kafka
    await pass(2_000_000)
    state.topics.get(topics.log)?.partitions[0]?.log.compact({ isWithoutTombstones: true })
    await drive(a.log.change(put(connector('z')), signal))
    b.process.resume()
    await pass(10_000)
    expect(b.log.state).toEqual(a.log.state)
    expect([...(b.log.state?.connectors.keys() ?? [])].sort()).toEqual(['y', 'z'])
    expect([...b.runs.reports.keys()].sort()).toEqual(['y', 'z'])
    expect(b.log.trouble).toBeUndefined()
  })

  it('that is lost behind a commit lets nobody wait for what cannot be read any more', async () => {
    const { start, pass, drive, surroundings } = createServiceBench()
    let isArmed = false
    const { state } = surroundings.kafka
    const reach = (moment: string): undefined => {
      if (moment !== 'before-end' || !isArmed) return
      isArmed = false
      state.topics.delete(topics.log)
      makeTopic(state, topics.log, 1, new Map([['cleanup.policy', 'compact']]))
    }
    const a = start('a', { reach })
    await pass(10_000)
    isArmed = true
    const changes = [a.log.change(put(connector('x')), signal), a.log.change(put(connector('y')), signal)]
    const ends = Promise.all(changes.map((change) => codeOf(change)))
    expect(await drive(ends)).toEqual(['SERVICE_LOG_LOST', 'SERVICE_LOG_LOST'])
    expect(a.log.leader).toEqual({ kind: 'none' })
    a.terminate()
    await pass(2_000)
    expect(a.ended).toEqual({ error: undefined })
  })

  it.each<[string, number, string, string]>([
    ['SERVICE_LOG_PARTITIONS', 3, 'compact', 'several partitions'],
    ['SERVICE_TOPIC_NOT_COMPACTED', 1, 'delete', 'another policy'],
    ['SERVICE_LOG_FOREIGN', 1, 'compact', 'records of Kafka Connect'],
  ])(
    'is refused at the start with %s if its topic has %i partitions, policy %s: %s',
    async (code, partitions, policy) => {
      const { start, pass, write, surroundings } = createServiceBench()
      makeTopic(surroundings.kafka.state, topics.log, partitions, new Map([['cleanup.policy', policy]]))
      if (code === 'SERVICE_LOG_FOREIGN') await write(topics.log, 'connector-x', '{"properties":{}}')
      const a = start('a')
      await pass(10_000)
      expect(endOf(a)).toBe(code)
    },
  )

  it('is refused if it is of another service', async () => {
    const { start, pass, write, surroundings } = createServiceBench()
    makeTopic(surroundings.kafka.state, topics.log, 1, new Map([['cleanup.policy', 'compact']]))
    await write(topics.log, 'identity', encodeServiceRecord({ kind: 'identity', group: 'bills' }).value.toString())
    const a = start('a')
    await pass(10_000)
    expect(endOf(a)).toBe('SERVICE_LOG_FOREIGN')
  })
})
