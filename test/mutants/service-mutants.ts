import type { Mutant } from './mutant.ts'

const inWorlds = { kind: 'tests', files: ['test/sim/runs/service.test.ts'] } as const
const leadership = 'src/service/log-leadership.ts'

/** Bugs in what a service keeps of itself. */
export const serviceMutants: readonly Mutant[] = [
  {
    id: 'V1',
    title: "a service's log is led without reading it again behind the fence",
    patches: [
      {
        file: leadership,
        find: '    await follower.until(() => follower.position >= highWatermark, signal)\n',
        replace: '',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'V2',
    title: 'the next change is decided before the last one was read',
    patches: [
      {
        file: leadership,
        find: '      await follower.until(() => follower.fold.state.revision >= revision, signal)\n',
        replace: '',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'V3',
    title: 'a change whose end nobody knows is told as refused',
    patches: [
      {
        file: leadership,
        find: "throw session.fate === 'aborted' || isNothing(change) ? unwritten(error, process) : error",
        replace: 'throw unwritten(error, process)',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'V4',
    title: 'changes of a service do not wait for each other',
    patches: [
      {
        file: 'src/service/service-log.ts',
        find: 'const work = this.#queue.then(() => this.#carryOut(decide, signal))',
        replace: 'const work = this.#carryOut(decide, signal)',
      },
    ],
    caughtBy: inWorlds,
  },
  {
    id: 'V5',
    title: 'what the topic says of a process is not compared with what it told',
    patches: [
      {
        file: 'src/service/own-reports.ts',
        find: 'if (!isAsTold) told.set(connector, undefined)',
        replace: 'if (isAsTold) return',
      },
    ],
    caughtBy: { kind: 'tests', files: ['test/sim/service-reports.test.ts'] },
  },
  {
    id: 'V6',
    title: 'time in which nothing can be read counts as silence',
    patches: [
      {
        file: 'src/service/report-board.ts',
        find: 'nowMs += Math.min(at - answeredAt, countedGapMs)',
        replace: 'nowMs += at - answeredAt',
      },
    ],
    caughtBy: { kind: 'tests', files: ['test/sim/service-reports.test.ts'] },
  },
  {
    id: 'V7',
    title: 'an empty log is taken for a first start, whatever the transactional id says',
    patches: [
      {
        file: 'src/service/service-topic.ts',
        find: "  if (state === 'CompleteCommit' || state === 'CompleteAbort') return `transactional id ${transactionalId}`\n",
        replace: '  if (state !== undefined) return undefined\n',
      },
    ],
    caughtBy: { kind: 'tests', files: ['test/sim/service-log.test.ts'] },
  },
  {
    id: 'V8',
    title: 'whoever believes that he leads answers what changes nothing without asking anybody',
    patches: [
      {
        file: 'src/service/service-log.ts',
        find: '    await leadership.write(decided.change, this.#patience)\n',
        replace:
          '    if (decided.change.put.length + decided.change.remove.length > 0) await leadership.write(decided.change, this.#patience)\n',
      },
    ],
    caughtBy: { kind: 'tests', files: ['test/sim/service-log.test.ts'] },
  },
]
