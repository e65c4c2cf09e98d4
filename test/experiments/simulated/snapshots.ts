import { seededRng } from '../../../src/async/rng.ts'
import { keepRetention } from '../../sim/world/outage.ts'
import type { World } from '../../sim/world/run-world.ts'
import type { PlanOverrides, SnapshotPlan } from '../../sim/world/world-plan.ts'
import type { Experiment } from '../experiment.ts'
import { worldWithVerdicts } from '../values/world-with-verdicts.ts'
import { containedChanges } from './contained-changes.ts'
import { createBoundMeter, createShareMeter } from './scan-meter.ts'
import { simulatedExperiment } from './simulated-experiment.ts'

const hourMs = 3_600_000
/** One segment, three items a page, and up to three seconds for each: 400 items take some minutes. */
const longScanMs = 900_000

/** Half of the items change while they are scanned, some of them away and back. */
const busy: PlanOverrides = {
  delivery: 'exactly_once',
  workload: { keys: 450, skew: 1, deleteShare: 0.15, paddingBytes: 20 },
  changesPerSecond: 40,
  activeMs: 25_000,
}

/** Over virtual days, what looks around by the clock would be nearly everything that happens. */
const seldom: PlanOverrides = {
  followIntervalMs: 10_000,
  pollIdleCapMs: 60_000,
  listingMs: 1_800_000,
  dutyMs: 10_000,
  sessionTimeoutMs: 60_000,
}

/** A seed decides how a table is scanned. */
function snapshotOf(seed: number, more: Partial<SnapshotPlan> = {}): SnapshotPlan {
  const rng = seededRng(seed ^ 0x5ca9)
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(rng.next() * choices.length)] as T
  return {
    items: 400,
    segments: pick(1, 2, 4, 16, 64),
    pageItems: pick(3, 10, 40),
    answerMs: pick(0, 500, 3_000),
    ...more,
  }
}

/** Counts what snapshots did, as faults of their runs: an experiment in which no row was displaced shows nothing. */
function countRows({ onEvent }: World): () => Readonly<Record<string, number>> {
  let items = 0
  let rows = 0
  onEvent(({ event }) => {
    if (event.kind !== 'rows-committed') return
    items += event.items
    rows += event.rows
  })
  return () => ({ 'row-written': rows, 'row-displaced': items - rows })
}

