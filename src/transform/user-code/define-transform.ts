/**
 * What the user's own transforms are written with: `import { defineTransform } from 'tailrace/transform'`. Stands alone, so
 * that nothing else of tailrace is loaded beside the user's code.
 */

/** A change of an item, in plain values. */
export interface Change<I extends object = PlainItem> {
  /** May be set to `REMOVE`: then a delete is delivered. Otherwise as it is. */
  operation: 'INSERT' | 'MODIFY' | 'REMOVE' | 'READ'
  readonly table: string
  /** The key attributes. They stay as they are, here and in both images. */
  readonly keys: Readonly<PlainItem>
  /** Before the change; undefined if it was not captured or cannot be. */
  old: I | undefined
  /** After it; undefined if it was not captured or cannot be. */
  new: I | undefined
  /** Where it goes; undefined: to the table's own topic. */
  topic: string | undefined
  /** Headers that its records get besides their own. */
  headers: Record<string, string | Uint8Array>
  /** When the change was made, about. Milliseconds. */
  readonly createdAtMs: number
  /** Empty for rows of snapshots; so are shard and sequence number. */
  readonly eventId: string
  readonly shardId: string
  readonly sequenceNumber: string
  /** Who made it, where DynamoDB says so: deletes by time-to-live have `dynamodb.amazonaws.com`. */
  readonly userIdentity: { readonly type: string; readonly principalId: string } | undefined
  /** True for a row of a snapshot. */
  readonly isSnapshot: boolean
}

/** An item or a map in plain values: an object without a prototype, so that any name is a member like any other. */
export interface PlainItem {
  [name: string]: PlainValue
}

/**
 * A value: S as string, BOOL as boolean, NULL as null, B as Uint8Array, L as array, M as object, sets as Set. A number is a
 * `number` if that is exact, a `bigint` if it is whole and larger, an `ExactNumber` otherwise.
 */
export type PlainValue =
  | string
  | PlainNumber
  | boolean
  | null
  | Uint8Array
  | PlainItem
  | PlainValue[]
  | Set<string>
  | Set<PlainNumber>
  | Set<Uint8Array>

/** A number of DynamoDB's, exactly. */
export type PlainNumber = number | bigint | ExactNumber

/** What a transform makes of a change: itself or another one, several, or none (`undefined` or `null`), which drops it. */
export type TransformResult<I extends object = PlainItem> = Change<I> | readonly Change<I>[] | undefined | null

/** A transform. Called with one change after the other; a promise is waited for before the next one. */
export type Transform<I extends object = PlainItem> = (
  change: Change<I>,
) => TransformResult<I> | Promise<TransformResult<I>>

/** Gives a transform its type; to be exported as `default`. */
export function defineTransform<I extends object = PlainItem>(transform: Transform<I>): Transform<I> {
  return transform
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/

/**
 * A decimal number that no `number` holds exactly. It does not take part in arithmetic by itself, since that would round:
 * use `text` with a decimal library, or `toNumber()` where rounding does no harm.
 */
export class ExactNumber {
  /** Its digits, as in `1234567890.12345678901`. */
  readonly text: string

  /** Throws a TypeError unless the text is a decimal number. */
  constructor(text: string) {
    if (typeof text !== 'string' || !decimal.test(text)) throw new TypeError('not a decimal number')
    this.text = text
  }

  /** The nearest `number`. */
  toNumber(): number {
    return Number(this.text)
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }

  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.text
    throw new TypeError('an ExactNumber would be rounded here: use its text, or toNumber()')
  }
}
