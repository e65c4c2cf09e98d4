import { expect, it } from 'vitest'
import { createPrometheusMetrics } from '../../observe/prometheus-metrics.ts'
import { createReplicationMetrics } from './replication-metrics.ts'

it('shows how changes come into a stream, until the owner of lane 0 is another one', async () => {
  const metrics = createPrometheusMetrics({ hasProcessMetrics: false })
  const onEvent = createReplicationMetrics(metrics.ofPipeline('p'))
  const watched = { kind: 'replication-watched', table: 'orders', oldestMs: 7_200_000, isActive: false } as const
  onEvent({ ...watched, failed: 3, throttled: 1 })
  onEvent({ ...watched, failed: 2, throttled: 0 })
  const page = await metrics.expose()
  expect(page).toContain('tailrace_kinesis_replication_failures_total{pipeline="p",table="orders"} 5')
  expect(page).toContain('tailrace_kinesis_replication_throttles_total{pipeline="p",table="orders"} 1')
  expect(page).toContain('tailrace_kinesis_replication_age_seconds{pipeline="p",table="orders"} 7200')
  expect(page).toContain('tailrace_kinesis_destination_active{pipeline="p",table="orders"} 0')
  onEvent({ kind: 'lane-released', lane: 1 })
  expect(await metrics.expose()).toContain('tailrace_kinesis_destination_active{pipeline="p",table="orders"} 0')
  onEvent({ kind: 'lane-released', lane: 0 })
  const later = await metrics.expose()
  expect(later).not.toContain('tailrace_kinesis_destination_active{')
  expect(later).not.toContain('tailrace_kinesis_replication_age_seconds{')
  expect(later).toContain('tailrace_kinesis_replication_failures_total{pipeline="p",table="orders"} 5')
})
