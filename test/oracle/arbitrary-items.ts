import * as fc from 'fast-check'
import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'
import type { ChangeEvent, Operation, SnapshotMark } from '../../src/change/change-event.ts'
import type { StreamViewType, Table } from '../../src/change/table.ts'

/**
 * Random DynamoDB data: everything that a table can hold, and somewhat more (lone surrogates, empty sets), as
 * `JSON.parse` would make it: names such as `__proto__` are own properties.
 */

const nastyTexts = [
  '',
  '\u0000',
  '"',
  '\\',
  '\n\r\t',
  '\u007F',
  '\u2028\u2029',
  '\uFFFD',
  '😀',
  '\uFFFF\u{10000}',
  'a/b',
] as const
const nastyNames = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'toJSON',
  '0',
  '1',
  '007',
  '4294967295',
  '-1',
  'S',
  'N',
  'M',
  'a.b',
  '$x',
  '#n',
  'ключ',
] as const

/** Text without lone surrogates, from empty to a few hundred characters. */
export const arbitraryText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...nastyTexts),
  fc.string({ unit: 'grapheme-ascii', maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'binary', minLength: 60, maxLength: 300 }),
)

/** Any UTF-16 units, so mostly with lone surrogates. */
export const arbitraryUnits: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.integer({ min: 0xd8_00, max: 0xdf_ff }), fc.integer({ min: 0, max: 0xff_ff })), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units))

export const arbitraryName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...nastyNames),
  fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 }),
  arbitraryText,
)

/** A number's parts: up to 38 digits, the first and last not zero; -130 ≤ exponent of the first digit ≤ 125. */
export const arbitraryDecimal: fc.Arbitrary<{
  readonly sign: '' | '-'
  readonly digits: string
  readonly exponent: number
}> = fc.record({
  sign: fc.constantFrom('' as const, '-' as const),
  digits: fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 38 })
    .map((digits) => digits.join('').replace(/^0+|0+$/g, '') || '7'),
  exponent: fc.oneof(fc.integer({ min: -130, max: 125 }), fc.integer({ min: -5, max: 20 }), fc.constantFrom(-130, 125)),
})

/** Writings of d.ddd × 10^exponent that are JSON numbers. */
export function jsonWritings(decimal: {
  readonly sign: string
  readonly digits: string
  readonly exponent: number
}): string[] {
  const { sign, digits, exponent } = decimal
  const rest = digits.slice(1)
  const lead = digits.slice(0, 1)
  const writings = [
    `${sign}${lead}${rest === '' ? '' : `.${rest}`}E${exponent}`,
    `${sign}${lead}.${rest}0e${exponent < 0 ? exponent : `+${exponent}`}`,
    `${sign}${digits}E${exponent - rest.length}`,
    `${sign}0.${digits}E${exponent + 1}`,
    `${sign}0.000${digits}00e${exponent + 4}`,
  ]
  if (exponent >= rest.length) writings.push(sign + digits + '0'.repeat(exponent - rest.length))
  else if (exponent >= 0) writings.push(`${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`)
  else writings.push(`${sign}0.${'0'.repeat(-exponent - 1)}${digits}`)
  return writings
}

/** A number as DynamoDB could give it: always a JSON number. */
export const arbitraryNumber: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '0.0',
    '0E5',
    '2E3',
    '2000',
    '2000.0',
    '1234567890.1234567890123456789012345678',
    '-1E-130',
  ),
  fc.integer().map(String),
  arbitraryDecimal.chain((decimal) => fc.constantFrom(...jsonWritings(decimal))),
)

export const arbitraryBase64: fc.Arbitrary<string> = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => Buffer.from(bytes).toString('base64'))

const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  { arbitrary: fc.oneof(arbitraryText, arbitraryUnits).map((S) => ({ S })), weight: 4 },
  { arbitrary: arbitraryNumber.map((N) => ({ N })), weight: 4 },
  arbitraryBase64.map((B) => ({ B })),
  fc.boolean().map((BOOL) => ({ BOOL })),
  fc.constant<AttributeValue>({ NULL: true }),
  fc.uniqueArray(arbitraryText, { maxLength: 6 }).map((SS) => ({ SS })),
  fc.uniqueArray(arbitraryNumber, { maxLength: 6 }).map((NS) => ({ NS })),
  fc.uniqueArray(arbitraryBase64, { maxLength: 6 }).map((BS) => ({ BS })),
)

