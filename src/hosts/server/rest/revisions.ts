import { withDeadline } from '../../../async/clock.ts'
import type { Clock } from '../../../async/clock.ts'
import { revisionName } from './forwarding.ts'
import type { ForwardAnswer } from './forwarding.ts'

/** How far this process has read the service's state. Each change gives it a greater number. */
export interface Revisions {
  /** Undefined before the state was read for the first time. */
  current(): number | undefined
  /** Resolves once `revision` is read; rejects with the signal's reason. */
  reached(revision: number, signal: AbortSignal): Promise<void>
}

/**
 * So long an answer is held back for it: a process that reads more slowly answers all the same. Clients give up after ten seconds, of which the
 * leader may take seven. Milliseconds.
 */
const patienceMs = 2_000

/** What the leader tells the process that asked. */
export function revisionHeader(revisions: Revisions | undefined): Readonly<Record<string, string>> {
  const revision = revisions?.current()
  return revision === undefined ? {} : { [revisionName]: String(revision) }
}

/** Waits, for `atMostMs`, until this process has read what the leader has just written, so that the next question finds it here. Never rejects. */
export async function catchUp(
  { status, revision }: ForwardAnswer,
  {
    revisions,
    clock,
    signal,
  }: { readonly revisions?: Revisions | undefined; readonly clock: Clock; readonly signal: AbortSignal },
  atMostMs: number,
): Promise<void> {
  if (revisions === undefined || revision === undefined || status >= 300) return
  const scope = new AbortController()
  const read = revisions.reached(revision, AbortSignal.any([signal, scope.signal]))
  try {
    await withDeadline(clock, Math.min(patienceMs, atMostMs), read, () => new Error('it was not read in time'))
  } catch {
    // The change is made; who asks at once may see the state before it.
  } finally {
    scope.abort(new Error('nobody waits any more'))
    read.catch(() => undefined)
  }
}