/** Rows D of the table, in simulated time. */
export const snapshotExperiments: readonly Experiment[] = [
  simulatedExperiment({
    id: 'E35-sim',
    title: 'Tables are scanned in 1 to 64 segments while half of their items are written, deleted and put back',
    overrides: (seed) => ({ ...busy, faults: {}, snapshot: snapshotOf(seed) }),
    options: { drainMs: longScanMs },
    minimum: { records: 100, faults: { 'row-written': 100 } },
    target: { records: 300_000, faults: { 'row-displaced': 10_000 } },
    prepare: countRows,
  }),
  simulatedExperiment({
    id: 'E35-overflow',
    title: 'The same, with ten times more changes than a lane can remember of the time that a page takes',
    overrides: (seed) => ({ ...busy, faults: {}, snapshot: snapshotOf(seed, { answerMs: 3_000, maxRecentKeys: 10 }) }),
    options: { drainMs: longScanMs },
    minimum: { records: 100, faults: { 'row-written': 100 } },
    target: { records: 100_000, faults: { 'row-written': 100_000 } },
    prepare: countRows,
  }),
  containedChanges({
    id: 'E35-chain',
    title: 'The same, and changes that rows contain are left out: no item goes back, and nothing else is missing',
    // Small pages keep the stream behind the scan.
    overrides: (seed) => ({
      ...busy,
      faults: {},
      pageRecords: 3,
      snapshot: snapshotOf(seed, { skipsContained: true }),
    }),
    drainMs: longScanMs,
    minimum: { records: 100, faults: {} },
    target: { records: 100_000, faults: { 'change-skipped': 1_000 } },
  }),
  simulatedExperiment({
    id: 'E36-sim',
    title: 'Workers are killed in the middle of snapshots, at random and at each named step',
    overrides: (seed) => ({
      ...busy,
      faults: { 'worker-kill': 0.3, 'crash-point': 0.5 },
      activeMs: 40_000,
      snapshot: snapshotOf(seed, { answerMs: 3_000 }),
    }),
    options: { drainMs: longScanMs },
    minimum: { records: 30, faults: { crash: 2, 'row-written': 100 } },
    target: { faults: { crash: 10_000 } },
    prepare: countRows,
  }),
  simulatedExperiment({
    id: 'E37-sim',
    title:
      'A snapshot takes two days, four minutes of each, while workers die and the stream keeps changes for 24 hours',
    overrides: {
      delivery: 'exactly_once',
      faults: { 'worker-kill': 1 / (4 * 3_600), 'crash-point': 1 / 7_200 },
      workers: 2,
      tables: 1,
      workload: { keys: 600, skew: 1, deleteShare: 0.15, paddingBytes: 20 },
      changesPerSecond: 0.02,
      reshardsPerSecond: 1 / (3 * 3_600),
      activeMs: 60 * hourMs,
      ...seldom,
      snapshot: {
        items: 560,
        segments: 4,
        pageItems: 1_000,
        answerMs: 5_000,
        itemsPerSecond: 1,
        window: '12:00-12:04',
      },
    },
    options: { drainMs: 64 * hourMs },
    minimum: { records: 1_000, faults: { crash: 15, 'row-written': 400, 'hour-of-scan': 48 } },
    target: { faults: { 'hour-of-scan': 6_000 } },
    prepare: (world) => {
      keepRetention(world)
      writeAtNoon(world)
      const rows = countRows(world)
      const scanned = hoursOfScan(world)
      return () => ({ ...rows(), 'hour-of-scan': scanned() })
    },
  }),
  worldWithVerdicts({
    id: 'E38-sim',
    title: "Scans have a tenth to all of a table's read capacity, and keep to it over any ten seconds",
    overrides: (seed) => ({
      delivery: 'exactly_once',
      faults: {},
      tables: 1,
      workload: { keys: 6_000, skew: 1, deleteShare: 0.1, paddingBytes: 4_000 },
      changesPerSecond: 5,
      activeMs: 60_000,
      snapshot: snapshotOf(seed, { items: 5_000, segments: 4, pageItems: 250, answerMs: 200, ...shares(seed) }),
    }),
    minimum: { records: 50, faults: { 'window-of-capacity': 5 } },
    target: { faults: { 'window-of-capacity': 1_000 } },
    intervene: createShareMeter,
  }),
  worldWithVerdicts({
    id: 'E38-throttled',
    title:
      'Scans are throttled, and the capacity of their tables is halved or doubled: they never take more than their share',
    overrides: (seed) => ({
      delivery: 'exactly_once',
      faults: { 'aws-throttle': 1 },
      tables: 1,
      workload: { keys: 6_000, skew: 1, deleteShare: 0.1, paddingBytes: 4_000 },
      changesPerSecond: 5,
      activeMs: 60_000,
      snapshot: snapshotOf(seed, { items: 5_000, segments: 4, pageItems: 250, answerMs: 200, ...shares(seed) }),
    }),
    minimum: { records: 50, faults: { 'window-of-capacity': 5, 'capacity-changed': 1, 'aws-throttle': 5 } },
    target: { faults: { 'window-of-capacity': 1_000, 'capacity-changed': 100 } },
    intervene: createBoundMeter,
  }),
]

function shares(seed: number): Pick<SnapshotPlan, 'readUnits' | 'capacity'> {
  const rng = seededRng(seed ^ 0xca9)
  const share = [10, 25, 50, 100][Math.floor(rng.next() * 4)] ?? 50
  return { capacity: `${share}%`, readUnits: Math.round(6_000 / share) }
}

/** While the table is scanned four changes come every second. */
function writeAtNoon({ plan, writers, surroundings: { time, originMs } }: World): void {
  const dayMs = 24 * hourMs
  const noonMs = (dayMs + 12 * hourMs - (originMs % dayMs)) % dayMs
  for (let at = noonMs; at < plan.activeMs; at += dayMs)
    for (let after = 0; after < 240_000; after += 250) time.after(at + after, () => writers[0]?.writeOne())
}

/** From the first page to the end of the snapshot, whole hours. */
function hoursOfScan({ onEvent, surroundings: { time } }: World): () => number {
  let from: number | undefined
  let to = 0
  onEvent(({ event }) => {
    if (event.kind !== 'rows-committed') return
    from ??= time.elapsedMs
    to = time.elapsedMs
  })
  return () => Math.floor((to - (from ?? to)) / hourMs)
}
