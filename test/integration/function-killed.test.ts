import { expect, it } from 'vitest'
import { runFunction } from '../experiments/functions/function-run.ts'
import { functionPlan } from '../experiments/real/rows/function-kills.ts'

it('a packed function that is killed, frozen and cut off delivers each change once, in order', async () => {
  const few = { changes: 3_000, kills: 10, freezes: 1, stalls: 1, changesPerSecond: 250 }
  const outcome = await runFunction(functionPlan(3, few), AbortSignal.timeout(110_000))
  const { findings, log, mapping, errors, transactions } = outcome
  const wrong = Object.entries(findings.anomalies).filter(([, count]) => count > 0)
  expect({ wrong, examples: findings.examples }).toEqual({ wrong: [], examples: [] })
  expect(findings.delivered).toBe(findings.written)
  expect(findings.written).toBeGreaterThanOrEqual(few.changes)
  expect(log.faults).toEqual({ 'sandbox-kill': 10, 'sandbox-freeze': 1, 'broker-stall': 1 })
  // Some were struck after they had asked for something of the broker.
  expect(Object.keys(log.states).length).toBeGreaterThan(2)
  expect(mapping.recordsInvoked).toBeGreaterThan(mapping.recordsDone)
  expect(transactions.open).toBe(0)
  const expected = new Set(['Runtime.ExitError', 'LAMBDA_OUT_OF_TIME', 'timeout'])
  expect([...errors.keys()].filter((name) => !expected.has(name))).toEqual([])
}, 120_000)
