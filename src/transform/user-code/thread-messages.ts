import type { Item } from '../../change/attribute-value.ts'
import type { ChangeEvent, Operation } from '../../change/change-event.ts'
import type { KeyAttribute } from '../../change/table.ts'
import type { RecordHeader } from '../../envelope/document-payload.ts'

/** What a thread is started with. */
export interface ThreadData {
  /** Absolute paths, in the order of calls. */
  readonly files: readonly string[]
  /** Two integers: which change is in work (0: none, else its place in the page from 1), and in which file (from 0). */
  readonly progress: SharedArrayBuffer
}

/** Said once by a new thread. */
export type StartMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly file: string; readonly problem: string }

/** Changes of one table, to be transformed in their order. */
export interface PageMessage {
  readonly changes: readonly ThreadChange[]
  readonly table: { readonly name: string; readonly keySchema: readonly KeyAttribute[] }
}

/** A change as it goes into a thread. */
export interface ThreadChange {
  readonly event: ChangeEvent
  readonly topic: string | undefined
}

/** What became of one change. */
export type ThreadOutcome =
  | { readonly kind: 'passed'; readonly changes: readonly ChangedParts[] }
  /** Names no value, unless `detail` does: the message of the user's error, for those who ask for it. */
  | {
      readonly kind: 'failed'
      readonly code: 'TRANSFORM_FAILED' | 'TRANSFORM_RESULT' | 'RECORD_UNREADABLE'
      readonly file: string
      readonly problem: string
      readonly detail: string
    }

/** What may be different afterwards. `same`: the image as it went in. */
export interface ChangedParts {
  readonly operation: Operation
  readonly oldImage: Item | 'same' | undefined
  readonly newImage: Item | 'same' | undefined
  readonly topic: string | undefined
  readonly headers: readonly RecordHeader[]
}
