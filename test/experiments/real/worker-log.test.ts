import { describe, expect, it } from 'vitest'
import { readWorkerLine } from './worker-log.ts'

describe("a line of a worker's log", () => {
  it('is an event that says what the worker is doing', () => {
    const line = '1700000000000 {"kind":"lane-taken","lane":3,"shards":2,"tookMs":12.5}'
    const event = { kind: 'lane-taken', lane: 3, shards: 2, tookMs: 12.5 }
    expect(readWorkerLine(line)).toEqual({ kind: 'event', event })
  })

  it('is the last word of a worker at its crash point', () => {
    const line = '1700000000000 {"kind":"crash-point","point":"commit.end.after"}'
    expect(readWorkerLine(line)).toEqual({ kind: 'crash-point', point: 'commit.end.after' })
  })

  it('is how long its event loop stands still', () => {
    const line = '1700000000000 {"kind":"stalled","where":"commit.progress.before","ms":1234}'
    expect(readWorkerLine(line)).toEqual({ kind: 'stalled', ms: 1234 })
  })

  it('is what a worker died of', () => {
    const line = '1700000000000 {"kind":"died","error":{"message":"the ledger is lost"}}'
    expect(readWorkerLine(line)).toEqual({
      kind: 'died',
      reason: '{"kind":"died","error":{"message":"the ledger is lost"}}',
    })
  })

  it.each([
    '1700000000000 {"kind":"transaction-committed","lane":3}',
    'Error: something on standard error',
    '    at file.ts:1:1',
    '',
    '1700000000000 {"kind":"lane-ta',
  ])('is left alone otherwise: %s', (line) => {
    expect(readWorkerLine(line)).toBeUndefined()
  })
})
