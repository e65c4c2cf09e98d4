import { expect, it } from 'vitest'
import { createAnswerStreaks } from './answer-streaks.ts'

it('counts from the first bad attempt to the end of the next good one', () => {
  const streaks = createAnswerStreaks()
  streaks.note(true, 0, 100)
  expect(streaks.longestMs).toBe(0)
  streaks.note(false, 1_000, 1_500)
  streaks.note(false, 2_000, 4_000)
  expect(streaks.longestMs).toBe(3_000)
  streaks.note(true, 4_500, 7_000)
  expect(streaks.longestMs).toBe(6_000)
  streaks.note(false, 8_000, 9_000)
  streaks.note(true, 9_000, 9_100)
  expect(streaks.longestMs).toBe(6_000)
})

it('counts what has not ended', () => {
  const streaks = createAnswerStreaks()
  streaks.note(false, 0, 500)
  streaks.note(false, 600, 12_000)
  expect(streaks.longestMs).toBe(12_000)
})
