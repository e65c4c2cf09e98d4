import type { Mutant } from './mutant.ts'

const caughtBy = { kind: 'tests', files: ['test/sim/runs/table-targets.test.ts'] } as const

/** Bugs of tables that rest. */
export const tableMutants: readonly Mutant[] = [
  {
    id: 'T1',
    title: 'a pause forgets the positions that lane 0 holds',
    patches: [
      {
        file: 'src/pipeline/settle-requests.ts',
        find: 'await coordination.write([...(await tableEntries(coordination, table, signal)), tombstone])',
        replace:
          'const forgotten = isResting(table) ? [...session.state.shards.values()].flatMap((shard) => (shard.tableArn === table.table.arn && shard.at !== undefined ? [{ lane: 0, entry: shard.at, isTombstone: true }] : [])) : []\n' +
          '    await coordination.write([...(await tableEntries(coordination, table, signal)), ...forgotten, tombstone])',
      },
    ],
    caughtBy,
  },
  {
    id: 'T2',
    title: 'lanes go on reading a table that rests',
    patches: [
      {
        file: 'src/pipeline/lane-feeds.ts',
        find: 'table === undefined || isResting(table) || ',
        replace: 'table === undefined || ',
      },
    ],
    caughtBy,
  },
  {
    id: 'T3',
    title: 'the snapshot of a table that rests goes on',
    patches: [
      {
        file: 'src/lanes/snapshot-progress.ts',
        find: '      isResting(table) ||\n',
        replace: '',
      },
    ],
    caughtBy,
  },
  {
    id: 'T4',
    title: 'a restart leaves a failed table as it is',
    patches: [
      {
        file: 'src/pipeline/table-target.ts',
        find: 'const revived = afterTakeOver(known, { mode }) ?? known',
        replace: 'const revived = mode === undefined ? (afterTakeOver(known, { mode }) ?? known) : known',
      },
    ],
    caughtBy,
  },
]
