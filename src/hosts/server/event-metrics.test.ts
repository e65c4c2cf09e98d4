import { describe, expect, it } from 'vitest'
import { createPrometheusMetrics } from '../../observe/prometheus-metrics.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createEventMetrics } from './event-metrics.ts'
import { createProgressBoard } from './progress-board.ts'

describe('what only some snapshots do', () => {
  it('is counted by table', async () => {
    const clock = createManualClock()
    const metrics = createPrometheusMetrics({ hasProcessMetrics: false })
    const parts = { clock, budget: { inFlightBytes: 0 }, isPerShard: false }
    const onEvent = createEventMetrics(metrics.ofPipeline('p'), createProgressBoard(clock), parts)
    onEvent({ kind: 'contained-changes-skipped', lane: 1, table: 'orders', changes: 3 })
    onEvent({ kind: 'contained-changes-skipped', lane: 1, table: 'orders', changes: 4 })
    onEvent({ kind: 'vanished-committed', lane: 1, table: 'orders', partition: 0, deletes: 5, isDone: true })
    const page = await metrics.expose()
    expect(page).toContain('tailrace_snapshot_changes_skipped_total{pipeline="p",table="orders"} 7')
    expect(page).toContain('tailrace_snapshot_deletes_total{pipeline="p",table="orders"} 5')
    expect(page).not.toContain('tailrace_snapshot_rows_total{')
  })
})
