import { expect, test } from 'vitest'
import { parseDuration } from './duration.ts'

test.each([
  ['20s', 20_000],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['500ms', 500],
  ['1m30s', 90_000],
  ['1.5s', 1_500],
])('%s is a duration', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '20', 's', '-5s', '0s', '5 s', '1d', '1e3s', '1..5s', 'Infinitys'])('"%s" is none', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})
