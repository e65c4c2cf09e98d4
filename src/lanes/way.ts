import { TailraceError } from '../errors.ts'
import type { Way, WayEntry } from './ledger-entry.ts'

/** Throws WAY_CONFLICT if the ledger says that it is somebody else's turn. A ledger that says nothing is its workers'. */
export function requireWay(found: WayEntry | undefined, own: Way, pipeline: string): void {
  const turn = found?.way ?? 'worker'
  if (turn === own) return
  const [mine, theirs] = own === 'worker' ? ['workers', 'its function'] : ['a function', 'its workers']
  throw new TailraceError('WAY_CONFLICT', `pipeline ${pipeline} is moved by ${theirs}, so not by ${mine}`)
}
