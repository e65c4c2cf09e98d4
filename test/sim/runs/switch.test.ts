import { describe, expect, it } from 'vitest'
import { isClean } from '../../../src/oracle/anomalies.ts'
import { switched } from '../../experiments/simulated/lambda.ts'
import { planFunctionWorld } from '../lambda/function-plan.ts'
import { runSwitchWorld } from '../lambda/run-switch-world.ts'
import { seedsFrom } from './run-seeds.ts'

describe('a pipeline that is switched', () => {
  it('is given to its workers and back without loss and repeats, also by commands that are killed', async () => {
    const failures: string[] = []
    const total = { switched: 0, killed: 0, invocations: 0 }
    for (const seed of seedsFrom(74_000, 6)) {
      const { findings, switches, lambda } = await runSwitchWorld(planFunctionWorld(seed, switched))
      if (!isClean(findings)) failures.push(`seed ${seed}: ${findings.examples.slice(0, 3).join('; ')}`)
      total.switched += switches.switched
      total.killed += switches.killed
      total.invocations += lambda.invocations.length
    }
    expect(failures).toEqual([])
    expect(total.switched).toBeGreaterThan(8)
    expect(total.killed).toBeGreaterThan(2)
    expect(total.invocations).toBeGreaterThan(100)
  }, 120_000)
})
