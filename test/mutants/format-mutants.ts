import type { Inapplicable, Mutant } from './mutant.ts'

/** Bugs in what a record says: found by tests of values, keys and partitions rather than by faults. */
export const formatMutants: readonly Mutant[] = [
  {
    id: 'M25',
    title: 'numbers go through JavaScript numbers',
    patches: [
      {
        file: 'src/serialize/item-json.ts',
        find: 'this.#number(textOf(value.N))',
        replace: 'this.#number(String(Number(textOf(value.N))))',
      },
    ],
    caughtBy: {
      kind: 'tests',
      files: ['src/serialize/item-json.test.ts', 'src/serialize/json-serializer.property.test.ts'],
    },
  },
  {
    id: 'M26',
    title: "a key's attributes stand in another order than in the key schema",
    patches: [
      {
        file: 'src/serialize/json-key.ts',
        find: 'table.keySchema.map((attribute, index) => ({',
        replace: 'table.keySchema.toReversed().map((attribute, index) => ({',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/serialize/json-key.test.ts'] },
  },
  {
    id: 'M27',
    title: 'the partitioner keeps the sign bit (`>>> 0`)',
    patches: [
      {
        file: 'src/kafka/partitioner.ts',
        find: '(murmur2(key) & 0x7fff_ffff) % partitions',
        replace: '(murmur2(key) >>> 0) % partitions',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/kafka/partitioner.test.ts'] },
  },
  {
    id: 'M30',
    title: 'two pipelines share their transactional ids',
    patches: [
      {
        file: 'src/lanes/lane-session.ts',
        find: 'return `tailrace.${pipeline}.${lane}`',
        replace: 'return `tailrace.${lane + 0 * pipeline.length}`',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/lanes/lane-session.test.ts'] },
  },
]

/** Bugs of the list for which tailrace has no place yet, or none at all. */
export const inapplicable: readonly Inapplicable[] = [
  {
    id: 'M9',
    title: "a lease expires by another machine's wall clock",
    reason: 'There are no leases: the group assigns, and a fence, which knows no time, protects.',
  },
  {
    id: 'M11',
    title: 'five requests in flight without idempotence',
    reason: 'A session has one batch a partition in flight, and every producer is idempotent.',
  },
  { id: 'M18', title: 'Lambda returns the first failed index', reason: 'Waits for the Lambda handler.' },
  { id: 'M19', title: 'a dead letter is not awaited', reason: 'Waits for dead letters.' },
  {
    id: 'M21',
    title: 'what is in flight is dropped at a rebalance although its position was committed',
    reason: 'A position is committed in the transaction of its records; M2 is the same bug where it can be made.',
  },
  { id: 'M24', title: 'a cache of schema ids without the subject', reason: 'Waits for the schema registry.' },
  {
    id: 'M29',
    title: 'a cache for deduplication evicts under pressure',
    reason: 'Waits for Kinesis; nothing is deduplicated from memory.',
  },
]
