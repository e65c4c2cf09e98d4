import { expect, it } from 'vitest'
import { createAnswerStreaks } from './answer-streaks.ts'
import type { Attempt } from './answer-streaks.ts'

const attempt = (isGood: boolean, beganMs: number, endedMs: number): Attempt => ({
  isGood,
  beganMs,
  endedMs,
  text: `${beganMs}`,
})

it('counts from the first bad attempt to the end of the next good one', () => {
  const streaks = createAnswerStreaks()
  streaks.note(attempt(true, 0, 100))
  expect(streaks.longestMs).toBe(0)
  streaks.note(attempt(false, 1_000, 1_500))
  streaks.note(attempt(false, 2_000, 4_000))
  expect(streaks.longestMs).toBe(3_000)
  streaks.note(attempt(true, 4_500, 7_000))
  expect(streaks.longestMs).toBe(6_000)
  streaks.note(attempt(false, 8_000, 9_000))
  streaks.note(attempt(true, 9_000, 9_100))
  expect(streaks.longestMs).toBe(6_000)
  expect(streaks.longest).toEqual(['1000', '2000', '4500'])
})

it('counts what has not ended', () => {
  const streaks = createAnswerStreaks()
  streaks.note(attempt(false, 0, 500))
  streaks.note(attempt(false, 600, 12_000))
  expect(streaks.longestMs).toBe(12_000)
  expect(streaks.longest).toEqual(['0', '600'])
})
