import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLaneFold } from './lane-state.ts'
import type { LaneState } from './lane-state.ts'
import { ledgerKey } from './ledger-codec.ts'
import type { AtEntry, BeginEntry, LedgerEntry, SignalEntry } from './ledger-entry.ts'

const shard = { tableArn: 't', streamArn: 's', shardId: 'x' }
const sequence = fc.option(fc.bigInt(1n, 40n).map(String), { nil: undefined })

/** Entries as the protocol writes them: one configuration of parents per generation, one end per generation. */
const begins: fc.Arbitrary<BeginEntry> = fc
  .record({ generation: fc.integer({ min: 0, max: 2 }), parent: fc.constantFrom('p', 'q') })
  .map(({ generation, parent }) => ({
    kind: 'begin',
    ...shard,
    generation,
    parent: generation === 0 ? parent : undefined,
    parents: generation === 0 ? ['p', 'q'] : [],
    after: generation === 0 ? undefined : String(generation * 10),
    notBeforeMs: undefined,
    sinceMs: generation * 1000 + (parent === 'p' ? 1 : 2),
  }))
const ats: fc.Arbitrary<AtEntry> = fc
  .record({
    generation: fc.integer({ min: 0, max: 2 }),
    after: sequence,
    status: fc.constantFrom('open' as const, 'open' as const, 'end' as const),
  })
  .map(({ generation, after, status }) => ({
    kind: 'at',
    ...shard,
    generation,
    status,
    after: status === 'end' ? '99' : after,
    createdAtMs: undefined,
    committedAtMs: 0,
    movedTo: undefined,
    children: undefined,
  }))
const entries = fc.array(fc.oneof<fc.Arbitrary<LedgerEntry>[]>(begins, ats), { maxLength: 12 })

/** What reading goes by; a shard that waits is told apart by the parents that have ended. */
const essence = (state: LaneState): unknown =>
  [...state.shards.values()].map(({ generation, status, after, endedParents }) =>
    status === 'waiting' ? { generation, status, ended: [...endedParents].sort() } : { generation, status, after },
  )
const foldAll = (list: readonly LedgerEntry[]): unknown => {
  const fold = createLaneFold()
  for (const entry of list) fold.apply({ kind: 'entry', entry })
  return essence(fold.state)
}

