import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ForeignPosition } from '../change/foreign-position.ts'
import type { Shard } from '../change/shard.ts'
import type { Table } from '../change/table.ts'
import { beginnableShards } from './discovery-gate.ts'
import { ledgerKey } from './ledger-codec.ts'
import { createLaneFold } from './lane-state.ts'
import type { LaneFold, LaneState } from './lane-state.ts'
import type { TableEntry } from './ledger-entry.ts'
import { shardsOfLedger } from './ledger-shards.ts'
import { hasDelivered, loadedByAnother, loadedEntry, takeOver } from './take-over.ts'
import type { TakeOver } from './take-over.ts'

const lanes = 3
const nowMs = 1_800_000_000_000
const table: Table = {
  arn: 'arn',
  name: 'orders',
  id: 'id',
  region: 'r',
  account: 'a',
  streamArn: 'stream',
  viewType: 'NEW_AND_OLD_IMAGES',
  keySchema: [],
}
const entryOf: TableEntry = {
  kind: 'table',
  version: 1,
  table,
  topic: 't',
  topicPartitions: 1,
  topicId: undefined,
  status: { kind: 'streaming' },
  notBeforeMs: undefined,
  homeLane: undefined,
  run: 0,
  snapshot: undefined,
  settled: undefined,
}

function shard(shardId: string, ...parents: readonly string[]): Shard {
  return { shardId, parents, startingSequenceNumber: undefined, endingSequenceNumber: undefined }
}

const at = (sequenceNumber: string): ForeignPosition => ({ kind: 'after', sequenceNumber })
const begun: ForeignPosition = { kind: 'begun' }
const end: ForeignPosition = { kind: 'end' }

function newLedger(): readonly LaneFold[] {
  return Array.from({ length: lanes }, () => createLaneFold())
}

function take(
  ledger: readonly LaneFold[],
  listed: readonly Shard[],
  positions: Readonly<Record<string, ForeignPosition>>,
): TakeOver {
  const ledgers = ledger.map(({ state }) => state)
  const taken = takeOver(ledgers, { table, listed, positions: new Map(Object.entries(positions)), nowMs })
  for (const { lane, entry } of taken.entries) ledger[lane]?.apply({ kind: 'entry', entry })
  return taken
}

/** Status and position of each shard that the ledger knows. */
function statesOf(ledger: readonly LaneFold[]): Readonly<Record<string, string>> {
  const all = [...shardsOfLedger(ledger.map(({ state }) => state)).values()]
  return Object.fromEntries(all.map(({ shard: { shardId, status, after } }) => [shardId, `${status} ${after ?? '-'}`]))
}

function beginnable(ledger: readonly LaneFold[], listed: readonly Shard[]): readonly string[] {
  return beginnableShards(
    entryOf,
    listed,
    ledger.map(({ state }) => state),
  ).map(({ shardId }) => shardId)
}

