import type { Mutant } from './mutant.ts'

const caughtBy = { kind: 'tests', files: ['test/sim/kinesis-repair.test.ts'] } as const

const inWorlds = { kind: 'tests', files: ['test/sim/runs/kinesis.test.ts'] } as const

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
        find: 'if (oldestMicros === undefined || oldestMicros >= this.#floor) return',
        replace: 'if (oldestMicros === undefined || oldestMicros >= this.#floor + 150_000_000) return',
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
  {
    id: 'K8',
    title: 'a child of two shards is opened when one of them has ended',
    patches: [
      {
        file: 'src/lanes/lane-state.ts',
        find: 'const isOpen = begin.parents.every((parent) => endedParents.has(parent))',
        replace:
          'const isOpen = begin.parents.length === 0 || begin.parents.some((parent) => endedParents.has(parent))',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'K9',
    title: 'what is remembered is forgotten in the middle of the window (seen by whole pipelines)',
    patches: [
      {
        file: 'src/sources/kinesis/repair/item-memory.ts',
        find: 'if (oldestMicros === undefined || oldestMicros >= this.#floor) return',
        replace: 'if (oldestMicros === undefined || oldestMicros >= this.#floor + 5_000_000) return',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'K10',
    title: 'the end of a shard that was closed long ago counts as now',
    patches: [
      {
        file: 'src/sources/kinesis/shard-reader.ts',
        find: '    this.#tipMs = readUpTo(page) ?? 0\n',
        replace: '    this.#tipMs = readUpTo(page) ?? 0\n    this.#timeMs = Math.max(this.#timeMs, this.#tipMs)\n',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'K11',
    title: 'a shard whose end names no children has none',
    patches: [
      {
        file: 'src/sources/kinesis/kinesis-source.ts',
        find: 'if (named !== undefined && named.length > 0 && options.shardIds === undefined) return true\n',
        replace: 'if (options.shardIds === undefined) return named !== undefined && named.length > 0\n',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'K12',
    title: 'an insert behind a delete is taken for its successor, whatever may be missing in between',
    patches: [
      {
        file: 'src/sources/kinesis/repair/order-of-changes.ts',
        find: 'return item.newest?.left !== absent && nextIs(facts, item)',
        replace: 'return item.newest?.left !== `${absent}!` && nextIs(facts, item)',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'K13',
    title: 'of changes of one time only the last one is known to have been overtaken',
    patches: [
      {
        file: 'src/sources/kinesis/repair/order-of-changes.ts',
        find: 'return { ...newest, others: [...newest.others, { before: facts.before(), after: facts.after() }] }',
        replace: 'return newest',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/sources/kinesis/repair/repair.test.ts'] },
  },
  {
    id: 'K14',
    title: 'a shard that a listing leaves out is lost',
    patches: [
      {
        file: 'src/sources/kinesis/shard-range.ts',
        find: 'if (range !== undefined) return range\n',
        replace: 'if (range !== undefined || attempt === 0) return range\n',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'K15',
    title: 'what a lane has seen of a topic is known to that lane alone',
    patches: [
      {
        file: 'src/pipeline/topic-pins.ts',
        find: 'flatMap((entry) => inAllLanes(entry, lanes))',
        replace: 'flatMap((entry) => inAllLanes(entry, lanes).filter((one) => one.lane === lane))',
      },
    ],
    caughtBy: { kind: 'tests', files: ['test/sim/runs/changed-topics.test.ts'] },
  },
  {
    id: 'K16',
    title: 'a process goes by the partitions that a topic has when it begins',
    patches: [
      {
        file: 'src/hosts/stages/pinned-topics.ts',
        find: 'if (known === undefined || isSameTopic(known, ',
        replace: 'if (known === undefined || known.partitions > 0 || isSameTopic(known, ',
      },
    ],
    caughtBy: { kind: 'tests', files: ['test/sim/runs/changed-topics.test.ts'] },
  },
]
