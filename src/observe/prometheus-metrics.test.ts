import { describe, expect, it } from 'vitest'
import { metricCatalogue } from './metric-catalogue.ts'
import type { MetricEntry } from './metric-catalogue.ts'
import { createPrometheusMetrics } from './prometheus-metrics.ts'

const entries: readonly (readonly [string, MetricEntry])[] = Object.entries(metricCatalogue)

describe('metricCatalogue', () => {
  it.each(entries)('%s follows Prometheus naming', (name, entry) => {
    expect(name).toMatch(/^tailrace_[a-z_]+$/)
    expect(entry.kind === 'counter').toBe(name.endsWith('_total'))
    expect(name).not.toMatch(/_ms$|_mib$|_count$/)
    expect(entry.help).toMatch(/\.$/)
    expect(entry.buckets !== undefined).toBe(entry.kind === 'histogram')
    for (const label of entry.labels) expect(label).toMatch(/^[a-z_]+$/)
  })
})

describe('createPrometheusMetrics', () => {
  it('exposes every metric of the catalogue with its help', async () => {
    const text = await createPrometheusMetrics({ hasProcessMetrics: false }).expose()
    for (const [name, entry] of entries) expect(text).toContain(`# HELP ${name} ${entry.help}`)
    expect(text).not.toContain('process_')
  })

  it('counts, sets, removes and observes', async () => {
    const metrics = createPrometheusMetrics({ hasProcessMetrics: false })
    metrics.increment('tailrace_gap_total', { table: 'orders' })
    metrics.increment('tailrace_gap_total', { table: 'orders' }, 2)
    metrics.set('tailrace_retention_headroom_seconds', { table: 'orders' }, 86_400)
    metrics.set('tailrace_retention_headroom_seconds', { table: 'gone' }, 1)
    metrics.remove('tailrace_retention_headroom_seconds', { table: 'gone' })
    metrics.set('tailrace_inflight_bytes', {}, 5)
    metrics.observe('tailrace_end_to_end_latency_seconds', { table: 'orders' }, 0.2)
    const text = await metrics.expose()
    expect(text).toContain('tailrace_gap_total{table="orders"} 3')
    expect(text).toContain('tailrace_retention_headroom_seconds{table="orders"} 86400')
    expect(text).not.toContain('gone')
    expect(text).toContain('tailrace_inflight_bytes 5')
    expect(text).toContain('tailrace_end_to_end_latency_seconds_count{table="orders"} 1')
  })

  it('asks for fresh values before each exposition, until told not to', async () => {
    const metrics = createPrometheusMetrics({ hasProcessMetrics: false })
    let ageSeconds = 0
    const end = metrics.onScrape(() => metrics.set('tailrace_checkpoint_age_seconds', { lane: '0' }, ++ageSeconds))
    await metrics.expose()
    expect(await metrics.expose()).toContain('tailrace_checkpoint_age_seconds{lane="0"} 2')
    end()
    await metrics.expose()
    expect(ageSeconds).toBe(2)
  })

  it('keeps two instances apart and adds process metrics on request', async () => {
    const one = createPrometheusMetrics({ hasProcessMetrics: true })
    const other = createPrometheusMetrics({ hasProcessMetrics: false })
    one.increment('tailrace_gap_total', { table: 't' })
    expect(await other.expose()).not.toContain('table="t"')
    expect(await one.expose()).toContain('process_cpu_seconds_total')
  })
})
