import type { Mutant } from './mutant.ts'

const session = 'src/lanes/lane-session.ts'
const model: Mutant['caughtBy'] = { kind: 'tests', files: ['test/sim/ledger-model.test.ts'] }

/** Rules of the ledger's protocol, taken away one at a time from the real code. */
export const ledgerMutants: readonly Mutant[] = [
  {
    id: 'L1',
    title: 'a lane reads its ledger only to the last stable offset',
    patches: [
      {
        file: 'src/kafka/marker-reader.ts',
        find: "const isolation = 'read_uncommitted'",
        replace: "const isolation = 'read_committed'",
      },
      {
        file: session,
        find: '    const { highWatermark } = await kafka.offsets(ledgerTopic, lane, signal)\n',
        replace: '    const { lastStable: highWatermark } = await kafka.offsets(ledgerTopic, lane, signal)\n',
      },
    ],
    caughtBy: {
      kind: 'worlds',
      experiment: 'E10',
      overrides: {
        delivery: 'exactly_once',
        lanes: 1,
        faults: { 'foreign-transaction': 0.6, 'worker-kill': 0.4, 'lost-response': 0.3 },
      },
    },
  },
  {
    id: 'L2',
    title: 'of two positions of one shard the one that is read last wins',
    patches: [
      {
        file: 'src/lanes/lane-state.ts',
        find: '  if (old !== undefined && compareProgress(at, old) <= 0) return withBegun(old, at)\n',
        replace: '  if (old !== undefined && at.generation < old.generation) return old\n',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/lanes/lane-state.property.test.ts'] },
  },
  {
    id: 'L3',
    title: "the keys of a shard's `begin`s do not name the parent",
    patches: [
      {
        file: 'src/lanes/ledger-codec.ts',
        find: "`begin/${entry.streamArn}/${entry.shardId}/${entry.generation}/${entry.parent ?? '-'}`",
        replace: '`begin/${entry.streamArn}/${entry.shardId}/${entry.generation}`',
      },
    ],
    caughtBy: model,
  },
  {
    id: 'L4',
    title: "the keys of a shard's `begin`s do not name the generation",
    patches: [
      {
        file: 'src/lanes/ledger-codec.ts',
        find: "`begin/${entry.streamArn}/${entry.shardId}/${entry.generation}/${entry.parent ?? '-'}`",
        replace: "`begin/${entry.streamArn}/${entry.shardId}/${entry.parent ?? '-'}`",
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/lanes/lane-state.property.test.ts'] },
  },
  {
    id: 'L5',
    title: 'the ledger is read in front of the fence, and not again behind it',
    patches: [
      // A fenced id with undecided records is refused, and every session begins with a look at what is new: either would
      // mend this.
      {
        file: session,
        find: '  if (!reader.pendingProducers.has(producerId)) return\n',
        replace: '  if (producerId >= 0n || !reader.pendingProducers.has(producerId)) return\n',
      },
      { file: 'src/pipeline/lane-work.ts', find: 'let mustFollow = true', replace: 'let mustFollow = false' },
      {
        file: 'src/pipeline/lane-work.ts',
        find: 'let followAt = 0',
        replace: 'let followAt = environment.clock.monotonic() + environment.tuning.followIntervalMs',
      },
      {
        file: session,
        find: '  const { kafka, ledgerTopic } = options\n  const transactions',
        replace: `  const { kafka, ledgerTopic } = options
  const early = createMarkerReader({ kafka, topic: ledgerTopic, partition: lane })
  const { highWatermark } = await kafka.offsets(ledgerTopic, lane, signal)
  const entries = await readLedger(early, { topic: ledgerTopic, lane, highWatermark }, signal)
  await options.clock.sleep(1_500, signal)
  const transactions`,
      },
      {
        file: session,
        find: `    const reader = createMarkerReader({ kafka, topic: ledgerTopic, partition: lane })
    const { highWatermark } = await kafka.offsets(ledgerTopic, lane, signal)
    const entries = await readLedger(reader, { topic: ledgerTopic, lane, highWatermark }, signal)
`,
        replace: '    const reader = early\n',
      },
    ],
    caughtBy: {
      kind: 'worlds',
      experiment: 'E05-sim',
      // Time in between, so that a worker that was frozen can wake up and commit between the look and the fence.
      overrides: {
        delivery: 'exactly_once',
        workers: 3,
        lanes: 4,
        changesPerSecond: 40,
        activeMs: 60_000,
        faults: { 'worker-stop': 0.3 },
      },
    },
  },
  {
    id: 'L6',
    title: 'a moved shard keeps its generation',
    patches: [
      {
        file: 'src/lanes/hand-over.ts',
        find: 'generation: shard.generation + 1,',
        replace: 'generation: shard.generation,',
      },
    ],
    caughtBy: model,
  },
  {
    id: 'L7',
    title: 'a child opens when the first of its parents has ended',
    patches: [
      {
        file: 'src/lanes/lane-state.ts',
        find: 'const isOpen = begin.parents.every((parent) => endedParents.has(parent))',
        replace:
          'const isOpen = begin.parents.length === 0 || begin.parents.some((parent) => endedParents.has(parent))',
      },
    ],
    caughtBy: model,
  },
  {
    id: 'L8',
    title: 'a shard is read on while its move is being committed',
    patches: [
      {
        file: 'src/lanes/hand-over.ts',
        find: '    if (readerLaneOf(shard, table, context.lanes) === context.lane) mine.push(shard)\n',
        replace: '    if (readerLaneOf(shard, table, context.lanes) >= 0) mine.push(shard)\n',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/pipeline/lane-feeds.test.ts'] },
  },
]
