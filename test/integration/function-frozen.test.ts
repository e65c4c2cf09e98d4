import { expect, it } from 'vitest'
import { startAtOnce } from '../experiments/functions/cold-starts.ts'
import { runFreezes } from '../experiments/functions/function-freezes.ts'

it('a function that was frozen until its connections were forgotten goes on within seconds', async () => {
  const outcome = await runFreezes({ seed: 1, sandboxes: 3, rounds: 1, frozenMs: 6_000, timeLimitSeconds: 20 })
  const { lost, duplicated, failures, forgotten, thawMs } = outcome
  expect({ lost, duplicated, failures }).toEqual({ lost: 0, duplicated: 0, failures: [] })
  expect(forgotten).toBeGreaterThanOrEqual(3)
  // A request would wait for fifteen seconds.
  expect(Math.max(...thawMs)).toBeLessThan(10_000)
})

it('functions that start at once for the first time all start, and deliver each change once', async () => {
  const { lost, duplicated, failures, startMs } = await startAtOnce({ seed: 1, functions: 40, limitMs: 50_000 })
  expect({ lost, duplicated, failures }).toEqual({ lost: 0, duplicated: 0, failures: [] })
  expect(startMs).toHaveLength(40)
})
