import { seededRng } from '../../../src/async/rng.ts'
import { objectFaultKinds } from '../../faults/object-faults.ts'
import type { ObjectFaultKind } from '../../faults/object-faults.ts'
import { exportingOptions } from '../../sim/world/exporting.ts'
import type { Exporting } from '../../sim/world/exporting.ts'
import { runWorld } from '../../sim/world/run-world.ts'
import type { World } from '../../sim/world/run-world.ts'
import { planWorld } from '../../sim/world/world-plan.ts'
import type { ExportFault, ExportsPlan, PlanOverrides } from '../../sim/world/world-plan.ts'
import type { Experiment, RunOutcome } from '../experiment.ts'
import { createVerdicts } from '../values/verdicts.ts'
import { outcomeOf } from './simulated-experiment.ts'

const hourMs = 3_600_000

/** Days, in which the stream forgets what was written while an export was made. */
function longPlan(seed: number, exports: ExportsPlan): PlanOverrides {
  return {
    delivery: 'exactly_once',
    brokers: 1,
    // Most items change once or twice: what is missed of them, no later change makes up for.
    workload: { keys: 8_000, skew: seed % 3 === 0 ? 2 : 1, deleteShare: 0.4, paddingBytes: 20 },
    changesPerSecond: 0.06,
    reshardsPerSecond: 1 / (3 * 3_600),
    activeMs: 1.25 * exports.fullMs + 20 * hourMs,
    followIntervalMs: 60_000,
    pollIdleCapMs: 120_000,
    listingMs: 1_800_000,
    sessionTimeoutMs: 240_000,
    dutyMs: 30_000,
    faults: {
      'worker-kill': 1 / (4 * 3_600),
      'crash-point': 1 / (2 * 3_600),
      'aws-error': 1 / 1_200,
      'aws-throttle': 1 / 1_200,
      'aws-corrupt': 1 / 1_200,
    },
    snapshot: { items: 2_000, segments: 2, pageItems: 1_000, answerMs: 0, exports },
  }
}

/** How exports go, as a seed decides: within minutes, or so slowly that one, two or more increments follow. */
function exportsOf(rng: () => number, faults: readonly ExportFault[]): ExportsPlan {
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(rng() * choices.length)] as T
  return {
    format: pick('DYNAMODB_JSON', 'DYNAMODB_JSON', 'ION'),
    fullMs: pick(0.3, 14, 30, 40) * hourMs,
    incrementMs: pick(0.3, 3) * hourMs,
    files: pick(1, 3, 6),
    skewMs: pick(0, 60_000),
    faults,
  }
}

const faultKinds: readonly ExportFault['kind'][] = [...objectFaultKinds, 'failed']

function drawMendedFaults(rng: () => number): readonly ExportFault[] {
  return Array.from({ length: 1 + Math.floor(rng() * 3) }, () => ({
    kind: faultKinds[Math.floor(rng() * faultKinds.length)] ?? 'failed',
    first: Math.floor(rng() ** 2 * 4),
    count: 1 + Math.floor(rng() * 2),
    healsAfterMs: rng() ** 2 * 5 * hourMs,
  }))
}

/** What a table's snapshot fails with while a fault lasts. */
const failsWith: Readonly<Record<Exclude<ObjectFaultKind, 'broken-body'> | 'failed', string>> = {
  'missing-file': 'EXPORT_MISSING',
  'missing-manifest': 'EXPORT_MISSING',
  'missing-file-list': 'EXPORT_MISSING',
  'truncated-file': 'EXPORT_INVALID',
  'flipped-bit': 'EXPORT_INVALID',
  'partial-list': 'EXPORT_INVALID',
  'repeated-file': 'EXPORT_INVALID',
  'cut-list': 'EXPORT_INVALID',
  overlap: 'EXPORT_GAP',
  hole: 'EXPORT_GAP',
  'earlier-table': 'EXPORT_FOREIGN',
  failed: 'EXPORT_FAILED',
}

/** Row E40: parts of exports are missing, repeated or damaged, for a while or for good. */
export const exportExperiments: readonly Experiment[] = [
  {
    id: 'E40-sim',
    title:
      'Tables begin with exports while they change and workers die; parts of exports are away or damaged for hours',
    tier: 'S',
    arm: 'tailrace',
    minimum: { records: 20, faults: { 'export-completed': 1, 'row-written': 300 } },
    target: { faults: { 'export-damaged': 500, 'increment-completed': 300, crash: 500 } },
    run: async (seed) => {
      const draw = seededRng(seed ^ 0xe40)
      const rng = (): number => draw.next()
      const plan = longPlan(seed, exportsOf(rng, drawMendedFaults(rng)))
      return runExports(seed, plan, exportingOptions('delivered'))
    },
  },
  {
    id: 'E40-lasting',
    title:
      'The same, but the damage lasts: snapshots fail by name, again after each restart, and nothing else is wrong',
    tier: 'S',
    arm: 'tailrace',
    minimum: { records: 0, faults: { 'snapshot-failed': 1, 'export-damaged': 1 } },
    target: { faults: { 'snapshot-failed': 200 } },
    run: async (seed) => {
      const draw = seededRng(seed ^ 0xe41)
      const rng = (): number => draw.next()
      const kinds = Object.keys(failsWith) as (keyof typeof failsWith)[]
      const kind = kinds[Math.floor(rng() * kinds.length)] ?? 'failed'
      // An increment can only be damaged where one is made.
      const first = rng() < 0.5 ? 0 : 1
      const drawn = exportsOf(rng, [
        { kind, first, count: Number.POSITIVE_INFINITY, healsAfterMs: Number.POSITIVE_INFINITY },
      ])
      const exports = first === 0 ? drawn : { ...drawn, fullMs: 14 * hourMs }
      const exporting = exportingOptions('failed')
      const outcome = await runExports(seed, { ...longPlan(seed, exports), tables: 1 }, exporting)
      const verdicts = createVerdicts()
      for (const code of exporting.failures())
        if (code !== failsWith[kind]) verdicts.add('silent-gap', `${kind} is told of as ${code}`)
      return verdicts.addTo(outcome)
    },
  },
]

/** A run, and how often parts of exports were found damaged. */
async function runExports(seed: number, overrides: PlanOverrides, exporting: Exporting): Promise<RunOutcome> {
  const { options, counts, failures } = exporting
  let world: World | undefined
  const onReady = (ready: World): void => {
    world = ready
    options.onReady?.(ready)
  }
  const outcome = await runWorld(planWorld(seed, overrides), { ...options, onReady })
  const { objects, streams } = world?.surroundings ?? {}
  const damaged = [...(objects?.struck.values() ?? [])].reduce((sum, times) => sum + times, 0)
  const failed = streams?.exports.made.filter(({ failure }) => failure !== undefined).length ?? 0
  const { completed, increments, rows, halts } = counts()
  const faults = {
    'export-completed': completed,
    'increment-completed': increments,
    'row-written': rows,
    'snapshot-halted': halts,
    'snapshot-failed': failures().length,
    'export-damaged': damaged + failed,
  }
  return { ...outcomeOf(outcome, faults), unseen: [], lag: [] }
}