const { value: nested } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small', withCrossShrink: true },
    { arbitrary: scalar, weight: 5 },
    fc.array(tie('value'), { maxLength: 5 }).map((L) => ({ L })),
    fc
      .array(fc.tuple(arbitraryName, tie('value')), { maxLength: 5 })
      .map((entries) => ({ M: Object.fromEntries(entries) })),
  ),
}))

/** All ten types, nested up to DynamoDB's 32 levels. */
export const arbitraryValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  { arbitrary: nested, weight: 9 },
  fc
    .tuple(nested, fc.array(arbitraryName, { minLength: 1, maxLength: 27 }))
    .map(([core, names]) => buried(core, names)),
)

/** Any attributes; names repeat the last value, as in JSON. */
export const arbitraryItem: fc.Arbitrary<Item> = fc
  .array(fc.tuple(arbitraryName, arbitraryValue), { maxLength: 12 })
  .map((entries) => Object.fromEntries(entries))

/** A table with an S hash key and an N range key, and one change of it with the images that its view type has. */
export interface ArbitraryChange {
  readonly table: Table
  readonly event: ChangeEvent
}

export const arbitraryChange: fc.Arbitrary<ArbitraryChange> = fc
  .record({
    viewType: fc.constantFrom<StreamViewType>('KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'),
    operation: fc.constantFrom<Operation>('INSERT', 'MODIFY', 'REMOVE', 'READ'),
    pk: fc.oneof(arbitraryText, arbitraryUnits),
    sk: arbitraryNumber,
    oldItem: arbitraryItem,
    newItem: arbitraryItem,
    sequence: fc.bigInt({ min: 1n, max: 10n ** 40n - 1n }),
    seconds: fc.integer({ min: 0, max: 8_999_999_999 }),
    micros: fc.option(fc.integer({ min: 0, max: 999_999 }), { nil: undefined }),
    isExpiry: fc.boolean(),
    mark: fc.constantFrom<SnapshotMark>('first', 'true', 'last', 'incremental'),
  })
  .map(({ viewType, operation, pk, sk, oldItem, newItem, sequence, seconds, micros, isExpiry, mark }) => {
    const keys: Item = { pk: { S: pk }, sk: { N: sk } }
    const hasOld = viewType.includes('OLD') && (operation === 'MODIFY' || operation === 'REMOVE')
    const hasNew = viewType.includes('NEW') && operation !== 'REMOVE'
    const isRow = operation === 'READ'
    return {
      table: tableOf(viewType),
      event: {
        operation,
        keys,
        oldImage: hasOld ? { ...keys, ...oldItem, ...keys } : undefined,
        newImage: hasNew ? { ...keys, ...newItem, ...keys } : undefined,
        eventId: isRow ? '' : sequence.toString(16),
        shardId: isRow ? '' : 'shardId-00000001795426137710-6c8358a2',
        sequenceNumber: isRow ? '' : String(sequence),
        createdAtMs: seconds * 1000 + (isRow ? 0 : Math.floor((micros ?? 0) / 1000)),
        createdAtMicros: isRow || micros === undefined ? undefined : seconds * 1_000_000 + micros,
        userIdentity:
          isExpiry && operation === 'REMOVE' ? { type: 'Service', principalId: 'dynamodb.amazonaws.com' } : undefined,
        sizeBytes: 100,
        snapshot: isRow ? mark : undefined,
      },
    }
  })

/** The table that `arbitraryChange` changes: `orders`, with `pk` (S) and `sk` (N). */
export function tableOf(viewType: StreamViewType): Table {
  return {
    arn: 'arn:aws:dynamodb:us-east-1:123456789012:table/orders',
    name: 'orders',
    id: '8f1c3f3c-6f6b-4b57-9a0e-0d0f3b1f6a11',
    region: 'us-east-1',
    account: '123456789012',
    streamArn: 'arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-20T08:00:00.000',
    viewType,
    keySchema: [
      { name: 'pk', type: 'S' },
      { name: 'sk', type: 'N' },
    ],
  }
}

function buried(core: AttributeValue, names: readonly string[]): AttributeValue {
  return names.reduce<AttributeValue>(
    (value, name, index) => (index % 2 === 0 ? { M: Object.fromEntries([[name, value]]) } : { L: [value] }),
    core,
  )
}
