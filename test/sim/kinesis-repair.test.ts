import { describe, expect, it } from 'vitest'
import { runRepairWorld } from './repair-world.ts'
import type { RepairOutcome, RepairPlan } from './repair-world.ts'

const windowMs = 300_000

const plan: RepairPlan = {
  rules: { windowMs, delayMs: windowMs },
  items: 12,
  changes: 250,
  duplicates: 0.1,
  disorder: 0.2,
  late: 0.02,
  reshard: 0.02,
  crash: 0.05,
  hasToggles: false,
  hasTies: false,
  memoryBytes: 1e9,
}

const seeds = Array.from({ length: 30 }, (_, index) => index + 1)

/** What a reader of the topic sees of each event that came in time: once. Of late deliveries: each, with its mark. */
function faultsOf(outcome: RepairOutcome): readonly string[] {
  const faults: string[] = []
  const out = [...outcome.output.values()].flat()
  const times = (eventId: string): number => out.filter((one) => one.eventId === eventId).length
  const late = new Map<string, number>()
  for (const eventId of outcome.lateDeliveries) late.set(eventId, (late.get(eventId) ?? 0) + 1)
  for (const eventId of outcome.made.keys()) {
    const expected = (outcome.inTime.has(eventId) ? 1 : 0) + (late.get(eventId) ?? 0)
    if (times(eventId) !== expected) faults.push(`${eventId} came out ${times(eventId)} times, not ${expected}`)
  }
  for (const [item, records] of outcome.output) {
    const clean = records.filter(({ isLate }) => !isLate)
    const newest = [...outcome.made.values()].findLast((change) => change.item === item)
    const last = clean.at(-1)?.eventId
    if (newest !== undefined && outcome.inTime.has(newest.eventId) && last !== newest.eventId)
      faults.push(`${item} ends with ${last}, not ${newest.eventId}`)
    const versions = clean.map(({ eventId }) => outcome.made.get(eventId)?.version ?? 0)
    if (versions.some((version, at) => version <= (versions[at - 1] ?? 0)))
      faults.push(`${item} went ${versions.join(' ')}`)
  }
  return faults
}

describe('a stream that repeats and disorders changes', () => {
  it.each([
    ['that wait as long as the window', plan],
    ['that share creation times', { ...plan, hasTies: true }],
  ] as const)(
    'is put in order within the window, for changes %s',
    async (_, world) => {
      let [reordered, shards, crashes, late] = [0, 0, 0, 0]
      for (const seed of seeds) {
        const outcome = await runRepairWorld(world, seed)
        expect(faultsOf(outcome), `seed ${seed}`).toEqual([])
        const flagged = [...outcome.output.values()].flat().filter(({ isLate }) => isLate)
        expect(
          flagged.filter(({ eventId }) => !outcome.delayed.has(eventId)),
          `seed ${seed}`,
        ).toEqual([])
        expect(outcome.counts.late, `seed ${seed}`).toBe(outcome.lateDeliveries.length)
        reordered += outcome.counts.reordered
        shards += outcome.shards
        crashes += outcome.crashes
        late += outcome.lateDeliveries.length
      }
      expect(Math.min(reordered, shards, crashes, late)).toBeGreaterThan(50)
    },
    60_000,
  )

  it.each([
    ['wait for a little while', { ...plan, rules: { windowMs, delayMs: windowMs / 20 } }],
    ['do not wait', { ...plan, rules: { windowMs, delayMs: 0 } }],
    ['go back and forth between two images', { ...plan, hasToggles: true, hasTies: true }],
  ] as const)(
    'ends with the newest change of each item, and has each change once, where changes %s',
    async (_, world) => {
      for (const seed of seeds) {
        const outcome = await runRepairWorld(world, seed)
        const faults = faultsOf(outcome).filter((fault) => !fault.includes(' went ') || !world.hasToggles)
        expect(faults, `seed ${seed}`).toEqual([])
      }
    },
  )
})
