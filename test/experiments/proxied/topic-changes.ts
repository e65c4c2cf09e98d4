import { Admin } from '@platformatic/kafka'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { TailraceError } from '../../../src/errors.ts'
import { setTopicConfig } from '../../servers/topic-admin.ts'
import type { Experiment } from '../experiment.ts'
import { partitionsAdded, topicDeleted, topicRecreated } from './topic-endings.ts'
import type { TopicEnding } from './topic-endings.ts'
import { startTailraceRun } from './tailrace-run.ts'
import type { TailraceRun } from './tailrace-run.ts'
import { textOfNote } from './tended-workers.ts'

const recoveryMs = 45_000
const steps: readonly Step[] = [harmlessChanges, smallerBatches, nothingFits, ledgerNotCompacted]
const endings: readonly TopicEnding[] = [partitionsAdded, topicDeleted, topicRecreated]

/** E20: operators change topics under a running pipeline. */
export const topicChanges: Experiment = {
  id: 'E20',
  title: 'Topics are given other limits and policies while records flow; then one gets more partitions, or is deleted',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 500, faults: { 'topic-config': 5 } },
  target: { faults: { 'topic-config': 300, 'partitions-added': 20, 'topic-deleted': 20, 'topic-recreated': 20 } },
  run: async (seed, signal) => {
    await using run = await startTailraceRun({ seed, signal, workers: 2, lanes: 4, changesPerSecond: 60 })
    const admin = new Admin({ clientId: 'operator', bootstrapBrokers: [run.ground.kafka.directServers] })
    try {
      const operator = createOperator(run, admin)
      const hangs: string[] = []
      for (const step of steps) {
        signal.throwIfAborted()
        hangs.push(...(await step(run, operator)))
        run.book.ended()
        if (!(await run.ground.watch.untilCaughtUp(recoveryMs))) hangs.push(`lag was not below 5 s after ${step.name}`)
      }
      const ending = endings[seed % endings.length] ?? partitionsAdded
      run.book.struck(ending.name)
      const { hangs: missed, ...rest } = await ending.carryOut(run, admin)
      return await run.finish({ ...rest, hangs: [...hangs, ...missed], notes: last(run) })
    } finally {
      await admin.close()
    }
  },
}

/** Sets properties of topics, and counts that. */
interface Operator {
  set(topic: string, name: string, value: string): Promise<void>
  readonly output: string
}

function createOperator({ book, ground }: TailraceRun, admin: Admin): Operator {
  return {
    output: [...ground.topics.keys()][0] ?? '',
    set: async (topic, name, value) => {
      book.struck('topic-config')
      await setTopicConfig(admin, topic, name, value)
    },
  }
}

/** Each gives a line for what it misses. */
type Step = (run: TailraceRun, operator: Operator) => Promise<readonly string[]>

/** Nothing of this concerns a producer. */
async function harmlessChanges({ workers }: TailraceRun, { set, output }: Operator): Promise<readonly string[]> {
  const from = workers.notes.length
  await set(output, 'retention.ms', String(7 * 86_400_000))
  await set(output, 'compression.type', 'zstd')
  await set(output, 'segment.bytes', String(1024 * 1024))
  await clock.sleep(2_000)
  const bad = workers.notes.slice(from).filter(({ event }) => 'error' in event)
  return bad.map((note) => `a harmless change of a topic was noticed: ${textOfNote(note)}`)
}

/** Records fit, but not many at once. */
async function smallerBatches({ ground }: TailraceRun, { set, output }: Operator): Promise<readonly string[]> {
  await set(output, 'max.message.bytes', '6000')
  ground.writing.burst(400)
  const isDelivered = await ground.watch.untilCaughtUp(recoveryMs)
  await set(output, 'max.message.bytes', '1048588')
  return isDelivered ? [] : ['records that fit a smaller limit were not delivered under it']
}

/** No record fits: the table must stop by that name, and go on where it stopped once it is tried again. */
async function nothingFits({ workers }: TailraceRun, { set, output }: Operator): Promise<readonly string[]> {
  const from = workers.notes.length
  await set(output, 'max.message.bytes', '200')
  const isStopped = await isSeen(() =>
    workers.notes.slice(from).some(({ event }) => event.kind === 'table-stopped' && event.code === 'RECORD_TOO_LARGE'),
  )
  await set(output, 'max.message.bytes', '1048588')
  await workers.restartAll()
  return isStopped ? [] : ['no table stopped with RECORD_TOO_LARGE although none of its records fits']
}

/** A start is refused by name while the ledger would lose positions. */
async function ledgerNotCompacted({ workers, config }: TailraceRun, { set }: Operator): Promise<readonly string[]> {
  const from = workers.notes.length
  await set(config.ledger.topic, 'cleanup.policy', 'delete')
  await workers.restartAll()
  const isRefused = await isSeen(() =>
    workers.notes
      .slice(from)
      .some(
        ({ event }) =>
          event.kind === 'worker-died' &&
          event.error instanceof TailraceError &&
          event.error.code === 'LEDGER_NOT_COMPACTED',
      ),
  )
  await set(config.ledger.topic, 'cleanup.policy', 'compact')
  return isRefused ? [] : ['a start on a ledger that is not compacted was not refused with LEDGER_NOT_COMPACTED']
}

/** True once it holds; false when it did not for 20 s. */
async function isSeen(holds: () => boolean): Promise<boolean> {
  const deadline = clock.monotonic() + 20_000
  while (!holds()) {
    if (clock.monotonic() > deadline) return false
    await clock.sleep(100)
  }
  return true
}

function last({ workers }: TailraceRun): readonly string[] {
  return workers.notes
    .filter(({ event }) => 'error' in event || event.kind === 'table-stopped' || event.kind === 'table-resumed')
    .slice(-12)
    .map(textOfNote)
}
