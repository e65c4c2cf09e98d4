import type { Mutant } from './mutant.ts'

const caughtBy = { kind: 'tests', files: ['test/sim/kinesis-repair.test.ts'] } as const

/** Bugs in reading Kinesis. */
export const kinesisMutants: readonly Mutant[] = [
  {
    id: 'K1',
    title: 'a child of two shards goes on with what the reader of one of them left',
    patches: [
      {
        file: 'src/sources/kinesis/repair/reader-notes.ts',
        find: 'for (const [shardId, text] of Object.entries(inherited)) {',
        replace: 'for (const [shardId, text] of Object.entries(inherited).slice(0, 1)) {',
      },
    ],
    caughtBy,
  },
  {
    id: 'K2',
    title: 'what is remembered is forgotten in the middle of the window, and nothing that comes later counts as late',
    patches: [
      {
        file: 'src/sources/kinesis/repair/item-memory.ts',
        find: 'if (oldest === undefined || oldest.createdAtMicros >= this.#floor) return',
        replace: 'if (oldest === undefined || oldest.createdAtMicros >= this.#floor + 150_000_000) return',
      },
    ],
    caughtBy,
  },
  {
    id: 'K3',
    title: 'what is held back at the end of a shard belongs to whichever child is first',
    patches: [
      {
        file: 'src/sources/kinesis/repair/repaired-shard.ts',
        find: 'if (!isOurs) place.deal()',
        replace: 'if (shardId === "") place.deal()',
      },
    ],
    caughtBy,
  },
  {
    id: 'K4',
    title: 'what is held back counts as delivered once something behind it is',
    patches: [
      {
        file: 'src/sources/kinesis/repair/shard-tail.ts',
        find: 'if (place === undefined || (!place.isDealtWith && !this.#isAlone())) break',
        replace: 'if (place === undefined) break',
      },
      {
        file: 'src/sources/kinesis/repair/shard-tail.ts',
        find: 'if (!place.isDealtWith) this.#stragglers.add(place)',
        replace: '',
      },
    ],
    caughtBy,
  },
  {
    id: 'K5',
    title: 'a change that comes behind a newer one of its item is delivered as if it were the newest',
    patches: [
      {
        file: 'src/sources/kinesis/repair/order-of-changes.ts',
        find: 'if (facts.createdAtMicros < newest.createdAtMicros) return true',
        replace: '',
      },
    ],
    caughtBy,
  },
  {
    id: 'K6',
    title: 'a shard that ends empty does not hand on what it has inherited',
    patches: [
      {
        file: 'src/sources/kinesis/shard-reader.ts',
        find: 'records === 0 && !isHandingOn) return undefined',
        replace: 'records === 0) return undefined',
      },
    ],
    caughtBy,
  },
  {
    id: 'K7',
    title: 'a restarted reader does not see again what its predecessor had delivered',
    patches: [
      {
        file: 'src/sources/kinesis/repair/repaired-shard.ts',
        find: 'repair.recall(arrival, stretch)',
        replace: '',
      },
    ],
    caughtBy,
  },
]
