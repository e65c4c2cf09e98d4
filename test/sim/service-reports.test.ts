import { describe, expect, it } from 'vitest'
import { makeTopic } from './kafka/topic-requests.ts'
import { createServiceBench } from './service/service-bench.ts'
import { topics } from './service/simulated-service-process.ts'

describe('the reports of a service', () => {
  it('tell of who died after a while, of who left at once, and of nobody while nothing can be read', async () => {
    const { start, pass, surroundings } = createServiceBench()
    const [a, b, c] = [start('a'), start('b'), start('c')]
    const seen = (): readonly string[] => a.board.processes.map(({ process }) => process)
    expect([a.board.ageMs, seen()]).toEqual([Infinity, ['a']])
    await pass(10_000)
    expect(seen()).toEqual(['a', 'b', 'c'])
    b.terminate()
    await pass(1_500)
    expect(seen()).toEqual(['a', 'c'])
    const heal = surroundings.link.cut(undefined, undefined)
    const healLater = surroundings.link.cut('c', undefined)
    await pass(60_000)
    expect(seen()).toEqual(['a', 'c'])
    expect(a.board.ageMs).toBeGreaterThan(50_000)
    const meanwhile: string[] = []
    a.board.onChange(() => meanwhile.push(seen().join(' ')))
    heal()
    await pass(6_000)
    healLater()
    await pass(9_000)
    // Not for a moment, either: the others may be able to write again later than this one can read.
    expect(meanwhile.filter((all) => all !== 'a c')).toEqual([])
    expect(seen()).toEqual(['a', 'c'])
    expect(a.board.ageMs).toBeLessThan(3_000)
    c.process.kill()
    await pass(13_000)
    expect(seen()).toEqual(['a', 'c'])
    await pass(7_000)
    expect(seen()).toEqual(['a'])
  })

  it('come within a quarter of a second, and of whoever the leader took for dead all of them again', async () => {
    const { start, pass, write } = createServiceBench()
    const [a, b] = [start('a'), start('b')]
    await pass(10_000)
    const runsOfB = (): readonly string[] =>
      [...(a.board.processes.find(({ process }) => process === 'b')?.runs ?? [])].map(
        ([name, { state }]) => `${name} ${state}`,
      )
    b.board.report(new Map([['x', { state: 'RUNNING', configId: '1' }]]), false)
    b.board.report(new Map([['x', { state: 'FAILED', configId: '1', trace: 'why' }]]), false)
    await pass(250)
    expect(runsOfB()).toEqual(['x FAILED'])
    await write(topics.reports, 'run/b/x', null)
    await write(topics.reports, 'process/b', null)
    await pass(1_000)
    expect(runsOfB()).toEqual(['x FAILED'])
    await write(topics.reports, 'run/b/old', '{"v":1,"e":{"state":"RUNNING","configId":"1"}}')
    await pass(1_000)
    expect(runsOfB()).toEqual(['x FAILED'])
  })

  it('of the dead are removed by the leader after an hour', async () => {
    const { start, pass, surroundings } = createServiceBench()
    const a = start('a')
    const b = start('b')
    await pass(10_000)
    b.board.report(new Map([['x', { state: 'RUNNING', configId: '1' }]]), false)
    await pass(1_000)
    b.process.kill()
    await pass(3_500_000)
    const keys = (): readonly string[] => {
      const { log } = surroundings.kafka.state.topics.get(topics.reports)?.partitions[0] ?? {}
      log?.compact()
      return (log?.batches ?? []).map(({ bytes }) => bytes.toString('latin1')).filter((text) => text.includes('/b'))
    }
    expect(keys().length).toBeGreaterThan(0)
    await pass(200_000)
    expect(a.log.leader).toEqual({ kind: 'self' })
    expect(keys().filter((text) => text.includes('RUNNING') || text.includes('workerId'))).toEqual([])
  })
})

describe('the topic of the reports of a service', () => {
  const policy = new Map([['cleanup.policy', 'compact']])
  const run = new Map([['x', { state: 'RUNNING', configId: '1' } as const]])

  it.each([
    ['the processes make it anew', undefined],
    ['somebody has made it anew with more partitions', 7],
    ['somebody has made it anew with fewer partitions', 2],
  ])('can be deleted at any time, and %s', async (_, partitions) => {
    const { start, pass, drive, port, surroundings } = createServiceBench()
    const { state } = surroundings.kafka
    makeTopic(state, topics.reports, 5, policy)
    const all = ['a', 'b', 'c', 'd'].map((name) => start(name))
    await pass(10_000)
    const [a, , c, d] = all
    const seen = (): readonly string[] =>
      all.slice(0, 2).map(({ board }) => board.processes.map(({ process, runs }) => `${process}${runs.size}`).join(' '))
    c?.board.report(run, false)
    await pass(1_000)
    expect(seen()).toEqual(['a0 b0 c1 d0', 'a0 b0 c1 d0'])
    const meanwhile = new Set<string>()
    a?.board.onChange(() => meanwhile.add(a.board.processes.map(({ process }) => process).join(' ')))
    await drive(port.deleteTopic(topics.reports, new AbortController().signal))
    if (partitions !== undefined) makeTopic(state, topics.reports, partitions, policy)
    await pass(12_000)
    expect(all.map(({ board }) => board.ageMs < 5_000)).toEqual([true, true, true, true])
    expect(seen()).toEqual(['a0 b0 c1 d0', 'a0 b0 c1 d0'])
    c?.board.report(new Map(), false)
    await pass(1_000)
    expect(seen()).toEqual(['a0 b0 c0 d0', 'a0 b0 c0 d0'])
    // Nobody died of it, and whoever dies is missed as ever.
    expect([...meanwhile]).toEqual(['a b c d'])
    d?.process.kill()
    await pass(20_000)
    expect(seen()).toEqual(['a0 b0 c0', 'a0 b0 c0'])
  })

  it('may be made anew without compaction, which processes outlive until it is made as it should be', async () => {
    const { start, pass, drive, port, surroundings } = createServiceBench()
    const { state } = surroundings.kafka
    const a = start('a')
    await pass(10_000)
    await drive(port.deleteTopic(topics.reports, new AbortController().signal))
    makeTopic(state, topics.reports, 1, new Map([['cleanup.policy', 'delete']]))
    await pass(60_000)
    expect(a.ended).toBeUndefined()
    await drive(port.deleteTopic(topics.reports, new AbortController().signal))
    await pass(12_000)
    expect(a.board.ageMs).toBeLessThan(5_000)
    expect(state.topics.get(topics.reports)?.config.get('cleanup.policy')).toBe('compact')
  })
})
