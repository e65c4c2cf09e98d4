import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLaneFold, topicKey } from './lane-state.ts'
import type { LaneState } from './lane-state.ts'
import type { AddressedEntry, TopicEntry } from './ledger-entry.ts'
import { decodeEntry, encodeEntry, ledgerKey } from './ledger-codec.ts'
import { acceptTopic, forgetTopicIds, isSameTopic, topicsOfLedger } from './topic-pins.ts'

const entry: TopicEntry = {
  kind: 'topic',
  tableArn: 'arn:aws:kinesis:eu-west-1:000000000000:stream/changes',
  topic: 'shop.orders',
  writer: 2,
  version: 1,
  partitions: 6,
  topicId: 'first',
}

function fold(entries: readonly TopicEntry[]): LaneState {
  const lane = createLaneFold()
  for (const one of entries) lane.apply({ kind: 'entry', entry: one })
  return lane.state
}

/** Puts what is to be written into the ledgers that it was decided over. */
function written(ledgers: readonly LaneState[], entries: readonly AddressedEntry[]): readonly LaneState[] {
  return ledgers.map((ledger, lane) =>
    fold([
      ...ledger.topics.values(),
      ...entries.filter((one) => one.lane === lane).map((one) => one.entry as TopicEntry),
    ]),
  )
}

describe('the entry of a topic', () => {
  it('comes back as it was stored, with and without an id', () => {
    for (const one of [entry, { ...entry, topicId: undefined }]) {
      const { key, value } = encodeEntry(one)
      expect(decodeEntry(key, value)).toEqual({ kind: 'entry', entry: one })
    }
  })

  it('of each lane has a key of its own, and stands for all of them once it is folded', () => {
    expect(ledgerKey(entry)).not.toBe(ledgerKey({ ...entry, writer: 3 }))
    expect([...fold([entry, { ...entry, writer: 3, version: 2 }]).topics.keys()]).toEqual([topicKey(entry)])
  })

  it('is the same after any order, repetition, and compaction by key', () => {
    const entries = fc.array(
      fc
        .record({
          topic: fc.constantFrom('a', 'b'),
          writer: fc.nat(2),
          version: fc.integer({ min: 1, max: 3 }),
          partitions: fc.integer({ min: 1, max: 3 }),
          topicId: fc.constantFrom('x', 'y', undefined),
        })
        .map((drawn): TopicEntry => ({ ...entry, ...drawn })),
      { minLength: 1, maxLength: 20, size: 'max' },
    )
    fc.assert(
      fc.property(entries, fc.infiniteStream(fc.nat()), (drawn, dice) => {
        // A lane writes what it has folded, and more: under one key the newest value is the greatest.
        const log: TopicEntry[] = []
        for (const one of drawn) {
          const own = log.filter((before) => ledgerKey(before) === ledgerKey(one))
          log.push({ ...one, version: Math.max(one.version, ...own.map(({ version }) => version + 1)) })
        }
        const shuffled = log
          .map((one) => ({ one, at: dice.next().value }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ one }) => one)
        const compacted = [...new Map(log.map((one) => [ledgerKey(one), one])).values()]
        const { topics } = fold(log)
        expect(fold([...shuffled, ...log]).topics).toEqual(topics)
        expect(fold(compacted).topics).toEqual(topics)
      }),
    )
  })

  it('is that of the earlier sight where two lanes have looked at the same time', () => {
    const later = { ...entry, writer: 0, partitions: 7 }
    for (const order of [
      [entry, later],
      [later, entry],
    ])
      expect([...fold(order).topics.values()]).toEqual([entry])
  })
})

describe('a topic that has changed', () => {
  const now = { topic: 'shop.orders', topicId: 'first', partitions: 9 }
  const other = { ...entry, tableArn: 'other' }
  const ledgers = [fold([entry, other]), fold([entry, { ...entry, topic: 'shop.lines' }])]

  it('is taken as it is, for every table and in every lane, and nothing else is', () => {
    const after = written(ledgers, acceptTopic(ledgers, now))
    for (const { topics } of after) {
      for (const of of [entry, other]) expect(topics.get(topicKey(of))).toMatchObject({ partitions: 9, version: 2 })
    }
    expect(after[1]?.topics.get(topicKey({ ...entry, topic: 'shop.lines' }))).toMatchObject({
      partitions: 6,
      version: 1,
    })
    expect(acceptTopic(after, now)).toEqual([])
    expect(topicsOfLedger(after).map(({ topic }) => topic)).toEqual(['shop.lines', 'shop.orders', 'shop.orders'])
  })

  it('may have been made anew after a reset of its table, with as many partitions', () => {
    const after = written(ledgers, forgetTopicIds(ledgers, entry.tableArn))
    for (const { topics } of after) {
      const known = topics.get(topicKey(entry))
      if (known === undefined) throw new Error('it is not in every lane')
      expect(isSameTopic(known, { topicId: 'second', partitions: 6 })).toBe(true)
      expect(isSameTopic(known, { topicId: 'second', partitions: 7 })).toBe(false)
    }
    expect(after[0]?.topics.get(topicKey(other))).toEqual(other)
    expect(forgetTopicIds(after, entry.tableArn)).toEqual([])
  })
})
