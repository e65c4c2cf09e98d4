import { expect, test } from 'vitest'
import { errorCodesSchema, errorCodesSection } from './error-codes-evidence.ts'

const outcome = { perSecond: 4.3, errors: ['TRANSACTION_IN_DOUBT'], recoveryMs: 1_250, struck: 13 }
const codes = errorCodesSchema.parse({
  commit: 'abc',
  source: 'def',
  date: '2026-11-25',
  refusalMs: 3_000,
  outcomes: [
    { ...outcome, api: 'Produce', codeName: 'REQUEST_TIMED_OUT', reaction: 'new-session' },
    { ...outcome, api: 'Produce', codeName: 'PRODUCER_FENCED', reaction: 'stop-worker', recoveryMs: 9 },
    {
      api: 'Fetch',
      codeName: 'REQUEST_TIMED_OUT',
      reaction: 'not-asked',
      perSecond: 0,
      errors: [],
      recoveryMs: 0,
      struck: 0,
    },
  ],
})

test('a row for each code and a column for each request; what was not measured stays empty', () => {
  const rows = errorCodesSection(codes)
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.replaceAll(/ +/g, ' '))
  expect(rows).toEqual([
    '| Code | Produce | Fetch |',
    '| ------------------- | ---------- | ----- |',
    '| `REQUEST_TIMED_OUT` | session | – |',
    '| `PRODUCER_FENCED` | **worker** | |',
  ])
})

test('the text tells the fastest asking and the slowest recovery', () => {
  expect(errorCodesSection(codes)).toMatch(/at most 4\.3 times a second meanwhile, and worked again at most 1,250 ms/)
})

test('an unknown reaction is refused', () => {
  expect(
    errorCodesSchema.safeParse({ ...codes, outcomes: [{ ...codes.outcomes[0], reaction: 'shrug' }] }).success,
  ).toBe(false)
})
