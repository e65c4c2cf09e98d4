import { describe, expect, it } from 'vitest'
import type { PlanOverrides } from '../world/world-plan.ts'
import { keepSignalling, makeSignalTopic } from '../world/signal-traffic.ts'
import { accountOfSignals } from '../world/signal-verdicts.ts'
import type { SignalAccount } from '../world/signal-verdicts.ts'
import { runSeeds, seedsFrom } from './run-seeds.ts'

const busy: PlanOverrides = {
  delivery: 'exactly_once',
  hasSignals: true,
  tables: 2,
  workload: { keys: 100, skew: 1, deleteShare: 0.2, paddingBytes: 20 },
}

describe('signals that are sent at random moments', () => {
  it.each<[string, number, PlanOverrides]>([
    ['to quiet workers', 1, { faults: {} }],
    ['to workers that die', 1_001, { faults: { 'worker-kill': 0.3, 'crash-point': 0.8 }, activeMs: 40_000 }],
    ['among faults of all kinds', 2_001, {}],
  ])(
    'are carried out once each, and told once each, %s',
    async (_, first, overrides) => {
      const accounts: SignalAccount[] = []
      const outcome = await runSeeds(
        seedsFrom(first, 20),
        { ...busy, ...overrides },
        {
          onReady: (world) => {
            makeSignalTopic(world, 1 + (world.plan.seed % 3))
            // Without items the snapshots are short; what counts is what becomes of the signals.
            keepSignalling(world, { untilMs: world.plan.activeMs, tables: ['orders-0', 'orders-1'] })
          },
          ending: {
            isOver: (world) =>
              world.writers.every(({ written }, index) => world.delivered(`orders-${index}`) >= written.length),
            account: (world) => ({ snapshots: accountOfSignals(world).snapshots }),
          },
          verdicts: (world) => {
            const account = accountOfSignals(world)
            accounts.push(account)
            return account.wrong
          },
        },
      )
      expect(outcome.failures).toEqual([])
      const sum = (of: (account: SignalAccount) => number): number =>
        accounts.reduce((total, account) => total + of(account), 0)
      expect(sum(({ signals }) => signals)).toBeGreaterThan(200)
      expect(sum(({ refused }) => refused)).toBeGreaterThan(20)
      expect(sum(({ snapshots }) => snapshots.get('orders-0') ?? 0)).toBeGreaterThan(20)
    },
    300_000,
  )
})
