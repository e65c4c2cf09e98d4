import { describe, expect, it } from 'vitest'
import { begun, createMemoryLedger, delivered, lanes, ordersEntry } from '../../test/fixtures/memory-ledger.ts'
import type { IdentityEntry, LedgerEntry, SignalEntry, TopicEntry } from './ledger-entry.ts'
import { resetLedger } from './ledger-reset.ts'

const identity: IdentityEntry = {
  kind: 'identity',
  pipeline: 'shop',
  clusterId: 'c',
  topicId: 'l',
  lanes,
  epoch: 3,
  fingerprint: 'f',
}
const signalled: SignalEntry = { kind: 'signal', source: 's', partition: 0, generation: 1, topicId: 'x', next: 7 }
const topic: TopicEntry = {
  kind: 'topic',
  tableArn: 'arn',
  topic: 'big',
  writer: 1,
  version: 1,
  partitions: 3,
  topicId: 'old',
}
const snapshotOf: readonly LedgerEntry[] = [
  {
    kind: 'scan',
    tableArn: 'arn',
    run: 1,
    segment: 0,
    totalSegments: 1,
    lastKey: 'k',
    pages: 3,
    items: 9,
    rows: 9,
    units: 1,
    isDone: false,
  },
  { kind: 'answer', tableArn: 'arn', run: 1, lane: 0 },
  { kind: 'baseline', tableArn: 'arn', run: 1, offsets: ['4'] },
]
const options = { nowMs: 9, idOf: () => 'r-1' }

describe('the reset of a ledger', () => {
  it('forgets tables, positions and snapshots, and keeps whose ledger it is and what signals were carried out', () => {
    const ledger = createMemoryLedger(
      identity,
      signalled,
      topic,
      ordersEntry,
      ...snapshotOf,
      begun('p'),
      delivered('p', '10', ['c']),
      begun('c', 'p'),
    )
    const change = resetLedger(ledger.read(), options)
    expect(change.shards.map(({ shardId }) => shardId).sort()).toEqual(['c', 'p'])
    ledger.write(change.entries)
    for (const state of ledger.read()) {
      expect(state.identity).toEqual(identity)
      expect(state.signals.size).toBe(1)
      expect([...state.topics.values()]).toMatchObject([{ partitions: 3, topicId: undefined }])
      for (const kind of ['tables', 'shards', 'scans', 'answers', 'baselines', 'reports', 'stops', 'requests'] as const)
        expect([kind, state[kind].size]).toEqual([kind, 0])
    }
  })

  it('asks anew for tables to rest', () => {
    const ledger = createMemoryLedger({ ...ordersEntry, rest: { target: 'PAUSED', sinceMs: 3 } })
    ledger.write(resetLedger(ledger.read(), options).entries)
    expect(ledger.read().map(({ requests }) => [...requests.values()])).toEqual([
      [{ kind: 'request', id: 'r-1', tableArn: 'arn', action: { kind: 'target', target: 'PAUSED' }, atMs: 9 }],
      [],
      [],
    ])
  })

  it('does the rest when it is repeated after a part', () => {
    const ledger = createMemoryLedger(ordersEntry, begun('p'), delivered('p', '10'), begun('q'))
    const { entries } = resetLedger(ledger.read(), options)
    ledger.write(entries.slice(0, 3))
    ledger.write(resetLedger(ledger.read(), options).entries)
    for (const state of ledger.read()) expect([state.tables.size, state.shards.size]).toEqual([0, 0])
    expect(resetLedger(ledger.read(), options)).toEqual({ entries: [], shards: [] })
  })
})
