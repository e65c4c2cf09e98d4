import { hash } from 'node:crypto'
import type { Item } from '../../../change/attribute-value.ts'
import type { KinesisChange, KinesisRecord } from '../../../change/kinesis-record.ts'
import { compareSequenceNumbers } from '../../../change/sequence-number.ts'
import { CanonicalBytes } from './canonical-bytes.ts'

/** A record in the order of its shard, and what repair must know of it. */
export interface Arrival {
  /** Its place in the shard; see {@link arrivalId}. */
  readonly id: string
  readonly record: KinesisRecord
  /** Undefined for a record that is no change, or whose item cannot be told: it is never held back. */
  readonly facts: ChangeFacts | undefined
}

/** What tells the changes of an item apart, and their order. */
export interface ChangeFacts {
  /** Table and key: equal texts, same item. */
  readonly item: string
  readonly eventId: string
  /** Microseconds, approximate: two changes of an item may share it, and clocks of its writers may differ. */
  readonly createdAtMicros: number
  /** Digests of the item before and after; undefined where nothing can be said. An absent item has one, too. */
  readonly before: () => string | undefined
  readonly after: () => string | undefined
}

/** Sequence number, and the place in a package of several records. */
export function arrivalId({ sequenceNumber, subSequence }: KinesisRecord): string {
  return subSequence === undefined ? sequenceNumber : `${sequenceNumber}/${subSequence}`
}

/** The order of the shard. */
export function compareIds(a: string, b: string): number {
  const [left = '', leftSub = '0'] = a.split('/')
  const [right = '', rightSub = '0'] = b.split('/')
  const order = compareSequenceNumbers(left, right)
  return order === 0 ? Number(leftSub) - Number(rightSub) : order
}

/** `change` is undefined for what is no change of a table. */
export function arrivalOf(record: KinesisRecord, change: KinesisChange | undefined): Arrival {
  return { id: arrivalId(record), record, facts: change === undefined ? undefined : factsOf(change) }
}

function factsOf(change: KinesisChange): ChangeFacts | undefined {
  const { tableName, keys } = change
  keyBytes.begin()
  keyBytes.addText(tableName)
  // One flat text: a text that was put together keeps all its parts, and they are remembered for as long as the item.
  return keyBytes.addItem(keys) ? new FactsOfChange(change, keyBytes.writtenText) : undefined
}

const keyBytes = new CanonicalBytes()
const imageBytes = new CanonicalBytes()

/** What stands for the image of an item that is not there. */
export const absent = '-'

/** Makes each digest once, when it is asked for. */
class FactsOfChange implements ChangeFacts {
  readonly #change: KinesisChange
  readonly item: string
  #before: string | undefined
  #after: string | undefined
  #hasBefore = false
  #hasAfter = false

  constructor(change: KinesisChange, item: string) {
    this.#change = change
    this.item = item
  }

  get eventId(): string {
    return this.#change.eventId
  }

  get createdAtMicros(): number {
    return this.#change.createdAtMicros
  }

  before(): string | undefined {
    const { operation, oldImage } = this.#change
    if (!this.#hasBefore) this.#before = operation === 'INSERT' ? absent : digestOf(oldImage)
    this.#hasBefore = true
    return this.#before
  }

  after(): string | undefined {
    const { operation, newImage } = this.#change
    if (!this.#hasAfter) this.#after = operation === 'REMOVE' ? absent : digestOf(newImage)
    this.#hasAfter = true
    return this.#after
  }
}

/** SHA-256, because whoever writes items would choose two with one digest. */
function digestOf(image: Item | undefined): string | undefined {
  if (image === undefined) return undefined
  imageBytes.begin()
  return imageBytes.addItem(image) ? hash('sha256', imageBytes.written, 'binary') : undefined
}
