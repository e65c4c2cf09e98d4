import type { ProducerRecord } from '../kafka/kafka.ts'
import type { AddressedEntry } from '../lanes/ledger-entry.ts'

/**
 * Ledger entries, and records that tell of them, which somebody else (the coordinator) wants committed by a lane's
 * session. The lane takes them along with its next transaction, what was submitted together in one.
 */
export interface LaneInbox {
  /** Resolves when all of it is committed; rejects when the session that held them was lost. */
  submit(entries: readonly AddressedEntry[], told?: readonly ProducerRecord[]): Promise<void>
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
  readonly told: readonly ProducerRecord[]
  settle(): void
  fail(reason: unknown): void
}

interface Waiting {
  readonly entries: readonly AddressedEntry[]
  readonly told: readonly ProducerRecord[]
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

export function createLaneInbox(onSubmit: () => void): LaneInboxOwner {
  let waiting: Waiting[] = []
  let closed: { readonly reason: unknown } | undefined
  return {
    submit: (entries, told = []) =>
      new Promise<void>((resolve, reject) => {
        if (closed !== undefined) {
          reject(closed.reason)
          return
        }
        waiting.push({ entries, told, resolve, reject })
        onSubmit()
      }),
    takeAll: () => {
      const batch = waiting
      waiting = []
      return {
        entries: batch.flatMap((item) => item.entries),
        told: batch.flatMap((item) => item.told),
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
