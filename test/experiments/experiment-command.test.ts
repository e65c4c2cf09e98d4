import { writeFileSync } from 'node:fs'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { evidencePath, readEvidence } from './evidence-file.ts'
import { runExperimentCommand } from './experiment-command.ts'
import { experiments } from './self-test-experiments.ts'
import type { SourceVersion } from './source-version.ts'

// Some start processes of their own, which take seconds on a machine that does other things, too.
describe('npm run experiment', { timeout: 60_000 }, () => {
  it('counts each run at once, goes on behind the last seed, and starts over when told to', async () => {
    await using folder = await temporaryFolder()
    const first = await run(folder.path, ['E90-clean', '--runs', '3', '--jobs', '1'])
    expect(first.code).toBe(0)
    expect(first.out).toContain(
      'seed 2: 102 records, faults: 2 worker-kill, no anomaly, recovery p50 1,000 ms p99 20,000 ms, 0.0 s',
    )
    expect(first.out).toContain('E90-clean: 3 runs (seeds 1-3), 306 records')
    await run(folder.path, ['E90-clean', '--runs', '2', '--jobs', '1'])
    expect(counted(folder.path, 'E90-clean')).toMatchObject({ n: 5, seeds: '1-5', faults: { 'worker-kill': 10 } })
    const repeated = await run(folder.path, ['E90-clean', '--seed', '5'])
    expect(repeated).toMatchObject({ code: 2, out: '' })
    expect(repeated.err).toContain('seeds 5 are counted already')
    await run(folder.path, ['E90-clean', '--fresh', '--seed', '40'])
    expect(counted(folder.path, 'E90-clean')).toMatchObject({ n: 1, seeds: '40' })
    expect(await readdir(path.join(folder.path, 'evidence'))).toEqual(['E90-clean.json'])
  })

  it('shares seeds out among processes', async () => {
    await using folder = await temporaryFolder()
    const { code, out } = await run(folder.path, ['E90-clean', '--runs', '6', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      id: 'E90-clean',
      exitCode: 0,
      failed: [],
      evidence: { n: 6, seeds: '1-6' },
    })
    expect(counted(folder.path, 'E90-clean')).toMatchObject({ n: 6, seeds: '1-6' })
  })

  it('fails on an anomaly and says how to see it again', async () => {
    await using folder = await temporaryFolder()
    const { code, out, err } = await run(folder.path, ['E90-wrong', '--runs', '3', '--jobs', '1'])
    expect(code).toBe(1)
    expect(out).toContain('seed 2: 102 records, faults: 2 worker-kill, ANOMALIES: 2 lost')
    expect(out).toContain('  place 1')
    expect(err).toContain('npm run experiment -- E90-wrong --replay 2')
    expect(counted(folder.path, 'E90-wrong')).toMatchObject({ n: 3, anomalies: { lost: 2 }, failingSeeds: '2' })
    const replayed = await run(folder.path, ['E90-wrong', '--replay', '2'])
    expect(replayed.code).toBe(1)
    expect(replayed.out).toContain('nothing was written')
    expect(counted(folder.path, 'E90-wrong')).toMatchObject({ n: 3 })
    // What is counted stays counted, whatever further runs show.
    expect((await run(folder.path, ['E90-wrong', '--seed', '5'])).code).toBe(1)
  })

  it('fails when the control arm shows nothing', async () => {
    await using folder = await temporaryFolder()
    expect((await run(folder.path, ['E90-control'])).code).toBe(0)
    const { code, err } = await run(folder.path, ['E90-control-clean'])
    expect(code).toBe(1)
    expect(err).toContain('the control arm shows no anomaly')
  })

  it('counts no run that falls short or rejects, and begins no further one', async () => {
    await using folder = await temporaryFolder()
    const short = await run(folder.path, ['E90-short', '--runs', '5', '--jobs', '1'])
    expect(short.code).toBe(1)
    expect(short.err).toContain('seed 3 FAILED and is not counted: fell short: worker-kill: 1 of at least 2')
    expect(counted(folder.path, 'E90-short')).toMatchObject({ n: 2, seeds: '1-2', anomalies: {} })
    const rejected = await run(folder.path, ['E90-rejects', '--runs', '5', '--jobs', '1'])
    expect(rejected.code).toBe(1)
    expect(rejected.err).toContain('seed 3 FAILED and is not counted: the broker did not start')
    expect(counted(folder.path, 'E90-rejects')).toMatchObject({ n: 2, seeds: '1-2' })
  })

  it('fails the run whose process dies', async () => {
    await using folder = await temporaryFolder()
    const { code, err } = await run(folder.path, ['E90-dies', '--runs', '40', '--jobs', '2'])
    expect(code).toBe(1)
    expect(err).toContain('seed 2 FAILED and is not counted: its process ended: exit code 9')
    expect(counted(folder.path, 'E90-dies')?.seeds).toMatch(/^1(,3|$)/)
  })

  it.each([1, 3])('keeps only what was complete before an abort, with %i processes', async (jobs) => {
    await using folder = await temporaryFolder()
    const stop = new AbortController()
    const { code, err } = await run(folder.path, ['E90-waits', '--runs', '9', '--jobs', String(jobs)], {
      signal: stop.signal,
      onOut: (line) => {
        if (line.startsWith('seed 1:')) stop.abort(new Error('enough'))
      },
    })
    expect(code).toBe(130)
    expect(err).toContain('interrupted')
    expect(counted(folder.path, 'E90-waits')).toMatchObject({ n: 1, seeds: '1' })
  })

  it('refuses a dirty src/, and does not count what src/ no longer is at the end', async () => {
    await using folder = await temporaryFolder()
    const dirty = { commit: 'aaaa', source: 's1+dirty', isDirty: true }
    expect((await run(folder.path, ['E90-clean'], { versions: [dirty] })).code).toBe(2)
    const allowed = await run(folder.path, ['E90-clean', '--allow-dirty'], { versions: [dirty] })
    expect(allowed.code).toBe(0)
    expect(await readdir(folder.path)).toEqual([])
    const changed = { ...clean, source: 's2' }
    const { code, err } = await run(folder.path, ['E90-clean', '--runs', '2'], { versions: [clean, changed] })
    expect(code).toBe(1)
    expect(err).toContain('not counted (src/ has changed since the series began)')
    expect(await readdir(folder.path)).toEqual([])
  })

  it('notices when somebody else writes the same file', async () => {
    await using folder = await temporaryFolder()
    const file = evidencePath(folder.path, 'E90-clean')
    await run(folder.path, ['E90-clean'])
    const other = await readFile(file, 'utf8')
    const { code, err } = await run(folder.path, ['E90-clean'], {
      onOut: (line) => {
        if (line.startsWith('E90-clean (')) writeFileSync(file, `${other}\n`)
      },
    })
    expect(code).toBe(1)
    expect(err).toContain('somebody else has written')
    expect(counted(folder.path, 'E90-clean')).toMatchObject({ n: 1 })
  })

  it('refuses a broken evidence file until it starts over', async () => {
    await using folder = await temporaryFolder()
    const file = evidencePath(folder.path, 'E90-clean')
    await run(folder.path, ['E90-clean'])
    const text = await readFile(file, 'utf8')
    for (const broken of [
      text.slice(0, -20),
      text.replace('"n": 1', '"n": 2'),
      text.replace('E90-clean', 'E90-other'),
    ]) {
      await writeFile(file, broken)
      const { code, err } = await run(folder.path, ['E90-clean'])
      expect(code).toBe(2)
      expect(err).toContain(file)
    }
    expect((await run(folder.path, ['E90-clean', '--fresh'])).code).toBe(0)
  })

  it('lists what there is', async () => {
    await using folder = await temporaryFolder()
    const listed = await run(folder.path, ['--list'])
    expect(listed.code).toBe(0)
    const none = await run(folder.path, [])
    expect(none.code).toBe(2)
    expect(none.out).toContain('Usage: npm run experiment --')
    for (const { id } of experiments) {
      expect(listed.out).toContain(id)
      expect(none.out).toContain(id)
    }
  })
})

const clean: SourceVersion = { commit: 'aaaa', source: 's1', isDirty: false }

interface Surroundings {
  readonly signal?: AbortSignal
  /** What Git says, one answer after the other; the last one stays. */
  readonly versions?: readonly SourceVersion[]
  readonly onOut?: (line: string) => void
}

async function run(root: string, args: readonly string[], around: Surroundings = {}) {
  const out: string[] = []
  const err: string[] = []
  const versions = [...(around.versions ?? [clean])]
  const code = await runExperimentCommand(args, {
    experiments,
    registryFile: path.join(import.meta.dirname, 'self-test-experiments.ts'),
    root,
    readSourceVersion: () => (versions.length > 1 ? versions.shift() : versions[0]) ?? clean,
    machine: { cores: 2, memoryGiB: 24, node: '24.21.0' },
    clock: systemClock,
    signal: around.signal ?? new AbortController().signal,
    out: (text) => {
      out.push(text)
      around.onOut?.(text)
    },
    err: (text) => void err.push(text),
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

function counted(root: string, id: string) {
  return readEvidence(evidencePath(root, id))
}
