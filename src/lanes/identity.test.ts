import { describe, expect, it } from 'vitest'
import { compareIdentity, countWithoutIdentity } from './identity.ts'
import { createLaneFold } from './lane-state.ts'
import type { LaneState } from './lane-state.ts'
import type { BeginEntry, IdentityEntry } from './ledger-entry.ts'

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

const begin: BeginEntry = {
  kind: 'begin',
  tableArn: 'table',
  streamArn: 'stream',
  shardId: 'shard',
  generation: 0,
  parent: undefined,
  parents: [],
  after: undefined,
  notBeforeMs: undefined,
  sinceMs: undefined,
}

const ledgerOf = (...entries: readonly (IdentityEntry | BeginEntry)[]): LaneState => {
  const fold = createLaneFold()
  for (const entry of entries) fold.apply({ kind: 'entry', entry })
  return fold.state
}

describe('partitions without an identity', () => {
  it('are all of them before a first start, and none later', () => {
    expect(countWithoutIdentity([ledgerOf(), ledgerOf()])).toBe(2)
    expect(countWithoutIdentity([ledgerOf(ours), ledgerOf(ours, begin)])).toBe(0)
  })
  it('may be some, where a first start was cut short before anything had begun', () => {
    expect(countWithoutIdentity([ledgerOf(), ledgerOf(ours)])).toBe(1)
  })
  it('are a loss where something has begun', () => {
    const lost = expect.objectContaining({ code: 'LEDGER_LOST' })
    expect(() => countWithoutIdentity([ledgerOf(), ledgerOf(ours, begin)])).toThrow(lost)
    expect(() => countWithoutIdentity([ledgerOf(begin), ledgerOf()])).toThrow(lost)
  })
})
