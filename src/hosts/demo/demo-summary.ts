import { isExactlyOnce } from './delivery-check.ts'
import type { DeliveryResult } from './delivery-check.ts'
import type { Screen } from './screen.ts'

/** How the demo ended. */
export interface DemoSummary extends DeliveryResult {
  /** Milliseconds from sending a write to seeing its change; null if none was seen. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** Records that were put into Kinesis, and those of them that repeat others; undefined without Kinesis. */
  readonly kinesis?: { readonly records: number; readonly repeats: number } | undefined
}

/** The summary for programs. A phantom is a write that was not delivered as it was made, so it shows among the lost. */
export function summaryJson(summary: DemoSummary): Readonly<Record<string, number | null>> {
  const { existing, rows, written, delivered, duplicated, lost, reordered, p50Ms, p99Ms, kinesis } = summary
  const inKinesis = kinesis === undefined ? {} : { kinesisRecords: kinesis.records, kinesisRepeats: kinesis.repeats }
  return { existing, rows, written, ...inKinesis, delivered, duplicated, lost, reordered, p50Ms, p99Ms }
}

/** The summary for people. */
export function summaryLines(summary: DemoSummary, screen: Screen): readonly string[] {
  const { written, delivered, duplicated, lost, reordered, phantom, other, p50Ms, p99Ms } = summary
  const bad = (count: number): string => screen.paint(count === 0 ? 'green' : 'red', digits(count))
  const verdict = isExactlyOnce(summary)
    ? screen.paint('green', '✓ every change is in Kafka once, in order, as it was written')
    : screen.paint('red', '✗ what is in Kafka is not what was written')
  const { kinesis } = summary
  const lines: readonly (readonly [string, string])[] = [
    ...(kinesis === undefined
      ? [['existing items', digits(summary.existing)] as const, ['rows of them', digits(summary.rows)] as const]
      : []),
    ['written', digits(written)],
    ...(kinesis === undefined
      ? []
      : [
          [
            'in Kinesis',
            `${digits(kinesis.records)}, ${kinesis.repeats.toLocaleString('en-US')} of them repeats`,
          ] as const,
        ]),
    ['delivered', digits(delivered)],
    ['duplicated', bad(duplicated)],
    ['lost', bad(lost)],
    ['reordered', bad(reordered)],
    ...(phantom === 0 ? [] : [['never written', bad(phantom)] as const]),
    ...(other === 0 ? [] : [['wrong otherwise', bad(other)] as const]),
    ['write to Kafka', `p50 ${latency(p50Ms)}, p99 ${latency(p99Ms)}`],
  ]
  return ['', ...lines.map(([name, value]) => `  ${name.padEnd(16)}${value}`), '', verdict]
}

function digits(count: number): string {
  return count.toLocaleString('en-US').padStart(9)
}

function latency(ms: number | null): string {
  return ms === null ? '–' : `${ms} ms`
}
