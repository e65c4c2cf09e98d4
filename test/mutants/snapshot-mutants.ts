import type { PlanOverrides } from '../sim/world/world-plan.ts'
import type { Mutant } from './mutant.ts'

const snapshot = { items: 400, segments: 4, pageItems: 10, answerMs: 3_000 } as const
const busy: PlanOverrides = {
  delivery: 'exactly_once',
  faults: {},
  workload: { keys: 450, skew: 1, deleteShare: 0.15, paddingBytes: 20 },
  changesPerSecond: 40,
  snapshot,
}
const killed: PlanOverrides = { ...busy, faults: { 'worker-kill': 0.5 } }

/** Bugs where a scan meets the changes of its table. */
export const snapshotMutants: readonly Mutant[] = [
  {
    id: 'M15',
    title: 'a snapshot row behind a newer change',
    patches: [
      {
        file: 'src/pipeline/snapshot/row-delivery.ts',
        find: 'isDisplaced: (key: Buffer) => recent.hasSince(key, request)',
        replace: 'isDisplaced: () => false',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E35-sim', overrides: busy },
  },
  {
    id: 'M16',
    title: 'a snapshot resumes one page late',
    patches: [
      {
        file: 'src/pipeline/snapshot/segment-feed.ts',
        find: 'let { afterKey } = options\n',
        replace:
          'let { afterKey } = options\n' +
          '  if (afterKey !== undefined) afterKey = (await options.reader.read(afterKey, signal)).page.lastKey\n',
      },
      {
        file: 'src/pipeline/snapshot/row-delivery.ts',
        find: ' && segment.lastKey === afterKey',
        replace: '',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E36-sim', overrides: killed },
  },
  {
    id: 'S1',
    title: 'a scan begins before every lane has given up its shards of the table',
    patches: [
      {
        file: 'src/lanes/snapshot-progress.ts',
        find: 'if (!isGathered(state, table, lanes)) continue',
        replace: 'if (lanes < 1) continue',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E35-sim', overrides: { ...busy, lanes: 5, openShards: 4 } },
  },
  {
    id: 'S2',
    title: 'a page that took too long to be remembered is used all the same',
    patches: [
      {
        file: 'src/pipeline/snapshot/recent-keys.ts',
        find: 'isKnown: (request) => request > givenUp',
        replace: 'isKnown: (request) => request > givenUp - requests',
      },
    ],
    caughtBy: {
      kind: 'worlds',
      experiment: 'E35-overflow',
      overrides: { ...busy, snapshot: { ...snapshot, maxRecentKeys: 10 } },
    },
  },
  {
    id: 'S3',
    title: 'the keys of changes are noted only for the transaction that carries them',
    patches: [
      {
        file: 'src/pipeline/snapshot/recent-keys.ts',
        find: 'else underWay.delete(request)\n',
        replace: 'else underWay.delete(request)\n      newest.clear()\n',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E35-sim', overrides: busy },
  },
  {
    id: 'S4',
    title: 'that a signal is dealt with is committed behind what it caused',
    patches: [
      {
        file: 'src/pipeline/signals/carry-out.ts',
        find: '[...written, { lane: 0, entry: found.position }]',
        replace: 'written',
      },
      {
        file: 'src/pipeline/signals/carry-out.ts',
        find: '  const { onEvent } = environment\n',
        replace:
          '  await coordination.write([{ lane: 0, entry: found.position }])\n  const { onEvent } = environment\n',
      },
    ],
    caughtBy: { kind: 'tests', files: ['test/sim/runs/signals.test.ts'] },
  },
  {
    id: 'S5',
    title: 'two decisions of the coordinator about one table replace each other',
    patches: [
      {
        file: 'src/pipeline/coordinated-write.ts',
        find: 'if ((versions.get(table.arn) ?? 0) >= version) {',
        replace: 'if ((versions.get(table.arn) ?? 0) > version) {',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/pipeline/coordinated-write.test.ts', 'test/sim/runs/signals.test.ts'] },
  },
  {
    id: 'S6',
    title: 'items that a snapshot has just shown are deleted as vanished',
    patches: [
      {
        file: 'src/pipeline/snapshot/key-sweep.ts',
        find: "offset >= baseline || presence === 'gone'",
        replace: "presence === 'gone'",
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/pipeline/snapshot/key-sweep.test.ts'] },
  },
  {
    id: 'S7',
    title: 'a sweep asks for the end of its topic while what was noted before is still being written',
    patches: [
      {
        file: 'src/pipeline/snapshot/key-sweep.ts',
        find: '      await this.#options.settled(signal)\n',
        replace: '',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/pipeline/snapshot/key-sweep.test.ts'] },
  },
  {
    id: 'C1',
    title: 'changes behind a row are left out although their old images are not known',
    patches: [
      {
        file: 'src/pipeline/snapshot/contained-changes.ts',
        find: 'if (before === undefined || before === row.image)',
        replace: 'if (before !== undefined && before === row.image)',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/pipeline/snapshot/contained-changes.test.ts'] },
  },
  {
    id: 'C2',
    title: 'changes behind a row are left out because they are of its item',
    patches: [
      {
        file: 'src/pipeline/snapshot/contained-changes.ts',
        find: 'if (before === undefined || before === row.image)',
        replace: 'if (before === undefined)',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/hosts/stages/contained-changes.test.ts'] },
  },
  {
    id: 'C3',
    title: 'a row swallows changes that came behind a loss',
    patches: [
      {
        file: 'src/pipeline/snapshot/contained-changes.ts',
        find: 'if (run !== present) rows.clear()',
        replace: 'if (present === undefined) rows.clear()',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/pipeline/snapshot/contained-changes.test.ts'] },
  },
  {
    id: 'C4',
    title: 'the rows of a snapshot are forgotten with its last page',
    patches: [
      {
        file: 'src/pipeline/snapshot/lane-scans.ts',
        find: '!scanned.has(arn) && !this.#isHomeOf(state.tables.get(arn), rows?.run)',
        replace: '!scanned.has(arn)',
      },
    ],
    caughtBy: { kind: 'tests', files: ['test/sim/runs/contained-changes.test.ts'] },
  },
]