describe('positions of another product', () => {
  it('become positions, ends, and beginnings of what has no unread parent', () => {
    const ledger = newLedger()
    const listed = [shard('a'), shard('b'), shard('c'), shard('a1', 'a'), shard('a2', 'a'), shard('c1', 'c')]
    take(ledger, listed, { a: end, b: at('17'), c: begun, a1: at('21'), gone: at('3') })
    expect(statesOf(ledger)).toEqual({ a: 'end -', b: 'open 17', c: 'open -', a1: 'open 21' })
    // The other child of what has ended is begun by the first listing; that of what has not, by its end.
    expect(beginnable(ledger, listed)).toEqual(['a2'])
  })

  it('that were tidied away are known by what was read behind them', () => {
    const ledger = newLedger()
    const listed = [shard('a'), shard('b', 'a'), shard('c', 'b')]
    take(ledger, listed, { c: at('9') })
    expect(statesOf(ledger)).toEqual({ a: 'end -', b: 'end -', c: 'open 9' })
  })

  it('prove nothing of what is before them as long as nothing was read there', () => {
    const ledger = newLedger()
    const listed = [shard('a'), shard('b', 'a')]
    const { shards } = take(ledger, listed, { b: begun })
    expect(shards.map(({ becomes }) => becomes)).toEqual(['later', 'later'])
    expect(beginnable(ledger, listed)).toEqual(['a'])
  })

  it('let no child be read beside its parent', () => {
    const ledger = newLedger()
    take(ledger, [shard('a'), shard('b', 'a')], { a: at('5'), b: begun })
    expect(statesOf(ledger)).toEqual({ a: 'open 5' })
    const sideBySide = (): TakeOver => take(newLedger(), [shard('a'), shard('b', 'a')], { a: at('5'), b: at('6') })
    expect(sideBySide).toThrow(expect.objectContaining({ code: 'LEASES_UNUSABLE' }))
  })

  it('are awaited since the shard was made where nothing was delivered: what is trimmed is a loss', () => {
    const born = 'shardId-00000001799990000000-abc'
    const { entries } = take(newLedger(), [shard(born)], { [born]: begun })
    expect(entries).toMatchObject([{ entry: { kind: 'begin', after: undefined, begunAtMs: 1_799_990_000_000 } }])
  })

  it('replace those that were taken over before, whatever they were', () => {
    const ledger = newLedger()
    const listed = [shard('a'), shard('b')]
    take(ledger, listed, { a: end, b: at('900') })
    take(ledger, listed, { a: at('3'), b: at('12') })
    expect(statesOf(ledger)).toEqual({ a: 'open 3', b: 'open 12' })
    take(ledger, listed, { a: end, b: end })
    expect(statesOf(ledger)).toEqual({ a: 'end -', b: 'end -' })
  })

  it('leave nothing out and read no shard beside one before it, whatever the lineage', () => {
    const kinds = fc.constantFrom<ForeignPosition | undefined>(undefined, begun, at('7'), end)
    const history = fc.array(fc.tuple(fc.integer({ min: -1, max: 30 }), kinds), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(history, (drawn) => {
        const listed = drawn.map(([parent], index) =>
          parent < 0 || index === 0 ? shard(`s${index}`) : shard(`s${index}`, `s${parent % index}`),
        )
        const given = drawn.flatMap(([, position], index) =>
          position === undefined ? [] : [[`s${index}`, position] as const],
        )
        const ledger = newLedger()
        try {
          take(ledger, listed, Object.fromEntries(given))
        } catch (error) {
          expect(error).toMatchObject({ code: 'LEASES_UNUSABLE' })
          return
        }
        const states = statesOf(ledger)
        const isEnded = (id: string): boolean => states[id]?.startsWith('end') === true
        const begins = new Set(beginnable(ledger, listed))
        for (const { shardId, parents } of listed) {
          const hasUnread = parents.some((parent) => !isEnded(parent))
          // Open, or to be begun now, exactly if nothing before it is unread.
          expect(states[shardId]?.startsWith('open') === true || begins.has(shardId)).toBe(
            !hasUnread && !isEnded(shardId),
          )
        }
      }),
      { numRuns: 500 },
    )
  })
})

it('items of a table count as delivered once that was said, and until it is taken back', () => {
  const fold = createLaneFold()
  const { entry } = loadedEntry('arn', true)
  expect(loadedByAnother(fold.state, table, nowMs)).toBeUndefined()
  fold.apply({ kind: 'entry', entry })
  expect(loadedByAnother(fold.state, table, nowMs)).toMatchObject({ state: 'completed', run: 0, endedAtMs: nowMs })
  expect(loadedByAnother(fold.state, { ...table, arn: 'other' }, nowMs)).toBeUndefined()
  expect(loadedEntry('arn', false)).toMatchObject({ lane: 0, isTombstone: true })
  fold.apply({ kind: 'forget', key: ledgerKey(entry) })
  expect(loadedByAnother(fold.state, table, nowMs)).toBeUndefined()
})

describe('a pipeline has delivered something', () => {
  const stateWith = (entries: TakeOver['entries'], isKnown: boolean): readonly LaneState[] => {
    const fold = createLaneFold()
    if (isKnown) fold.apply({ kind: 'entry', entry: entryOf })
    for (const { entry } of entries) fold.apply({ kind: 'entry', entry })
    return [fold.state]
  }
  const { entries } = take(newLedger(), [shard('a')], { a: at('5') })
  const fresh = take(newLedger(), [shard('a')], { a: begun }).entries

  it('if a worker has met its tables and there is a position', () => {
    expect(hasDelivered(stateWith(entries, true))).toBe(true)
    expect(hasDelivered(stateWith(entries, false))).toBe(false)
    expect(hasDelivered(stateWith(fresh, true))).toBe(false)
    expect(hasDelivered(stateWith([], true))).toBe(false)
  })
})
