import type { AddressedEntry } from '../lanes/ledger-entry.ts'

/**
 * Ledger entries that somebody else (the coordinator) wants committed by a lane's session. The lane takes them along
 * with its next transaction.
 */
export interface LaneInbox {
  /** Resolves when the entries are committed; rejects when the session that held them was lost. */
  submit(entries: readonly AddressedEntry[]): Promise<void>
}

/** The lane's side of it. */
export interface LaneInboxOwner extends LaneInbox {
  /** Everything submitted so far, in order. To be settled by exactly one of the two calls. */
  takeAll(): InboxBatch
  /** Refuses what waits and everything that comes later. */
  close(reason: unknown): void
}

export interface InboxBatch {
  readonly entries: readonly AddressedEntry[]
  settle(): void
  fail(reason: unknown): void
}

interface Waiting {
  readonly entries: readonly AddressedEntry[]
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

export function createLaneInbox(onSubmit: () => void): LaneInboxOwner {
  let waiting: Waiting[] = []
  let closed: { readonly reason: unknown } | undefined
  return {
    submit: (entries) =>
      new Promise<void>((resolve, reject) => {
        if (closed !== undefined) {
          reject(closed.reason)
          return
        }
        waiting.push({ entries, resolve, reject })
        onSubmit()
      }),
    takeAll: () => {
      const batch = waiting
      waiting = []
      return {
        entries: batch.flatMap((item) => item.entries),
        settle: () => batch.forEach((item) => item.resolve()),
        fail: (reason) => batch.forEach((item) => item.reject(reason)),
      }
    },
    close: (reason) => {
      closed = { reason }
      for (const item of waiting.splice(0)) item.reject(reason)
    },
  }
}
