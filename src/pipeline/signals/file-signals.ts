import { ledgerKey } from '../../lanes/ledger-codec.ts'
import type { SignalEntry } from '../../lanes/ledger-entry.ts'
import type { Coordination } from '../coordination.ts'
import { carryOut } from './carry-out.ts'
import { signalLines } from './signal-lines.ts'
import type { SignalFile, TakenFile } from './signal-ports.ts'

/**
 * Carries out the lines of the signal file, in order. How far a file that was taken is dealt with stands in lane 0's
 * ledger, in the transactions of what its lines caused, so no line is carried out twice. What is dealt with is removed;
 * a crash right after that leaves its entry in the ledger, which then means nothing.
 */
export async function settleFileSignals(
  coordination: Coordination,
  file: SignalFile,
  signal: AbortSignal,
): Promise<void> {
  for (const taken of await file.take(signal)) {
    await settleFile(coordination, taken, signal)
    const entry = knownOf(coordination, taken)
    const isDone = signalLines(taken.content, entry.next, true).length === 0
    if (!isDone || !(await file.remove(taken.name, taken.content.length))) continue
    if (coordination.session.state.signals.has(ledgerKey(entry)))
      await coordination.write([{ lane: 0, entry, isTombstone: true }])
  }
}

async function settleFile(coordination: Coordination, taken: TakenFile, signal: AbortSignal): Promise<void> {
  const known = knownOf(coordination, taken)
  for (const { bytes, start, next } of signalLines(taken.content, known.next, taken.isQuiet))
    await carryOut(coordination, { bytes, place: `${taken.name}@${start}`, position: { ...known, next } }, signal)
}

function knownOf({ session }: Coordination, { name }: TakenFile): SignalEntry {
  const first: SignalEntry = {
    kind: 'signal',
    source: `file:${name}`,
    partition: 0,
    generation: 1,
    topicId: undefined,
    next: 0,
  }
  return session.state.signals.get(ledgerKey(first)) ?? first
}
