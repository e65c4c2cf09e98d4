import * as fc from 'fast-check'
import { canonicalNumber } from '../../src/change/attribute-number.ts'
import type { AttributeValue } from '../../src/change/attribute-value.ts'
import type { FieldType, Shape } from '../../src/shapes/shape.ts'
import { arbitraryBase64, arbitraryNumber, arbitraryText, arbitraryValue } from './arbitrary-items.ts'

/** A value of DynamoDB that fits a type, and what a reader should see of it. */
export interface FittingValue {
  readonly value: AttributeValue
  readonly seen: Seen
}

/** What a reader sees, in no format's own words. */
export type Seen =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'whole'; readonly whole: bigint }
  | { readonly kind: 'decimal'; readonly unscaled: bigint; readonly scale: number }
  | { readonly kind: 'floating'; readonly number: number }
  | { readonly kind: 'boolean'; readonly isTrue: boolean }
  | { readonly kind: 'bytes'; readonly base64: string }
  | { readonly kind: 'json' }
  | { readonly kind: 'typed' }
  | { readonly kind: 'list'; readonly elements: readonly FittingValue[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, FittingValue])[] }
  | { readonly kind: 'struct'; readonly fields: readonly (FittingValue | undefined)[] }

/** Values of a type, all of which fit it exactly. */
export function fittingValue(type: FieldType): fc.Arbitrary<FittingValue> {
  switch (type.kind) {
    case 'string':
      return fc.oneof(
        arbitraryText.map((S): FittingValue => ({ value: { S }, seen: { kind: 'text', text: S } })),
        arbitraryNumber.map((N): FittingValue => ({
          value: { N },
          seen: { kind: 'text', text: canonicalNumber(N) ?? '' },
        })),
      )
    case 'int32':
    case 'int64':
      return wholes(type.kind === 'int32' ? 32n : 64n)
    case 'decimal':
      return decimals(type.precision, type.scale)
    case 'float':
    case 'double':
      return floats(type.kind)
    case 'boolean':
      return fc.boolean().map((BOOL) => ({ value: { BOOL }, seen: { kind: 'boolean', isTrue: BOOL } }))
    case 'bytes':
      return arbitraryBase64.map((B) => ({ value: { B }, seen: { kind: 'bytes', base64: B } }))
    case 'json':
    case 'typed':
      return arbitraryValue
        .filter((value) => JSON.stringify(value).isWellFormed() && !/\\ud[89a-f]/.test(JSON.stringify(value)))
        .map((value): FittingValue => ({ value, seen: { kind: type.kind === 'json' ? 'json' : 'typed' } }))
    case 'array':
      return fc.array(fittingValue(type.items), { maxLength: 4 }).map((elements) => ({
        value: { L: elements.map(({ value }) => value) },
        seen: { kind: 'list', elements },
      }))
    case 'map':
      return maps(type.values)
    case 'struct':
      return fittingStruct(type.shape)
  }
}

/** Items of a shape; whatever may be absent sometimes is. Nothing is in them that the shape does not name. */
export function fittingStruct(shape: Shape): fc.Arbitrary<FittingValue & { readonly value: { readonly M: object } }> {
  const fields = shape.fields.map(({ type, isOptional }) =>
    isOptional ? fc.option(fittingValue(type), { nil: undefined }) : fittingValue(type),
  )
  return fc.tuple(...fields).map((values) => ({
    value: {
      M: Object.fromEntries(
        shape.fields.flatMap(({ name }, index) => {
          const value = values[index]
          return value === undefined ? [] : [[name, value.value]]
        }),
      ),
    },
    seen: { kind: 'struct', fields: values },
  }))
}

function wholes(bits: bigint): fc.Arbitrary<FittingValue> {
  const limit = 2n ** (bits - 1n)
  const whole = fc.oneof(
    fc.bigInt({ min: -limit, max: limit - 1n }),
    fc.constantFrom(-limit, limit - 1n, 0n, 64n, -65n, 2n ** 30n, -(2n ** 30n) - 1n),
  )
  return whole.map((one) => ({ value: { N: String(one) }, seen: { kind: 'whole', whole: one } }))
}

function decimals(precision: number, scale: number): fc.Arbitrary<FittingValue> {
  const limit = 10n ** BigInt(precision) - 1n
  return fc.bigInt({ min: -limit, max: limit }).map((unscaled) => ({
    value: { N: `${unscaled}E-${scale}` },
    seen: { kind: 'decimal', unscaled, scale },
  }))
}

function floats(kind: 'float' | 'double'): fc.Arbitrary<FittingValue> {
  const numbers =
    kind === 'float'
      ? fc.integer({ min: -99_999, max: 99_999 }).map((n) => n / 8)
      : fc.double({ noNaN: true, noDefaultInfinity: true })
  return numbers
    .filter((number) => !Object.is(number, -0))
    .map((number) => ({ value: { N: String(number) }, seen: { kind: 'floating', number } }))
}

function maps(values: FieldType): fc.Arbitrary<FittingValue> {
  const entries = fc.uniqueArray(fc.tuple(arbitraryText, fittingValue(values)), {
    selector: ([name]) => name,
    maxLength: 4,
  })
  return entries.map((all) => ({
    value: { M: Object.fromEntries(all.map(([name, { value }]) => [name, value])) },
    seen: { kind: 'map', entries: all },
  }))
}
