import { describe, expect, it } from 'vitest'
import { watchContained } from '../world/contained-watch.ts'
import { runWorld } from '../world/run-world.ts'
import { planWorld } from '../world/world-plan.ts'
import type { PlanOverrides } from '../world/world-plan.ts'

/** Streams are behind: their pages are small, and much is written. */
const late: PlanOverrides = {
  delivery: 'exactly_once',
  pageRecords: 3,
  workload: { keys: 200, skew: 1, deleteShare: 0.2, paddingBytes: 20 },
  changesPerSecond: 60,
}
const snapshot = { items: 200, segments: 3, pageItems: 7, answerMs: 1_000 }

async function run(first: number, runs: number, overrides: PlanOverrides) {
  const failures: string[] = []
  let skipped = 0
  let regresses = 0
  for (let seed = first; seed < first + runs; seed++) {
    const watch = watchContained(300_000)
    const { findings } = await runWorld(planWorld(seed, { ...late, ...overrides }), watch.options)
    failures.push(...findings.examples.map((line) => `seed ${seed}: ${line}`))
    skipped += watch.skipped()
    regresses += watch.regresses().length
  }
  return { failures, skipped, regresses }
}

describe('changes that the rows of a snapshot contain', () => {
  it('are left out if this is wanted: then no item goes back, and nothing else is missing', async () => {
    const { failures, skipped, regresses } = await run(1, 9, {
      faults: {},
      snapshot: { ...snapshot, skipsContained: true },
    })
    expect(failures).toEqual([])
    expect(regresses).toBe(0)
    expect(skipped).toBeGreaterThan(200)
  }, 180_000)

  it('are delivered otherwise, and items do go back', async () => {
    const { failures, skipped, regresses } = await run(1, 3, { faults: {}, snapshot })
    expect(failures).toEqual([])
    expect(regresses).toBeGreaterThan(20)
    expect(skipped).toBe(0)
  }, 180_000)

  it('are the only ones that are missing, whatever else happens', async () => {
    const { failures, skipped } = await run(1_001, 10, {
      snapshot: { ...snapshot, skipsContained: true, answerMs: 2_000 },
    })
    expect(failures).toEqual([])
    expect(skipped).toBeGreaterThan(100)
  }, 180_000)

  it('cannot be told where streams have new images alone: such snapshots are refused, and changes go on', async () => {
    let refusals = 0
    const overrides = { ...late, faults: {}, tables: 1, snapshot: { ...snapshot, skipsContained: true } }
    const plan = planWorld(1, overrides)
    let rows = 0
    let delivered = 0
    await runWorld(plan, {
      onReady: ({ tables, onEvent }) => {
        for (const table of tables) {
          table.disableStream()
          table.enableStream('NEW_IMAGE')
        }
        onEvent(({ event }) => {
          if (event.kind === 'snapshot-refused') refusals += event.error.code === 'SNAPSHOT_IMAGES' ? 1 : 0
          if (event.kind === 'rows-committed') rows += event.rows
          if (event.kind === 'transaction-committed') delivered += event.changes
        })
      },
      drainMs: 5_000,
    })
    expect(refusals).toBe(1)
    expect(rows).toBe(0)
    expect(delivered).toBeGreaterThan(500)
  }, 60_000)
})
