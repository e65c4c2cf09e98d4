import type { KinesisRecord } from '../../../change/kinesis-record.ts'
import type { ChangeFacts } from './arrival.ts'
import { EventIds } from './event-ids.ts'
import type { TailPlace } from './shard-tail.ts'

/** What is remembered of one item for as long as the window lasts. */
export interface ItemMemory {
  readonly item: string
  /** True for the id of a change that is held back or dealt with. */
  knows(eventId: string): boolean
  /** The last change that was handed out in order. */
  newest: NewestChange | undefined
  readonly held: readonly HeldChange[]
  hold(change: HeldChange): void
  /** Takes a change out that was held. */
  letGo(change: HeldChange): void
}

/** Flat, and without lists where they would be empty: most items have one change within the window. */
export interface NewestChange {
  readonly createdAtMicros: number
  /** The image in which the item was left. */
  readonly left: string | undefined
  /** Where the change begins and ends. */
  readonly before: string | undefined
  readonly after: string | undefined
  /** The others that are dealt with of this one time of creation. */
  readonly others: readonly ImageLink[]
}

/** Where a change begins and ends. */
export interface ImageLink {
  readonly before: string | undefined
  readonly after: string | undefined
}

/** A change that waits for its turn. */
export interface HeldChange {
  /** Its data are its own, not a part of its page's. */
  readonly record: KinesisRecord
  readonly facts: ChangeFacts
  readonly place: TailPlace
  /** When it came, by the time of the shard. Milliseconds; never smaller than that of one before it. */
  readonly sinceMs: number
  readonly bytes: number
  isReleased: boolean
  /** It waits for the delay; otherwise for the window. */
  isUnproven: boolean
}

/** An item that is remembered. */
export class RememberedItem implements ItemMemory {
  readonly item: string
  readonly events = new EventIds()
  newest: NewestChange | undefined
  #held: HeldChange[] | undefined

  constructor(item: string) {
    this.item = item
  }

  knows(eventId: string): boolean {
    return this.events.has(eventId)
  }

  get held(): readonly HeldChange[] {
    return this.#held ?? none
  }

  hold(change: HeldChange): void {
    if (this.#held === undefined) this.#held = [change]
    else this.#held.push(change)
  }

  letGo(change: HeldChange): void {
    const at = this.#held?.indexOf(change) ?? -1
    if (at !== -1) this.#held?.splice(at, 1)
    if (this.#held?.length === 0) this.#held = undefined
  }
}

const none: readonly HeldChange[] = []
