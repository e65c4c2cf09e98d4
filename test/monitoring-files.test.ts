import { describe, expect, it } from 'vitest'
import { metricCatalogue } from '../src/observe/metric-catalogue.ts'
import type { MetricEntry } from '../src/observe/metric-entry.ts'
import { createPrometheusMetrics } from '../src/observe/prometheus-metrics.ts'
import { alertRules, anchorsOf, dashboard, expressions, metricsIn } from './fixtures/monitoring-files.ts'

const entries: Readonly<Record<string, MetricEntry>> = metricCatalogue
const page = await createPrometheusMetrics({ hasProcessMetrics: true }).expose()

/** The names of a metric's series: a histogram has three. */
function exists(name: string): boolean {
  const declared = entries[name.replace(/_(bucket|sum|count)$/, '')]
  if (declared?.kind === 'histogram') return name.endsWith('_bucket') || name.endsWith('_count')
  return page.includes(`# TYPE ${name} `)
}

describe('alert rules and dashboard', () => {
  it.each(expressions())('%s: every metric is one that is shown', (_, expr) => {
    const names = metricsIn(expr)
    expect(names).not.toEqual([])
    expect(names.filter((name) => !exists(name))).toEqual([])
  })

  it.each(expressions())('%s: every label is one that its metrics have', (_, expr) => {
    const known = new Set(['le', 'instance', 'pipeline', ...metricsIn(expr).flatMap((name) => labelsOf(name))])
    for (const [, made = ''] of expr.matchAll(/label_replace\([^,]*(?:\{[^}]*\})?[^,]*, "(\w+)"/g)) known.add(made)
    const used = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/))
    const matched = [...expr.matchAll(/\{([^}]*)\}/g)].flatMap(([, inner = '']) =>
      [...inner.matchAll(/(\w+)\s*[=!]~?"/g)].map(([, label = '']) => label),
    )
    expect([...used, ...matched].filter((label) => !known.has(label))).toEqual([])
  })

  it.each(alertRules().map((rule) => [rule.alert, rule] as const))('%s has a runbook that exists', (_, rule) => {
    const [file = '', anchor = ''] = rule.annotations['runbook_url']?.split('#') ?? []
    expect(file).toBe('docs/operations.md')
    expect(anchorsOf(file)).toContain(anchor)
    expect(['warning', 'critical']).toContain(rule.labels['severity'])
    expect(rule.annotations['summary']).toMatch(/\{\{ \$labels\.pipeline \}\}/)
  })
})

describe('the dashboard', () => {
  it('explains every panel, and lays none over another', () => {
    const { panels } = dashboard()
    const shown = panels.filter(({ type }) => type !== 'row')
    expect(shown.filter(({ description = '' }) => description === '')).toEqual([])
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const overlaps = panels.flatMap((one, at) =>
      panels.slice(at + 1).filter(({ gridPos: { x, y, w, h } }) => {
        const { gridPos } = one
        return x < gridPos.x + gridPos.w && gridPos.x < x + w && y < gridPos.y + gridPos.h && gridPos.y < y + h
      }),
    )
    expect(overlaps).toEqual([])
  })
})

function labelsOf(name: string): readonly string[] {
  return (entries[name] ?? entries[name.replace(/_(bucket|count)$/, '')])?.labels ?? []
}
