import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { summaryJson, summaryLines } from './demo-summary.ts'
import { createScreen } from './screen.ts'

const good = {
  existing: 2_000,
  rows: 2_000,
  written: 4_000,
  delivered: 4_000,
  duplicated: 0,
  lost: 0,
  reordered: 0,
  phantom: 0,
  other: 0,
  p50Ms: 12,
  p99Ms: 34,
}

test('the JSON summary has these members in this order', () => {
  expect(JSON.stringify(summaryJson(good))).toBe(
    '{"existing":2000,"rows":2000,"written":4000,"delivered":4000,"duplicated":0,"lost":0,"reordered":0,"p50Ms":12,"p99Ms":34}',
  )
})

test('the summary for people ends with the verdict', () => {
  const screen = createScreen(new PassThrough(), {})
  expect(summaryLines(good, screen).at(-1)).toBe('✓ every change is in Kafka once, in order, as it was written')
  const bad = summaryLines({ ...good, phantom: 1 }, screen)
  expect(bad.at(-1)).toBe('✗ what is in Kafka is not what was written')
  expect(bad).toContain('  never written           1')
  const miscounted = summaryLines({ ...good, other: 2 }, screen)
  expect(miscounted.at(-1)).toBe('✗ what is in Kafka is not what was written')
  expect(miscounted).toContain('  wrong otherwise         2')
})

test('with Kinesis the summary tells what was put there, and nothing of a snapshot', () => {
  const summary = { ...good, existing: 0, rows: 0, kinesis: { records: 4_123, repeats: 123 } }
  expect(JSON.stringify(summaryJson(summary))).toBe(
    '{"existing":0,"rows":0,"written":4000,"kinesisRecords":4123,"kinesisRepeats":123,"delivered":4000,"duplicated":0,"lost":0,"reordered":0,"p50Ms":12,"p99Ms":34}',
  )
  const lines = summaryLines(summary, createScreen(new PassThrough(), {}))
  expect(lines).toContain('  in Kinesis          4,123, 123 of them repeats')
  expect(lines.join()).not.toContain('rows of them')
})
