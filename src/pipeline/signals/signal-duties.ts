import { TailraceError } from '../../errors.ts'
import { segmentsOf, totalsOf } from '../../lanes/snapshot-progress.ts'
import { reportFailure } from '../coordination.ts'
import type { Coordination } from '../coordination.ts'
import { settleFileSignals } from './file-signals.ts'
import { progressOf } from './notification.ts'
import { beginTopic, settleTopicSignals } from './topic-signals.ts'

/**
 * Notes where the signals of a pipeline begin that has never read any. What goes wrong is told, and tried again with the
 * first reading: signals must not keep a pipeline from starting.
 */
export async function beginSignals(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const { signals, tuning } = coordination
  if (signals?.topic === undefined) return
  try {
    await beginTopic(coordination, signals.topic, signal)
  } catch (error) {
    const isFatal = error instanceof TailraceError && error.policy === 'stop-worker'
    if (signal.aborted || isFatal) throw error
    reportFailure(coordination, error, tuning.signalCheckMs)
  }
}

/** Duties that come with signals and notifications, each with its interval in milliseconds; none where they are not used. */
export function signalDuties(
  coordination: Coordination,
  signal: AbortSignal,
): readonly [number, () => Promise<void>][] {
  const { signals, notifier, tuning } = coordination
  const duties: [number, () => Promise<void>][] = []
  if (signals?.topic !== undefined) {
    const { topic } = signals
    duties.push([tuning.signalCheckMs, () => settleTopicSignals(coordination, topic, signal)])
  }
  if (signals?.file !== undefined) {
    const { file } = signals
    duties.push([tuning.signalCheckMs, () => settleFileSignals(coordination, file, signal)])
  }
  if (notifier !== undefined) duties.push([tuning.progressMs, () => tellProgress(coordination, signal)])
  return duties
}

/** How far each running snapshot is, as the ledgers of their home lanes say. */
async function tellProgress({ session, ledger, write }: Coordination, signal: AbortSignal): Promise<void> {
  const isRunning = (): boolean =>
    [...session.state.tables.values()].some(({ snapshot }) => snapshot?.state === 'running')
  if (!isRunning()) return
  const ledgers = await ledger.refresh(signal)
  await write([], (context) =>
    [...session.state.tables.values()].flatMap((entry) => {
      const { snapshot, homeLane } = entry
      const state = homeLane === undefined ? undefined : ledgers[homeLane]
      if (snapshot?.state !== 'running' || state === undefined) return []
      return [progressOf(entry, snapshot, totalsOf(segmentsOf(state, entry, snapshot)), context)]
    }),
  )
}
