import { describe, expect, it } from 'vitest'
import { epochOf, makeConfigId, nextEpoch } from './config-id.ts'

describe('nextEpoch', () => {
  const ours = 'a'
  it.each([
    ['the first start', { before: undefined, ledger: undefined }, 1],
    ['a pipeline that ran with the same file', { before: undefined, ledger: { epoch: 5, fingerprint: 'a' } }, 5],
    ['a pipeline that ran with another one', { before: undefined, ledger: { epoch: 5, fingerprint: 'b' } }, 6],
    [
      'a change without a meaning',
      { before: { epoch: 3, fingerprint: 'a' }, ledger: { epoch: 3, fingerprint: 'a' } },
      3,
    ],
    ['a change', { before: { epoch: 3, fingerprint: 'b' }, ledger: { epoch: 3, fingerprint: 'b' } }, 4],
    [
      'a change back, before anybody ran the change',
      { before: { epoch: 4, fingerprint: 'b' }, ledger: { epoch: 3, fingerprint: 'a' } },
      5,
    ],
    [
      'a worker of its own had a newer one',
      { before: { epoch: 3, fingerprint: 'a' }, ledger: { epoch: 9, fingerprint: 'b' } },
      10,
    ],
    [
      'a configuration before it that nobody can read',
      { before: { epoch: 3, fingerprint: undefined }, ledger: undefined },
      4,
    ],
  ])('%s', (_, { before, ledger }, expected) => {
    expect(nextEpoch({ fingerprint: ours, asked: 1, before, ledger })).toBe(expected)
  })

  it('is at least what is asked for', () => {
    expect(nextEpoch({ fingerprint: ours, asked: 7, before: { epoch: 3, fingerprint: 'a' }, ledger: undefined })).toBe(
      7,
    )
  })
})

describe('makeConfigId', () => {
  it('holds the epoch', () => {
    expect(epochOf(makeConfigId(12, 'x-1'))).toBe(12)
    expect(epochOf('something')).toBeUndefined()
  })
})
