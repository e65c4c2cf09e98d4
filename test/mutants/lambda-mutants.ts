import type { Mutant } from './mutant.ts'

const inWorlds = { kind: 'tests', files: ['test/sim/runs/lambda.test.ts'] } as const

/** Bugs in a function that moves a pipeline. */
export const lambdaMutants: readonly Mutant[] = [
  {
    id: 'F1',
    title: 'a shard is taken by reading its position first and fencing then',
    patches: [
      {
        file: 'src/lanes/lane-session.ts',
        find: '  const transactions = await options.sessions.open(transactionalId, signal)\n  try {',
        replace:
          '  const early = await kafka.offsets(ledgerTopic, lane, signal)\n  const transactions = await options.sessions.open(transactionalId, signal)\n  try {',
      },
      {
        file: 'src/lanes/lane-session.ts',
        find: '    const { highWatermark } = await kafka.offsets(ledgerTopic, lane, signal)',
        replace: '    const { highWatermark } = early',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'F2',
    title: 'records and position are written in two transactions',
    patches: [
      {
        file: 'src/pipeline/pushed/deliver-batch.ts',
        find: 'session.commit({ output: output.records, entries }, signal))',
        replace:
          'session.commit({ output: output.records, entries: [] }, signal))\n  await session.commit({ output: [], entries }, signal)',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'F3',
    title: 'the record at the position counts as not delivered',
    patches: [
      {
        file: 'src/pipeline/pushed/deliver-batch.ts',
        find: 'compareSequenceNumbers(sequenceNumber, after) > 0)',
        replace: 'compareSequenceNumbers(sequenceNumber, after) >= 0)',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'F4',
    title: 'numbers are compared with the position as texts',
    patches: [
      {
        file: 'src/pipeline/pushed/deliver-batch.ts',
        find: 'compareSequenceNumbers(sequenceNumber, after) > 0)',
        replace: 'sequenceNumber > after)',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'F5',
    title: 'success is answered before the commit has succeeded',
    patches: [
      {
        file: 'src/pipeline/pushed/deliver-batch.ts',
        find: '  await settled(output.attachments, session, () => session.commit({ output: output.records, entries }, signal))',
        replace:
          '  settled(output.attachments, session, () => session.commit({ output: output.records, entries }, signal)).catch(() => {})',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'F6',
    title: 'what was read of a shard is kept after a doubt',
    patches: [
      {
        file: 'src/pipeline/pushed/pushed-delivery.ts',
        find: '        await this.#letGo(key)\n        if (signal.aborted)',
        replace: '        if (signal.aborted)',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'F7',
    title: 'the answer names the last record of a batch instead of the first that cannot pass',
    patches: [
      {
        file: 'src/hosts/lambda/lambda-response.ts',
        find: 'batchItemFailures: [{ itemIdentifier: sequenceNumber }] }',
        replace: 'batchItemFailures: [{ itemIdentifier: batch.records.at(-1)?.sequenceNumber ?? sequenceNumber }] }',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'F8',
    title: 'all shards share the transactional id of the function',
    patches: [
      {
        file: 'src/lanes/shard-taker.ts',
        find: '  return `tailrace.${pipeline}.shard.${streamArn}/${shardId}`',
        replace: '  return streamArn === shardId ? shardId : `tailrace.${pipeline}.function`',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'F9',
    title: 'what does not pass is passed over: the position goes on to the end of the batch',
    patches: [
      {
        file: 'src/pipeline/pushed/deliver-batch.ts',
        find: '  const last = delivered.at(-1)\n',
        replace: '  const last = delivered.length === 0 ? undefined : fresh.at(-1)\n',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'F10',
    title: 'each sandbox has an id of its own, so that nobody is fenced',
    patches: [
      {
        file: 'src/hosts/lambda/batch-function.ts',
        find: 'keepsPositions ? createShardTaker({ ...ledger, lanes: identity.lanes }) : looker(ledger)',
        replace:
          'keepsPositions ? createShardTaker({ ...ledger, pipeline: `${ledger.pipeline}${rng.next()}`, lanes: identity.lanes }) : looker(ledger)',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'F11',
    title: 'an invocation fails because the time of another one of its sandbox was over',
    patches: [
      {
        file: 'src/hosts/lambda/batch-function.ts',
        find: 'if (isOwn || signal.aborted) throw error',
        replace: 'if (isOwn || !signal.aborted) throw error',
      },
    ],
    caughtBy: inWorlds,
  },
]
