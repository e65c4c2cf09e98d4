import { describe, expect, it } from 'vitest'
import { metricCatalogue, metricFamilies } from './metric-catalogue.ts'
import type { MetricEntry } from './metric-entry.ts'
import { createPrometheusMetrics } from './prometheus-metrics.ts'

const entries: readonly (readonly [string, MetricEntry])[] = Object.entries(metricCatalogue)

describe('metricCatalogue', () => {
  it.each(Object.entries(metricFamilies.own))('%s follows Prometheus naming', (name, entry) => {
    expect(name).toMatch(/^tailrace_[a-z_]+$/)
    expect(name).not.toMatch(/_ms$|_mib$|_count$/)
    if (name.endsWith('_seconds')) expect(entry.unit).toBe('seconds')
  })

  it.each(entries)('%s is whole', (name, entry) => {
    expect(name).toMatch(/^(tailrace|debezium|kafka_connect)_[a-z_]+$/)
    expect(entry.kind === 'counter').toBe(name.endsWith('_total'))
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

  it('counts, sets, removes and observes, pipeline by pipeline', async () => {
    const metrics = createPrometheusMetrics({ hasProcessMetrics: false })
    const shop = metrics.ofPipeline('shop')
    shop.increment('tailrace_gap_total', { table: 'orders' })
    shop.increment('tailrace_gap_total', { table: 'orders' }, 2)
    metrics.ofPipeline('other').increment('tailrace_gap_total', { table: 'orders' })
    shop.set('tailrace_retention_headroom_seconds', { table: 'orders' }, 86_400)
    shop.set('tailrace_retention_headroom_seconds', { table: 'gone' }, 1)
    shop.remove('tailrace_retention_headroom_seconds', { table: 'gone' })
    shop.set('tailrace_inflight_bytes', {}, 5)
    shop.observe('tailrace_end_to_end_latency_seconds', { table: 'orders' }, 0.2)
    metrics.set('tailrace_build_info', { version: '1.2.3' }, 1)
    const text = await metrics.expose()
    expect(text).toContain('tailrace_gap_total{pipeline="shop",table="orders"} 3')
    expect(text).toContain('tailrace_gap_total{pipeline="other",table="orders"} 1')
    expect(text).toContain('tailrace_retention_headroom_seconds{pipeline="shop",table="orders"} 86400')
    expect(text).not.toContain('gone')
    expect(text).toContain('tailrace_inflight_bytes{pipeline="shop"} 5')
    expect(text).toContain('tailrace_end_to_end_latency_seconds_count{pipeline="shop",table="orders"} 1')
    expect(text).toContain('tailrace_build_info{version="1.2.3"} 1')
  })

  it('takes all series of a pipeline away with it, and no others', async () => {
    const metrics = createPrometheusMetrics({ hasProcessMetrics: false })
    const [shop, other] = [metrics.ofPipeline('shop'), metrics.ofPipeline('other')]
    let scrapes = 0
    for (const one of [shop, other]) {
      one.increment('tailrace_gap_total', { table: 'orders' })
      one.set('tailrace_inflight_bytes', {}, 5)
      one.observe('tailrace_commit_seconds', {}, 1)
    }
    shop.onScrape(() => void scrapes++)
    shop[Symbol.dispose]()
    const text = await metrics.expose()
    expect(text).not.toContain('shop')
    for (const name of ['tailrace_gap_total', 'tailrace_inflight_bytes', 'tailrace_commit_seconds_count'])
      expect(text).toMatch(new RegExp(`^${name}\\{pipeline="other"`, 'm'))
    expect(scrapes).toBe(0)
  })

  it('asks for fresh values before each exposition, until told not to', async () => {
    const metrics = createPrometheusMetrics({ hasProcessMetrics: false })
    const shop = metrics.ofPipeline('shop')
    let ageSeconds = 0
    const end = shop.onScrape(() => shop.set('tailrace_checkpoint_age_seconds', { lane: '0' }, ++ageSeconds))
    await metrics.expose()
    expect(await metrics.expose()).toContain('tailrace_checkpoint_age_seconds{pipeline="shop",lane="0"} 2')
    end()
    await metrics.expose()
    expect(ageSeconds).toBe(2)
  })

  it('keeps two instances apart and adds process metrics on request', async () => {
    const one = createPrometheusMetrics({ hasProcessMetrics: true })
    const other = createPrometheusMetrics({ hasProcessMetrics: false })
    one.ofPipeline('p').increment('tailrace_gap_total', { table: 't' })
    expect(await other.expose()).not.toContain('table="t"')
    expect(await one.expose()).toContain('process_cpu_seconds_total')
  })
})
