import { describe, expect, it } from 'vitest'
import { seededRng } from '../async/rng.ts'
import { TailraceError } from '../errors.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import type { ManualClock } from '../testing/manual-clock.ts'
import type { PipelineRuns } from './pipeline-runs.ts'
import { createPipelineRuns } from './run-pipelines.ts'
import type { PipelineRunsOptions } from './run-pipelines.ts'
import type { ConnectorEntry } from './service-state.ts'

interface Begun {
  readonly entry: ConnectorEntry
  readonly signal: AbortSignal
  readonly fail: (error: unknown) => void
  readonly finish: () => void
}

interface Bench {
  readonly runs: PipelineRuns
  readonly clock: ManualClock
  readonly begun: readonly Begun[]
  readonly failures: readonly (number | undefined)[]
  /** Lets what was decided happen. */
  readonly settle: () => Promise<void>
  readonly want: (...entries: readonly ConnectorEntry[]) => Promise<void>
}

const refused = new TailraceError('CONFIG_INVALID', 'it cannot be')
const away = new TailraceError('KAFKA_UNREACHABLE', 'nobody is there')

function entryOf(name: string, changes: Partial<ConnectorEntry> = {}): ConnectorEntry {
  return { name, config: { name }, configId: '1', target: 'RUNNING', ...changes }
}

/** Runs that end at once when they are told to, unless `isSlow`; then the test ends them. */
function createBench(options: Partial<PipelineRunsOptions> & { readonly isSlow?: boolean } = {}): Bench {
  const clock = createManualClock()
  const begun: Begun[] = []
  const failures: (number | undefined)[] = []
  const runs = createPipelineRuns({
    process: 'me',
    clock,
    rng: seededRng(1),
    hasSameMeaning: () => false,
    onFailure: (_, __, retryInMs) => void failures.push(retryInMs),
    run: (entry, signal) =>
      new Promise((resolve, reject) => {
        begun.push({ entry, signal, fail: reject, finish: resolve })
        if (options.isSlow !== true) signal.addEventListener('abort', () => resolve(), { once: true })
      }),
    ...options,
  })
  const settle = (): Promise<void> => clock.advance(0)
  return {
    runs,
    clock,
    begun,
    failures,
    settle,
    want: async (...entries) => {
      runs.want(entries)
      await settle()
    },
  }
}

const stateOf = ({ runs }: Bench, name = 'a'): string | undefined => runs.reports.get(name)?.state

describe('the pipelines of a process', () => {
  it('run if they are wanted, and only then', async () => {
    const bench = createBench()
    await bench.want(entryOf('a'), entryOf('b', { target: 'PAUSED' }), entryOf('c', { target: 'STOPPED' }))
    expect(bench.begun.map(({ entry }) => entry.name)).toEqual(['a'])
    expect([...bench.runs.reports].map(([name, { state }]) => [name, state])).toEqual([
      ['a', 'RUNNING'],
      ['b', 'PAUSED'],
      ['c', 'STOPPED'],
    ])
    await bench.want(entryOf('b'))
    expect(bench.begun[0]?.signal.aborted).toBe(true)
    expect([...bench.runs.reports.keys()]).toEqual(['b'])
    await bench.runs[Symbol.asyncDispose]()
    expect(bench.begun.map(({ signal }) => signal.aborted)).toEqual([true, true])
  })

  it('begin with a new configuration when the old run has ended, with the newest one that is wanted by then', async () => {
    const bench = createBench({ isSlow: true })
    await bench.want(entryOf('a'))
    await bench.want(entryOf('a', { configId: '2' }))
    await bench.want(entryOf('a', { configId: '3' }))
    expect(bench.begun).toHaveLength(1)
    expect(bench.runs.reports.get('a')).toEqual({ state: 'RUNNING', configId: '1' })
    bench.begun[0]?.finish()
    await bench.settle()
    expect(bench.begun.map(({ entry }) => entry.configId)).toEqual(['1', '3'])
    expect(bench.runs.reports.get('a')).toEqual({ state: 'RUNNING', configId: '3' })
  })

  it('are stopped when the run has ended, not before', async () => {
    const bench = createBench({ isSlow: true })
    await bench.want(entryOf('a'))
    await bench.want(entryOf('a', { target: 'STOPPED' }))
    expect(stateOf(bench)).toBe('RUNNING')
    bench.begun[0]?.finish()
    await bench.settle()
    expect(stateOf(bench)).toBe('STOPPED')
  })

  it('are not run twice under one name, also if it is removed and made again while the run ends', async () => {
    const bench = createBench({ isSlow: true })
    await bench.want(entryOf('a'))
    await bench.want()
    expect(bench.runs.reports.size).toBe(0)
    await bench.want(entryOf('a', { configId: '2' }))
    expect(bench.begun).toHaveLength(1)
    bench.begun[0]?.finish()
    await bench.settle()
    expect(bench.begun.map(({ entry }) => entry.configId)).toEqual(['1', '2'])
  })

  it('go on under a configuration that means the same', async () => {
    const bench = createBench({
      hasSameMeaning: async (a, b) => {
        if (b.config['broken'] === 'yes') throw new Error('cannot be translated')
        return a.config['table'] === b.config['table']
      },
    })
    await bench.want(entryOf('a', { config: { table: 't', note: 'x' } }))
    await bench.want(entryOf('a', { config: { table: 't', note: 'y' }, configId: '2' }))
    expect(bench.begun).toHaveLength(1)
    expect(bench.runs.reports.get('a')).toEqual({ state: 'RUNNING', configId: '2' })
    await bench.want(entryOf('a', { config: { table: 't', broken: 'yes' }, configId: '3' }))
    expect(bench.begun.map(({ entry }) => entry.configId)).toEqual(['1', '3'])
  })

  it('stay failed if they would only fail again, until they are changed', async () => {
    const bench = createBench()
    await bench.want(entryOf('a'), entryOf('b'))
    bench.begun[0]?.fail(refused)
    await bench.clock.advance(600_000)
    expect(bench.begun).toHaveLength(2)
    expect(bench.failures).toEqual([undefined])
    const { state, trace } = bench.runs.reports.get('a') ?? {}
    expect(state).toBe('FAILED')
    expect(trace).toMatch(/^CONFIG_INVALID: it cannot be\n/)
    expect(trace).not.toContain('    at ')
    expect(stateOf(bench, 'b')).toBe('RUNNING')
    await bench.want(entryOf('a', { configId: '2' }), entryOf('b'))
    expect(bench.begun.map(({ entry }) => entry.configId)).toEqual(['1', '1', '2'])
    expect(bench.runs.reports.get('a')).toEqual({ state: 'RUNNING', configId: '2' })
  })

  it('are begun again after what may pass, more and more slowly, and quickly again after they have worked', async () => {
    const bench = createBench()
    await bench.want(entryOf('a'))
    for (let attempt = 0; attempt < 12; attempt++) {
      bench.begun.at(-1)?.fail(away)
      await bench.settle()
      expect(stateOf(bench)).toBe('RESTARTING')
      expect(bench.runs.reports.get('a')?.trace).toContain('KAFKA_UNREACHABLE')
      await bench.clock.advance(60_000)
      expect(stateOf(bench)).toBe('RUNNING')
    }
    expect(bench.begun).toHaveLength(13)
    const waits = bench.failures.map((wait) => wait ?? 0)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000)
    expect(Math.max(...waits)).toBeGreaterThan(20_000)
    await bench.clock.advance(300_000)
    bench.begun.at(-1)?.fail(away)
    await bench.settle()
    expect(bench.failures.at(-1)).toBeLessThanOrEqual(1_000)
  })

  it('say nothing of what an unknown error says', async () => {
    const bench = createBench()
    await bench.want(entryOf('a'))
    bench.begun[0]?.fail(new Error('the password is hunter2'))
    await bench.settle()
    expect(bench.runs.reports.get('a')?.trace).not.toContain('hunter2')
  })

  it('stay as they are when they have nothing left to do', async () => {
    const bench = createBench()
    await bench.want(entryOf('a'))
    bench.begun[0]?.finish()
    await bench.clock.advance(600_000)
    expect(bench.begun).toHaveLength(1)
    expect(stateOf(bench)).toBe('RUNNING')
  })
})

