import * as fc from 'fast-check'
import type { AttributeValue } from '../../src/change/attribute-value.ts'
import type { Properties } from './chain-of.ts'

/** One transform with a record that both Connect and tailrace take for the same. */
export interface ConnectCase {
  readonly steps: readonly ConnectStep[]
  readonly topic: string
  readonly timestampMs: number
  readonly key: Readonly<Record<string, AttributeValue>>
  /** Null: a tombstone. */
  readonly value: Readonly<Record<string, AttributeValue>> | null
}

/** One transform of a case, by Connect's own names. */
export interface ConnectStep {
  readonly settings: Properties
  readonly predicate?: Properties | undefined
  readonly negate?: boolean | undefined
}

const kafka = 'org.apache.kafka.connect.transforms'
const names = ['a', 'b', 'c', 'd', 'é', '__proto__', 'constructor', 'x.y', 'with space'] as const
const name = fc.constantFrom(...names)

/** Numbers that Java's long and double hold as they are, and print as they are written. */
const number = fc.oneof(
  fc.integer({ min: -100, max: 100 }).map(String),
  fc.integer({ min: -99_999, max: 99_999 }).map((hundredths) => (hundredths / 100).toFixed(2).replace(/\.?0+$/, '')),
)
const text = fc.oneof(
  fc.constantFrom(
    '',
    'true',
    'TRUE',
    'no',
    '12',
    '-7',
    '+5',
    '1e3',
    ' 7',
    '300',
    '0.5',
    '12345678901',
    '{"a":1}',
    'say "x"',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }).filter((one) => !/[0-9a-z]/i.test(one)),
)
const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  text.map((S) => ({ S })),
  number.map((N) => ({ N })),
  fc.boolean().map((BOOL) => ({ BOOL })),
)
const listed: fc.Arbitrary<AttributeValue> = fc.array(scalar, { maxLength: 3 }).map((L) => ({ L }))
const mapped: fc.Arbitrary<AttributeValue> = fc
  .array(fc.tuple(name, fc.oneof(scalar, listed)), { maxLength: 3 })
  .map((entries) => ({ M: Object.fromEntries(entries) }))
const deep: fc.Arbitrary<AttributeValue> = fc
  .array(fc.tuple(name, fc.oneof(scalar, mapped)), { maxLength: 3 })
  .map((entries) => ({ M: Object.fromEntries(entries) }))
const anything: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 5, arbitrary: scalar },
  { weight: 1, arbitrary: fc.constant<AttributeValue>({ NULL: true }) },
  { weight: 1, arbitrary: listed },
  { weight: 2, arbitrary: mapped },
  { weight: 1, arbitrary: deep },
)

/** Attributes of a row, some of which most steps ask for. */
export const arbitraryRow: fc.Arbitrary<Readonly<Record<string, AttributeValue>>> = fc
  .array(fc.tuple(name, anything), { minLength: 1, maxLength: 7 })
  .map((entries) => Object.fromEntries(entries))

const some = fc.uniqueArray(name, { minLength: 1, maxLength: 3 })
const side = fc.constantFrom('Key', 'Value')
const bothSides = (type: string): fc.Arbitrary<string> => side.map((one) => `${kafka}.${type}$${one}`)
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })

function settings(parts: Readonly<Record<string, fc.Arbitrary<string | undefined>>>): fc.Arbitrary<Properties> {
  return fc
    .record(parts)
    .map((all) =>
      Object.fromEntries(Object.entries(all).flatMap(([key, one]) => (one === undefined ? [] : [[key, one]]))),
    )
}

const castTypes = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string'] as const

/** Steps that take any row, and tombstones. */
const common: fc.Arbitrary<Properties> = fc.oneof(
  settings({
    type: bothSides('ReplaceField'),
    exclude: maybe(some.map((list) => list.join(','))),
    include: maybe(some.map((list) => list.join(', '))),
    renames: maybe(some.map((list) => list.map((one, at) => `${one}:z${at}`).join(','))),
  }),
  settings({ type: bothSides('Flatten'), delimiter: maybe(fc.constantFrom('_', '.', '::')) }),
  settings({
    type: bothSides('Cast'),
    spec: fc
      .uniqueArray(fc.tuple(name, fc.constantFrom(...castTypes)), {
        minLength: 1,
        maxLength: 3,
        selector: ([one]) => one,
      })
      .map((pairs) => pairs.map((pair) => pair.join(':')).join(',')),
  }),
  settings({
    type: bothSides('InsertField'),
    'topic.field': maybe(fc.constantFrom('topic', 'a?')),
    'timestamp.field': maybe(fc.constantFrom('at', '__proto__!')),
    'static.field': fc.constantFrom('fixed', 'b'),
    'static.value': text.filter((one) => one.trim() === one && one !== ''),
  }),
  fc
    .constantFrom(
      { regex: 'shop\\.(.*)', replacement: '$1' },
      { regex: '(shop|stock)[.-](?<table>\\w+)', replacement: '${table}-$1' },
      { regex: 'shop.order', replacement: 'x' },
      { regex: '(.*?)s?', replacement: 'all' },
      { regex: '(?i)SHOP\\.(o)(.*)', replacement: '$1$11x' },
      { regex: 'shop\\-x|stock\\_y|.*', replacement: '$0-v2' },
    )
    .map((one) => ({ type: `${kafka}.RegexRouter`, ...one })),
  settings({
    type: fc.constant(`${kafka}.TimestampRouter`),
    'topic.format': maybe(fc.constantFrom('${topic}-${timestamp}', 'daily.${timestamp}', '${topic}')),
    'timestamp.format': maybe(fc.constantFrom('yyyyMMdd', "yyyy-MM-dd'T'HH.mm.ss.SSS", 'yy_M_d_H_m_s_S', "yyyy'w'MM")),
  }),
  fc.constant({ type: `${kafka}.InsertHeader`, header: 'h', 'value.literal': 'some text' }),
  fc.constant({ type: `${kafka}.DropHeaders`, headers: 'h,other' }),
)

