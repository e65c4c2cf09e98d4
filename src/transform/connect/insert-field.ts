import type { DocumentValue } from '../../change/document.ts'
import type { DocumentRecord } from '../../envelope/document-payload.ts'
import type { FieldShape, FieldType } from '../../shapes/shape.ts'
import type { RecordOrigin } from '../record-transform.ts'
import { anyText, nullDefault, optional, textKind } from './settings.ts'
import type { SettingKind } from './settings.ts'
import { fieldsStep, withFields, withFieldShapes } from './sides.ts'
import { stepType } from './step-type.ts'

/** A new field's name, and whether schemas say that it may be absent. */
interface NewField {
  readonly name: string
  readonly isOptional: boolean
}

const newField: SettingKind<NewField> = textKind('a name, with `!` behind it if it is required', (text) => {
  const name = text.replace(/[?!]$/, '')
  return name === '' ? undefined : { name, isOptional: !text.endsWith('!') }
})

const notYetKnown = textKind<never>(
  'left out: where a record will stand in its topic is not known before it is written',
  () => undefined,
)

/** Adds where a record goes, when its change was made, or a fixed text. */
export const insertField = stepType({
  name: 'InsertField',
  hasSides: true,
  documentation: 'Adds the topic, the time of the change, or a fixed text as a field.',
  settings: {
    'topic.field': optional(newField, "The field for the topic's name."),
    'timestamp.field': optional(newField, "The field for the record's timestamp, in milliseconds."),
    'static.field': optional(newField, 'The field for `static.value`.'),
    'static.value': optional(anyText, 'The text for `static.field`.'),
    'partition.field': optional(notYetKnown, 'Refused.'),
    'offset.field': optional(notYetKnown, 'Refused.'),
    'replace.null.with.default': nullDefault,
  },
  create(values, side) {
    const { 'topic.field': topic, 'timestamp.field': timestamp, 'static.field': fixed, 'static.value': text } = values
    if (topic === undefined && timestamp === undefined && fixed === undefined)
      return { setting: 'static.field', problem: 'is missing; or give topic.field or timestamp.field' }
    if (fixed !== undefined && text === undefined)
      return { setting: 'static.value', problem: 'is missing beside static.field' }
    const insertions: readonly Insertion[] = [
      ...insertion(topic, 'string', (record, origin) => ({ S: record.topic ?? origin.topic })),
      ...insertion(timestamp, 'int64', (_, { timestampMs }) => ({ INT: timestampMs })),
      ...insertion(fixed, 'string', () => ({ S: text ?? '' })),
    ]
    return fieldsStep(
      side,
      (document, record, origin) =>
        withFields(
          document,
          insertions.map(({ field, valueOf }) => [field.name, valueOf(record, origin)] as const),
        ),
      (shape) =>
        withFieldShapes(
          shape,
          insertions.map(({ field }) => field),
        ),
    )
  },
})

type ValueOfRecord = (record: DocumentRecord, origin: RecordOrigin) => DocumentValue

interface Insertion {
  readonly field: FieldShape
  readonly valueOf: ValueOfRecord
}

function insertion(
  spec: NewField | undefined,
  kind: Extract<FieldType['kind'], 'string' | 'int64'>,
  valueOf: ValueOfRecord,
): readonly Insertion[] {
  return spec === undefined ? [] : [{ field: { ...spec, type: { kind } }, valueOf }]
}