describe('the fold of a ledger partition', () => {
  it('does not change when entries are read again', () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(foldAll([...list, ...list])).toEqual(foldAll(list))
      }),
    )
  })

  it('keeps the latest moment of the newest generation, in whatever order entries are read', () => {
    const moment = fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined })
    const withMoments = fc.array(
      fc.oneof(
        fc.tuple(begins, moment).map(([entry, begunAtMs]) => ({ ...entry, begunAtMs })),
        fc.tuple(ats, moment).map(([entry, begunAtMs]) => ({ ...entry, begunAtMs })),
      ),
      { minLength: 1, maxLength: 12 },
    )
    fc.assert(
      fc.property(withMoments, fc.infiniteStream(fc.nat()), (list, dice) => {
        const shuffled = list
          .map((entry) => ({ entry, at: dice.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ entry }) => entry)
        const newest = Math.max(...list.map(({ generation }) => generation))
        const moments = list.flatMap(({ generation, begunAtMs }) =>
          generation === newest && begunAtMs !== undefined ? [begunAtMs] : [],
        )
        const expected = moments.length === 0 ? undefined : Math.max(...moments)
        for (const order of [list, shuffled, [...shuffled, ...list]]) {
          const fold = createLaneFold()
          for (const entry of order) fold.apply({ kind: 'entry', entry })
          expect([...fold.state.shards.values()].map(({ begunAtMs }) => begunAtMs)).toEqual([expected])
        }
      }),
    )
  })

  it('never moves a position back, whatever is read late', () => {
    fc.assert(
      fc.property(entries, ats, (list, late) => {
        const fold = createLaneFold()
        for (const entry of list) fold.apply({ kind: 'entry', entry })
        const before = [...fold.state.shards.values()][0]
        fold.apply({ kind: 'entry', entry: late })
        const after = [...fold.state.shards.values()][0]
        if (before === undefined || after === undefined) return
        expect(after.generation).toBeGreaterThanOrEqual(before.generation)
        const mayGoBack = after.generation > before.generation || before.status === 'waiting'
        expect(mayGoBack || BigInt(after.after ?? 0) >= BigInt(before.after ?? 0)).toBe(true)
      }),
    )
  })

  it('does not depend on the order of positions', () => {
    const positions = fc.array(ats, { maxLength: 10 })
    fc.assert(
      fc.property(positions, fc.infiniteStream(fc.nat()), (list, dice) => {
        const shuffled = list
          .map((entry) => ({ entry, at: dice.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ entry }) => entry)
        expect(foldAll(shuffled)).toEqual(foldAll(list))
      }),
    )
  })

  it('keeps a newer generation when an older begin is written late, and the broker compacts', () => {
    // Without transactions a coordinator that was thought dead may still begin what it had found.
    const begin = (generation: number, after: string | undefined): LedgerEntry => ({
      kind: 'begin',
      ...shard,
      generation,
      parent: undefined,
      parents: [],
      after,
      notBeforeMs: undefined,
      sinceMs: undefined,
    })
    const log = [begin(0, undefined), begin(2, '20'), begin(0, undefined)]
    const compacted = [...new Map(log.map((entry) => [ledgerKey(entry), entry])).values()]
    expect(foldAll(compacted)).toEqual([{ generation: 2, status: 'open', after: '20' }])
  })

  it('opens a child of two parents when both have ended', () => {
    const child = (parent: string): LedgerEntry => ({
      kind: 'begin',
      ...shard,
      generation: 0,
      parent,
      parents: ['p', 'q'],
      after: undefined,
      notBeforeMs: undefined,
      sinceMs: parent === 'p' ? 7 : 3,
    })
    const fold = createLaneFold()
    fold.apply({ kind: 'entry', entry: child('p') })
    expect([...fold.state.shards.values()][0]?.status).toBe('waiting')
    fold.apply({ kind: 'entry', entry: child('q') })
    // What is unread is younger than the last change of either.
    expect([...fold.state.shards.values()][0]).toMatchObject({ status: 'open', sinceMs: 7 })
  })
})

describe('the fold of signal positions', () => {
  const positions: fc.Arbitrary<readonly SignalEntry[]> = fc.array(
    fc
      .record({ generation: fc.integer({ min: 0, max: 3 }), next: fc.nat(20), partition: fc.nat(1) })
      .map((drawn) => ({ kind: 'signal', source: 's', topicId: `of ${drawn.generation}`, ...drawn })),
    { minLength: 1, maxLength: 12 },
  )
  const fold = (list: readonly SignalEntry[]): ReadonlyMap<string, SignalEntry> => {
    const lane = createLaneFold()
    for (const entry of list) lane.apply({ kind: 'entry', entry })
    return new Map(lane.state.signals)
  }

  it('does not depend on order or repetition: the greatest generation stays, and of it the greatest position', () => {
    fc.assert(
      fc.property(positions, fc.infiniteStream(fc.nat()), (list, numbers) => {
        const shuffled = list
          .map((entry) => ({ entry, at: numbers.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ entry }) => entry)
        expect(fold([...shuffled, ...list])).toEqual(fold(list))
        for (const [key, { generation, next }] of fold(list)) {
          const own = list.filter((entry) => ledgerKey(entry) === key)
          expect(generation).toBe(Math.max(...own.map((entry) => entry.generation)))
          expect(next).toBe(Math.max(...own.filter((e) => e.generation === generation).map((e) => e.next)))
        }
      }),
    )
  })

  it('forgets a file that was removed', () => {
    const lane = createLaneFold()
    const facts = { source: 'file:a.taken', partition: 0, generation: 1, topicId: undefined, next: 7 }
    const entry: SignalEntry = { kind: 'signal', ...facts }
    lane.apply({ kind: 'entry', entry })
    expect(lane.apply({ kind: 'forget', key: ledgerKey(entry) })).toBe(true)
    expect(lane.state.signals.size).toBe(0)
  })
})
