import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createScanGate, defaultGateBounds } from './scan-gate.ts'

const minute = 60_000
const hour = 60 * minute

describe('the gate of a scan', () => {
  it('lets a scan go on beside a stream that keeps up', () => {
    const gate = createScanGate(createManualClock(), defaultGateBounds)
    expect(gate.verdict()).toBe('go')
    gate.delivered('a', 2_000)
    expect(gate.verdict()).toBe('go')
  })

  it('pauses it behind a stream that does not, until that has caught up by half', () => {
    const gate = createScanGate(createManualClock(), defaultGateBounds)
    gate.delivered('a', 2_000)
    gate.delivered('b', 16 * minute)
    expect([gate.verdict(), gate.behindMs]).toEqual(['pause', 16 * minute])
    gate.delivered('b', 10 * minute)
    expect(gate.verdict()).toBe('pause')
    gate.delivered('b', 7 * minute)
    expect(gate.verdict()).toBe('go')
    gate.delivered('b', 10 * minute)
    expect(gate.verdict()).toBe('go')
  })

  it('forgets a shard from which nothing comes any more', async () => {
    const clock = createManualClock()
    const gate = createScanGate(clock, defaultGateBounds)
    gate.delivered('a', 16 * minute)
    await clock.advance(61_000)
    expect(gate.verdict()).toBe('go')
  })

  it('parks it when the stream falls back for ever, and not while a backlog shrinks', () => {
    const gate = createScanGate(createManualClock(), defaultGateBounds)
    for (let behind = 23.5 * hour; behind > hour; behind -= hour) {
      gate.delivered('a', behind)
      expect(gate.verdict()).toBe('pause')
    }
    gate.delivered('a', 19.9 * hour)
    expect(gate.verdict()).toBe('pause')
    gate.delivered('a', 20 * hour)
    expect(gate.verdict()).toBe('park')
  })

  it('does not take the backlog of one shard for the falling back of another', () => {
    const gate = createScanGate(createManualClock(), defaultGateBounds)
    gate.delivered('a', 2_000)
    expect(gate.verdict()).toBe('go')
    gate.delivered('b', 22 * hour)
    expect(gate.verdict()).toBe('pause')
  })
})
