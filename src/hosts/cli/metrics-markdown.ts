import { markdownTable } from '../../config/markdown-table.ts'
import { metricFamilies } from '../../observe/metric-catalogue.ts'
import type { MetricEntry } from '../../observe/metric-entry.ts'

const titles: Readonly<Record<keyof typeof metricFamilies, string>> = {
  own: "tailrace's own",
  debezium: "Debezium's",
  connect: "Kafka Connect's",
}

/** Every metric by family in Markdown, made from their declarations. */
export function metricsMarkdown(): string {
  const sections: string[] = []
  for (const family of ['own', 'debezium', 'connect'] as const)
    sections.push(`### ${titles[family]}`, tableOf(metricFamilies[family]))
  return sections.join('\n\n')
}

function tableOf(family: Readonly<Record<string, MetricEntry>>): string {
  const rows = Object.entries(family).map(([name, { kind, unit, scope, labels, help }]) => {
    const all = scope === 'pipeline' ? ['pipeline', ...labels] : labels
    return [`\`${name}\``, kind, unit, all.map((label) => `\`${label}\``).join(', '), help]
  })
  return markdownTable(['metric', 'type', 'unit', 'labels', 'meaning'], rows)
}
