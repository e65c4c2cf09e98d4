import { describe, expect, it } from 'vitest'
import { createLaneFold } from './lane-state.ts'
import type { LaneState } from './lane-state.ts'
import type { TableEntry } from './ledger-entry.ts'
import { missingTables } from './missing-tables.ts'

const entryOf = (name: string, version: number): TableEntry => ({
  kind: 'table',
  version,
  table: {
    arn: `arn:aws:dynamodb:eu-west-1:000000000000:table/${name}`,
    name,
    id: name,
    region: 'eu-west-1',
    account: '000000000000',
    streamArn: `arn:aws:dynamodb:eu-west-1:000000000000:table/${name}/stream/1`,
    viewType: 'NEW_AND_OLD_IMAGES',
    keySchema: [{ name: 'id', type: 'S' }],
  },
  topic: name,
  topicPartitions: 1,
  topicId: undefined,
  status: { kind: 'streaming' },
  notBeforeMs: undefined,
  homeLane: undefined,
  run: 0,
  snapshot: undefined,
  settled: undefined,
})

const ledgerWith = (...entries: readonly TableEntry[]): LaneState => {
  const fold = createLaneFold()
  for (const entry of entries) fold.apply({ kind: 'entry', entry })
  return fold.state
}

describe('missingTables', () => {
  it('finds nothing where all partitions agree', () => {
    const ledgers = [1, 2, 3].map(() => ledgerWith(entryOf('a', 2), entryOf('b', 1)))
    expect(missingTables(ledgers)).toEqual([])
  })
  it('gives the greatest version to every lane that lacks it, lane 0 included', () => {
    const ledgers = [ledgerWith(entryOf('a', 1)), ledgerWith(entryOf('a', 2), entryOf('b', 1)), ledgerWith()]
    expect(missingTables(ledgers)).toEqual([
      { lane: 0, entry: entryOf('a', 2) },
      { lane: 2, entry: entryOf('a', 2) },
      { lane: 0, entry: entryOf('b', 1) },
      { lane: 2, entry: entryOf('b', 1) },
    ])
  })
})
