import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { renderEvidence } from './evidence-document.ts'
import { readEvidenceSet } from './evidence-set.ts'
import type { EvidenceSet } from './evidence-set.ts'
import { evidenceOfRun, joinEvidence } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import type { Experiment, RunOutcome } from './experiment.ts'
import { experiments } from './registry.ts'

const root = path.resolve(import.meta.dirname, '../..')

describe('docs/evidence.md', () => {
  it('and its charts are what the evidence says', () => {
    const docs = path.join(root, 'docs')
    const rendered = renderEvidence(readEvidenceSet(root), experiments)
    // If this fails: npm run evidence
    for (const [name, text] of rendered) expect(readFileSync(path.join(docs, name), 'utf8')).toBe(text)
    const folders = readdirSync(docs)
    const charts = folders.includes('evidence') ? readdirSync(path.join(docs, 'evidence')) : []
    expect(charts.map((name) => `evidence/${name}`).toSorted()).toEqual(
      [...rendered.keys()].filter((name) => name !== 'evidence.md').toSorted(),
    )
  })
})

describe('the renderer', () => {
  it('shows everything of a small set', () => {
    const files = renderEvidence(madeUp(), [ours, control])
    const text = files.get('evidence.md') ?? ''
    expect([...files.keys()]).toEqual([
      'evidence.md',
      'evidence/E01-unseen.svg',
      'evidence/E01-lag.svg',
      'evidence/E01-control-unseen.svg',
      'evidence/E01-control-lag.svg',
    ])
    expect(cells(text, '| E01 ').join(' | ')).toBe(
      'E01 | Workers are killed | tailrace, K | 2 | 3,000 worker-kill | 200,000 | 0 | 1.0 s / 20.0 s | `aaaa` | ' +
        '`npm run experiment -- E01 --fresh --seed 1 --runs 2`',
    )
    expect(text).toContain(
      '- E01: none in 2 runs (too few to say more), none after 3,000 worker-kill (below 0.1 % of them).',
    )
    expect(text).not.toContain('- E01-control: none')
    const beside = text.slice(text.indexOf('## Beside the control'))
    expect(cells(beside, '| Experiment ').slice(5)).toEqual(['lost', 'duplicate', 'reorder', 'torn'])
    expect(cells(beside, '| E01 ').slice(4)).toEqual(['200,000', '0', '0', '0', '0'])
    expect(cells(beside, '| E01-control ').slice(4)).toEqual(['100,000', '0', '41', '0', '3'])
    expect(text).toContain('- Target: 3,000 of 6,000 worker-kill, 200,000 of 5,000,000 records')
    expect(cells(text, '| `transaction-open` ')).toEqual(['`transaction-open`', '2,998', '99.9 %'])
    expect(text).toContain('p50 1.0 s, p90 20.0 s, p99 20.0 s, at most 20.0 s; 50 % within 15 s')
    expect(text).toContain('![E01: unseen](evidence/E01-unseen.svg)')
    expect(text).toContain('each of these bugs was planted in tailrace, and 1 of 2 were caught.')
    expect(cells(text, '| M02 ')).toEqual(['M02', 'Order is lost', '**nothing**', '–', '–', '2,000'])
    expect(text).toContain(
      'A worker has died at 1 of 2 points (50 %), and in 1 of 4 pairs of a point and a state (25 %).',
    )
    expect(cells(text, '| `before-commit` ')).toEqual(['`before-commit`', '12', '–', '12'])
    expect(cells(text, '| `after-commit` ')).toEqual(['`after-commit`', '–', '–', '**never**'])
    expect(text).toContain('## What was found\n\nA *bug*, and a\ntest for it.\n\n## Every fault')
    expect(text).toContain('Of 56 faults, 1 have an experiment, 7 wait')
    expect(text).toContain('done: E01, E01-control')
  })

  it('says plainly what failed, and names commits that were added up', () => {
    const failing = runs(ours, [
      [1, { anomalies: { lost: 2 } }],
      [2, {}],
    ])
    const later = evidenceOfRun(
      ours,
      { seed: 3, durationSeconds: 1, outcome: outcomeOf({}) },
      { ...origin, commit: 'bbbb' },
    )
    const set = { ...madeUp(), evidence: [joinEvidence(failing, later)] }
    const text = renderEvidence(set, [ours]).get('evidence.md') ?? ''
    expect(text).toContain('- E01: **2 lost**, in the runs with seeds 1.')
    expect(text).toContain('- Of these at `bbbb`, 2026-11-25: 1 run (seeds 3), 100,000 records, 1,500 worker-kill')
    expect(text).not.toContain('## Beside the control')
  })

  it('writes what the formatter would write', async () => {
    await using folder = await temporaryFolder()
    const text = renderEvidence({ ...madeUp(), findings: undefined }, [ours, control]).get('evidence.md') ?? ''
    const file = path.join(folder.path, 'evidence.md')
    writeFileSync(file, text)
    const oxfmt = path.join(root, 'node_modules', '.bin', 'oxfmt')
    execFileSync(process.execPath, [oxfmt, '-c', path.join(root, '.oxfmtrc.json'), file], {
      cwd: folder.path,
      stdio: 'pipe',
    })
    expect(readFileSync(file, 'utf8')).toBe(text)
  })
})

