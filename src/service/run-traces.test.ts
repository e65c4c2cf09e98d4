import { describe, expect, it } from 'vitest'
import { seededRng } from '../async/rng.ts'
import { TailraceError } from '../errors.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import { createPipelineRuns } from './run-pipelines.ts'

describe('what is told of a run that failed', () => {
  it('holds no secrets, and nothing of an error that nobody knows', async () => {
    const failures: readonly unknown[] = [
      new TailraceError('SCHEMA_REGISTRY_AUTHORIZATION', 'the registry does not know canary'),
      new Error('canary'),
    ]
    for (const failure of failures) {
      await using runs = createPipelineRuns({
        process: 'p',
        clock: createManualClock(),
        rng: seededRng(1),
        run: () => Promise.reject(failure),
        hasSameMeaning: () => true,
        hide: (text) => text.replaceAll('canary', '[hidden]'),
      })
      const failed = new Promise<string>((resolve) => {
        runs.onChange(() => {
          const trace = runs.reports.get('orders')?.trace
          if (trace !== undefined) resolve(trace)
        })
      })
      runs.want([{ name: 'orders', config: {}, configId: '1.a', target: 'RUNNING' }])
      const trace = await failed
      expect(trace).not.toContain('canary')
      expect(trace).toMatch(/^[A-Z_]+: .+/)
    }
  })
})
