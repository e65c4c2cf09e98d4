import { parseDecimal } from '../../change/attribute-number.ts'
import type { DocumentValue } from '../../change/document.ts'
import type { FieldType } from '../../shapes/shape.ts'
import { formatDate } from './date-format.ts'
import type { DatePart } from './date-format.ts'
import { parseDate } from './parse-date.ts'
import { defaulted, needed, nullDefault, oneOf, optional, someText } from './settings.ts'
import { failed, fieldsStep, replaced, shown } from './sides.ts'
import { stepType } from './step-type.ts'
import { datePattern } from './timestamp-router.ts'

const targets = ['string', 'unix', 'Date', 'Time', 'Timestamp'] as const
type Target = (typeof targets)[number]

/** How many of a unit make a second. */
const perSecond = { seconds: 1n, milliseconds: 1000n, microseconds: 1_000_000n, nanoseconds: 1_000_000_000n } as const
type Precision = keyof typeof perSecond
const precisions = ['seconds', 'milliseconds', 'microseconds', 'nanoseconds'] as const

const dayMs = 86_400_000n
/** Of a JavaScript date, in milliseconds. */
const greatestTime = 8_640_000_000_000_000n

/** Writes a time in another form. What is a text is read by the format, what is a number as a Unix time. */
export const timestampConverter = stepType({
  name: 'TimestampConverter',
  hasSides: true,
  documentation: 'Writes a time in another form.',
  settings: {
    field: needed(someText, 'The field with the time.'),
    'target.type': needed(
      oneOf(targets),
      'A text by `format`, a Unix time by `unix.precision`, the day since 1970, the millisecond of the day, or milliseconds since 1970.',
    ),
    format: optional(datePattern, 'How texts are read and written.'),
    'unix.precision': defaulted(
      oneOf(precisions),
      'milliseconds',
      'The unit in which Unix times are read and written.',
    ),
    'replace.null.with.default': nullDefault,
  },
  create({ field: wanted, 'target.type': target, format, 'unix.precision': precision }, side) {
    if (target === 'string' && format === undefined)
      return { setting: 'format', problem: 'is missing for the target type string' }
    const change = (value: DocumentValue, name: string): DocumentValue | undefined => {
      if (name !== wanted || 'NULL' in value) return undefined
      const timeMs = timeOf(value, format, precision)
      if (timeMs === undefined) throw failed(`field ${shown(name)} is no time that can be read`)
      return target === 'string'
        ? { S: formatDate(format ?? [], Number(timeMs)) }
        : { INT: numberOf(timeMs, target, precision) }
    }
    const type: FieldType = { kind: kinds[target] }
    return fieldsStep(
      side,
      (document) => replaced(document, change),
      (shape) => ({
        ...shape,
        fields: shape.fields.map((field) => (field.name === wanted ? { ...field, type } : field)),
      }),
    )
  },
})

const kinds = { string: 'string', unix: 'int64', Date: 'int32', Time: 'int32', Timestamp: 'int64' } as const

/** Fractions of a millisecond are cut off. */
function timeOf(
  value: DocumentValue,
  format: readonly DatePart[] | undefined,
  precision: Precision,
): bigint | undefined {
  if ('S' in value) {
    const time = format === undefined ? undefined : parseDate(format, value.S)
    return time === undefined ? undefined : BigInt(time)
  }
  const unix = 'INT' in value ? BigInt(value.INT) : 'N' in value ? wholeNumber(value.N) : undefined
  const time = unix === undefined ? undefined : (unix * 1000n) / perSecond[precision]
  return time === undefined || time > greatestTime || time < -greatestTime ? undefined : time
}

function wholeNumber(text: string): bigint | undefined {
  const parts = parseDecimal(text)
  if (parts === undefined || parts.exponent > 30 || parts.digits.length > parts.exponent) {
    return parts?.digits === '' ? 0n : undefined
  }
  const whole = BigInt(parts.digits.padEnd(parts.exponent, '0'))
  return parts.isNegative ? -whole : whole
}

function numberOf(timeMs: bigint, target: Exclude<Target, 'string'>, precision: Precision): bigint {
  switch (target) {
    case 'unix':
      return (timeMs * perSecond[precision]) / 1000n
    case 'Timestamp':
      return timeMs
    case 'Date':
      return (timeMs - timeOfDay(timeMs)) / dayMs
    case 'Time':
      return timeOfDay(timeMs)
  }
}

function timeOfDay(timeMs: bigint): bigint {
  return ((timeMs % dayMs) + dayMs) % dayMs
}