describe('the evidence folder', () => {
  it('may be missing, and holds nothing that nobody shows', async () => {
    await using folder = await temporaryFolder()
    expect(readEvidenceSet(folder.path)).toMatchObject({ evidence: [], mutants: undefined, findings: undefined })
    await mkdir(path.join(folder.path, 'evidence'))
    await writeFile(path.join(folder.path, 'evidence', 'mutants.json'), JSON.stringify(madeUp().mutants))
    const { mutants } = madeUp()
    expect(readEvidenceSet(folder.path)).toMatchObject({ mutants, crashPoints: undefined })
    await writeFile(path.join(folder.path, 'evidence', 'mutants.json'), '{"mutants":{}}')
    expect(() => readEvidenceSet(folder.path)).toThrow(/mutants\.json is broken/)
    await writeFile(path.join(folder.path, 'evidence', 'mutants.json'), JSON.stringify(mutants))
    await writeFile(path.join(folder.path, 'evidence', 'results.json'), '{}')
    expect(() => readEvidenceSet(folder.path)).toThrow('nobody knows what')
  })
})

const origin = {
  commit: 'aaaa',
  source: 's1',
  machine: { cores: 2, memoryGiB: 24, node: '24.21.0' },
  date: '2026-11-25',
}
const ours: Experiment = {
  id: 'E01',
  title: 'Workers are killed',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 1, faults: {} },
  target: { records: 5_000_000, faults: { 'worker-kill': 6_000 } },
  run: () => Promise.reject(new Error('is not run here')),
}
const control: Experiment = { ...ours, id: 'E01-control', arm: 'control' }

function madeUp(): EvidenceSet {
  return {
    evidence: [
      runs(ours, [
        [1, {}],
        [2, {}],
      ]),
      runs(control, [[1, { anomalies: { duplicate: 41, torn: 3 } }]]),
    ],
    mutants: {
      mutants: [
        {
          id: 'M01',
          title: 'A position is early',
          caughtBy: 'E01',
          seedsUntilCaught: { median: 3, max: 17 },
          runs: 20,
        },
        { id: 'M02', title: 'Order is lost', caughtBy: null, seedsUntilCaught: null, runs: 2_000 },
      ],
    },
    crashPoints: {
      points: ['before-commit', 'after-commit'],
      states: ['first', 'last'],
      hits: { 'before-commit': { first: 12 } },
    },
    findings: 'A *bug*, and a\ntest for it.\n',
  }
}

function runs(experiment: Experiment, outcomes: readonly (readonly [number, Partial<RunOutcome>])[]): Evidence {
  return outcomes
    .map(([seed, more]) => evidenceOfRun(experiment, { seed, durationSeconds: 60, outcome: outcomeOf(more) }, origin))
    .reduce(joinEvidence)
}

function outcomeOf(more: Partial<RunOutcome>): RunOutcome {
  return {
    records: 100_000,
    faults: { 'worker-kill': 1_500 },
    anomalies: {},
    replayed: 0,
    statesAtFault: { 'transaction-open': 1_499, idle: 1 },
    recoveryMs: [1_000, 20_000],
    unseen: [
      [0, 0],
      [1, 12],
      [2, 0],
    ],
    lag: [
      [0, 0],
      [2, 1.5],
    ],
    examples: [],
    ...more,
  }
}

/** The cells of the first table row that begins so. */
function cells(text: string, beginning: string): readonly string[] {
  const line = text.split('\n').find((line) => line.startsWith(beginning)) ?? ''
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}
