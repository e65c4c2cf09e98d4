import { describe, expect, it } from 'vitest'
import { compareIdentity } from './identity.ts'
import type { IdentityEntry } from './ledger-entry.ts'

const ours: IdentityEntry = {
  kind: 'identity',
  pipeline: 'shop',
  clusterId: 'cluster',
  topicId: 'topic',
  lanes: 16,
  epoch: 2,
  fingerprint: 'abc',
}

describe('ledger identity', () => {
  it('accepts its own, and an older epoch of its own', () => {
    expect(compareIdentity(ours, ours)).toBe('same')
    expect(compareIdentity({ ...ours, epoch: 1, fingerprint: 'old' }, ours)).toBe('outdated')
  })

  it.each<[string, Partial<IdentityEntry>]>([
    ['LEDGER_FOREIGN', { pipeline: 'billing' }],
    ['LEDGER_FOREIGN', { clusterId: 'other' }],
    ['LEDGER_FOREIGN', { topicId: 'recreated' }],
    ['LEDGER_LANES', { lanes: 8 }],
    ['CONFIG_CONFLICT', { fingerprint: 'def' }],
    ['CONFIG_OUTDATED', { epoch: 3 }],
  ])('refuses with %s what differs by %o', (code, difference) => {
    expect(() => compareIdentity({ ...ours, ...difference }, ours)).toThrow(expect.objectContaining({ code }))
  })
})