describe('a wish to begin again', () => {
  const wish = (
    id: string,
    changes: { readonly onlyFailed?: boolean; readonly process?: string } = {},
  ): ConnectorEntry => entryOf('a', { restart: { id, onlyFailed: false, ...changes } })

  it('that stood there when the process came is done', async () => {
    const bench = createBench()
    await bench.want(wish('1'))
    await bench.want(wish('1'))
    expect(bench.begun).toHaveLength(1)
  })

  it('is carried out once', async () => {
    const bench = createBench()
    await bench.want(entryOf('a'))
    await bench.want(wish('1'))
    await bench.want(wish('1'))
    expect(bench.begun).toHaveLength(2)
    await bench.want(wish('2', { process: 'me' }))
    await bench.want(wish('3', { process: 'somebody else' }))
    expect(bench.begun).toHaveLength(3)
  })

  it('is carried out if a newer one for another process is met at the same time', async () => {
    const bench = createBench()
    await bench.want(entryOf('a'))
    const newest = wish('2', { process: 'somebody else' })
    const both = { ...newest, earlierRestarts: [{ id: '1', onlyFailed: false, process: 'me' }] }
    await bench.want(both)
    await bench.want(both)
    expect(bench.begun).toHaveLength(2)
    // The older one is not kept any longer, and comes from nowhere else.
    await bench.want(newest)
    await bench.want(wish('3', { process: 'somebody else' }))
    expect(bench.begun).toHaveLength(2)
  })

  it('of failed ones leaves alone what runs, and does not come back to it later', async () => {
    const bench = createBench()
    await bench.want(entryOf('a'))
    await bench.want(wish('1', { onlyFailed: true }))
    expect(bench.begun).toHaveLength(1)
    bench.begun[0]?.fail(refused)
    await bench.settle()
    await bench.want(wish('1', { onlyFailed: true }))
    expect(stateOf(bench)).toBe('FAILED')
    await bench.want(wish('2', { onlyFailed: true }))
    expect([stateOf(bench), bench.begun.length]).toEqual(['RUNNING', 2])
  })

  it('does not wait for the next attempt', async () => {
    const bench = createBench()
    await bench.want(entryOf('a'))
    bench.begun[0]?.fail(away)
    await bench.settle()
    await bench.want(wish('1'))
    expect(bench.begun).toHaveLength(2)
  })

  it('begins nothing that is not to run', async () => {
    const bench = createBench()
    await bench.want(entryOf('a', { target: 'STOPPED' }))
    await bench.want({ ...wish('1'), target: 'STOPPED' })
    expect(bench.begun).toHaveLength(0)
    await bench.want(wish('1'))
    expect(bench.begun).toHaveLength(1)
  })
})
