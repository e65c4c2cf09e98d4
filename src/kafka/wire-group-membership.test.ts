import { describe, expect, it } from 'vitest'
import { systemClock } from '../async/system-clock.ts'
import { systemRng } from '../async/system-rng.ts'
import { TailraceError } from '../errors.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import { createMembershipOver } from './wire-group-membership.ts'
import type { Wire } from './wire.ts'

/** A wire on which no request gets through, each time for the next of the reasons and from then on for the last. */
const deadWire = (...codes: readonly ErrorCode[]): Wire & { readonly asked: () => number } => {
  let asked = 0
  const refuse = (): Promise<never> => {
    const code = codes[Math.min(asked++, codes.length - 1)] ?? 'KAFKA_UNREACHABLE'
    return Promise.reject(new TailraceError(code, 'no connection'))
  }
  return {
    clock: systemClock,
    rng: systemRng,
    requestTimeoutMs: 1_000,
    send: refuse,
    features: refuse,
    asked: () => asked,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

describe('a member that reaches no broker', () => {
  it('tries again for as long as the brokers may be at fault, and leaves when this process is', async () => {
    const wire = deadWire('KAFKA_UNREACHABLE', 'KAFKA_TIMEOUT', 'OUT_OF_FILE_HANDLES')
    const problems: unknown[] = []
    await using member = createMembershipOver(wire, ['127.0.0.1:1'], {
      clock: systemClock,
      rng: systemRng,
      group: 'g',
      topic: 'ledger',
      onProblem: (error) => problems.push(error),
    })
    const assignments = member.assignments(AbortSignal.timeout(20_000))[Symbol.asyncIterator]()
    await expect(assignments.next()).rejects.toMatchObject({ code: 'OUT_OF_FILE_HANDLES' })
    expect(problems.map((error) => (error instanceof TailraceError ? error.code : error))).toEqual([
      'KAFKA_UNREACHABLE',
      'KAFKA_TIMEOUT',
      'OUT_OF_FILE_HANDLES',
    ])
    expect(wire.asked()).toBe(3)
    expect(member.owns(0)).toBe(false)
  })
})