/** Steps that Connect lets fail on a tombstone; tailrace lets that pass. */
const ofValues: fc.Arbitrary<Properties> = fc.oneof(
  settings({
    type: bothSides('MaskField'),
    fields: some.map((list) => list.join(',')),
    replacement: maybe(fc.constantFrom('7', '***')),
  }),
  settings({ type: bothSides('HoistField'), field: name }),
  fc
    .record({ type: bothSides('HeaderFrom'), fields: some, operation: fc.constantFrom('move', 'copy') })
    .map(({ fields, ...rest }) => ({
      ...rest,
      fields: fields.join(','),
      headers: fields.map((_, at) => `h${at}`).join(','),
    })),
  settings({
    type: fc.constant(`${kafka}.TimestampConverter$Value`),
    field: fc.constant('at'),
    'target.type': fc.constantFrom('string', 'unix'),
    format: fc.constantFrom(
      'yyyy-MM-dd HH:mm:ss.SSS',
      "yyyyMMdd'T'HHmmssSSS",
      "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
      'd.M.yyyy',
    ),
    'unix.precision': maybe(fc.constantFrom('seconds', 'milliseconds', 'microseconds', 'nanoseconds')),
  }),
)

const predicate: fc.Arbitrary<Pick<ConnectStep, 'predicate' | 'negate'>> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record({
      predicate: fc.constantFrom<Properties>(
        { type: `${kafka}.predicates.TopicNameMatches`, pattern: 'shop\\..*' },
        { type: `${kafka}.predicates.TopicNameMatches`, pattern: 'shop' },
        { type: `${kafka}.predicates.HasHeaderKey`, name: 'h' },
        { type: `${kafka}.predicates.RecordIsTombstone` },
      ),
      negate: fc.boolean(),
    }),
  },
)

const times = fc.integer({ min: 0, max: 4_102_444_800_000 })
const topic = fc.constantFrom('shop.orders', 'stock-items', 'other_topic')
const key = arbitraryRow

const withAny: fc.Arbitrary<ConnectCase> = fc.record({
  steps: fc.array(stepOf(common), { minLength: 1, maxLength: 3 }),
  topic,
  timestampMs: times,
  key,
  value: fc.option(arbitraryRow, { freq: 8 }),
})

const withValue: fc.Arbitrary<ConnectCase> = fc
  .record({
    steps: fc.tuple(stepOf(ofValues)),
    topic,
    timestampMs: times,
    key,
    value: arbitraryRow,
    at: times,
    form: fc.nat(3),
  })
  .map(({ value, at, form, ...rest }) => ({ ...rest, value: { ...value, at: timeValue(at, form) } }))

/** Of fields that are there: without one, Connect makes a key with a null of it. */
const ofFields: fc.Arbitrary<ConnectCase> = fc
  .record({ topic, timestampMs: times, key, value: arbitraryRow, pick: fc.nat(20), isPath: fc.boolean() })
  .map(({ value, pick, isPath, ...rest }) => {
    const all = Object.keys(value)
    const field = all[pick % all.length] ?? ''
    const isMap = 'M' in (value[field] ?? {})
    const extraction = { type: `${kafka}.ExtractField$Value`, field: isPath ? `\`${field}\`` : field }
    const settingsOf: Properties = isMap
      ? { ...extraction, 'field.syntax.version': isPath ? 'V2' : 'V1' }
      : { type: `${kafka}.ValueToKey`, fields: all.slice(0, 1 + (pick % 3)).join(',') }
    return { ...rest, value, steps: [{ settings: settingsOf }] }
  })

/** Everything in which both must agree. */
export const arbitraryConnectCase: fc.Arbitrary<ConnectCase> = fc.oneof(
  { weight: 4, arbitrary: withAny },
  { weight: 3, arbitrary: withValue },
  { weight: 1, arbitrary: ofFields },
)

function stepOf(arbitrary: fc.Arbitrary<Properties>): fc.Arbitrary<ConnectStep> {
  return fc.record({ settings: arbitrary, condition: predicate }).map(({ settings: own, condition }) => ({
    settings: own,
    ...condition,
  }))
}

function timeValue(timeMs: number, form: number): AttributeValue {
  const iso = new Date(timeMs).toISOString()
  switch (form) {
    case 0:
      return { N: String(timeMs) }
    case 1:
      return { S: iso.replace('T', ' ').replace('Z', '') }
    case 2:
      return { S: iso }
    default:
      return { S: iso.replaceAll(/[-:.Z]/g, '') }
  }
}
