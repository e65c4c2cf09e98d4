import type { AttributeValue } from '../../change/attribute-value.ts'

/**
 * A value that fits its type in a shape, in no format's own language. Which form it has follows from the type alone:
 *
 * - `string`, `json`: a text without lone surrogates
 * - `int32`, `float`, `double`: a number; `int64`: a number up to 2^53 either way, a bigint beyond
 * - `decimal`: the unscaled whole number (`12.5` at scale 2 is `1250n`), within the precision
 * - `boolean`, `bytes`: themselves
 * - `array`: its elements, sets in their fixed order; `map`: its entries in the order in which they came
 * - `struct`: the fields in the order of the shape, and behind them, if it has one, the rest: a JSON text, or null
 * - `typed`: the value of DynamoDB as it came, unchecked: whoever writes it goes through `typedContent`, level by level
 *
 * Null stands for a field that is absent; only fields that may be are.
 */
export type FittedValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | FittedArray
  | FittedMap
  | FittedStruct
  | AttributeValue

/** The elements of an array. */
export type FittedArray = readonly FittedValue[]

/** The entries of a map. Any text is a name. */
export type FittedMap = ReadonlyMap<string, FittedValue>

/** Fields by place. */
export type FittedStruct = readonly FittedValue[]
