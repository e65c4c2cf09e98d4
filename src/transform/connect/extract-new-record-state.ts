import type { Document, DocumentValue } from '../../change/document.ts'
import type { DocumentRecord, RecordHeader } from '../../envelope/document-payload.ts'
import type { RecordShapes, Shape } from '../../shapes/shape.ts'
import { deleteHandling, deleteModes, tombstonesWere } from './delete-handling.ts'
import type { DeleteMode } from './delete-handling.ts'
import { fieldReferences, referredShape, referredValue } from './field-references.ts'
import type { FieldReference } from './field-references.ts'
import { isEnvelope, nestedName, shapeOfField, typeAt } from './nested-fields.ts'
import { anyText, defaulted, isOwnHeader, nullDefault, oneOf, optional, textKind, trueOrFalse } from './settings.ts'
import { failed, fieldOf, membersOf, shown, withFields, withFieldShapes } from './sides.ts'
import type { Step } from './step.ts'
import { stepType } from './step-type.ts'
import { sentTo } from './topic.ts'
import type { RecordOrigin } from '../record-transform.ts'
import { valueText } from './value-text.ts'

const refused = textKind<never>('left out: tailrace has no header that lists fields', () => undefined)

/** Puts the row in the place of Debezium's envelope. What is no envelope passes as it is. */
export const extractNewRecordState = stepType({
  name: 'ExtractNewRecordState',
  packages: ['io.debezium.transforms'],
  hasSides: false,
  documentation: "Puts the item's new state in the place of Debezium's envelope.",
  settings: {
    'delete.tombstone.handling.mode': optional(
      oneOf(deleteModes, true),
      'What becomes of deletes, see below; `tombstone`.',
    ),
    'drop.tombstones': optional(trueOrFalse, 'The older way to say so, together with `delete.handling.mode`.'),
    'delete.handling.mode': optional(
      oneOf(tombstonesWere, true),
      'The older way to say so, together with `drop.tombstones`.',
    ),
    'add.fields': optional(fieldReferences, 'Fields of the envelope to add to the row: `op,source.ts_ms,table:from`.'),
    'add.fields.prefix': defaulted(anyText, '__', 'Stands in front of their names.'),
    'add.headers': optional(fieldReferences, 'Fields of the envelope to add as headers.'),
    'add.headers.prefix': defaulted(anyText, '__', 'Stands in front of their names.'),
    'route.by.field': optional(anyText, 'A field of the row that names the topic.'),
    'drop.fields.header.name': optional(refused, 'Refused.'),
    'drop.fields.from.key': optional(refused, 'Refused.'),
    'drop.fields.keep.schema.compatible': optional(refused, 'Refused.'),
    'replace.null.with.default': nullDefault,
  },
  create(values) {
    const mode = deleteHandling(values)
    if (typeof mode !== 'string') return mode
    const { 'add.fields': fields = [], 'add.headers': headers = [], 'route.by.field': route = '' } = values
    const headersPrefix = values['add.headers.prefix']
    if (headers.some(({ newName }) => isOwnHeader(`${headersPrefix}${newName}`)))
      return { setting: 'add.headers', problem: 'makes headers whose names begin with tailrace., which are its own' }
    return createStep({ mode, fields, fieldsPrefix: values['add.fields.prefix'], headers, headersPrefix, route })
  },
})

interface Unwrapping {
  readonly mode: DeleteMode
  readonly fields: readonly FieldReference[]
  readonly fieldsPrefix: string
  readonly headers: readonly FieldReference[]
  readonly headersPrefix: string
  /** Empty: records keep their topic. */
  readonly route: string
}

function createStep(unwrapping: Unwrapping): Step {
  return {
    apply(record, origin) {
      if (record.value === null) {
        if (unwrapping.mode !== 'rewrite-with-tombstone') return undefined
        return { ...record, headers: [...record.headers, ...tombstoneHeaders(unwrapping)] }
      }
      return isEnvelope(record.schemaNames.value) ? unwrap(record, record.value, origin, unwrapping) : record
    },
    shapes: (shapes) => (isEnvelope(shapes.value.name) ? unwrappedShapes(shapes, unwrapping) : shapes),
    ...(unwrapping.route === '' ? {} : { topicFor: () => undefined }),
  }
}

function unwrap(
  record: DocumentRecord,
  envelope: Document,
  origin: RecordOrigin,
  unwrapping: Unwrapping,
): DocumentRecord | undefined {
  const { mode, fields, fieldsPrefix, route } = unwrapping
  const after = rowOf(envelope, 'after')
  const before = rowOf(envelope, 'before')
  const row = after ?? before
  if (row === undefined) return undefined
  if (after === undefined) refuseUpdate(envelope)
  if (after === undefined && mode === 'drop') return undefined
  const headers = [...record.headers, ...envelopeHeaders(envelope, unwrapping)]
  const schemaNames = { ...record.schemaNames, value: nestedName(record.schemaNames.value, 'after') }
  const rewritten: (readonly [string, DocumentValue])[] = isRewrite(mode)
    ? [[deletedField, { S: String(after === undefined) }]]
    : []
  const added = fields.flatMap((reference): (readonly [string, DocumentValue])[] => {
    const value = referredValue(reference, envelope)
    return value === undefined ? [] : [[`${fieldsPrefix}${reference.newName}`, value]]
  })
  const value = after === undefined && !isRewrite(mode) ? null : withFields(row, [...rewritten, ...added])
  const unwrapped = { ...record, value, headers, schemaNames }
  return route === '' ? unwrapped : routed(unwrapped, row, route, origin)
}

const deletedField = '__deleted'

function isRewrite(mode: DeleteMode): boolean {
  return mode === 'rewrite' || mode === 'rewrite-with-tombstone'
}

function rowOf(envelope: Document, name: 'before' | 'after'): Document | undefined {
  const value = fieldOf(envelope, name)
  return value === undefined ? undefined : membersOf(value)
}

/** Streams of OLD_IMAGE have updates without a new image: as Debezium reads them, they would delete their item. */
function refuseUpdate(envelope: Document): void {
  const op = fieldOf(envelope, 'op')
  if (op === undefined || ('S' in op && op.S === 'd')) return
  throw failed('a change that is no delete has no new image; the stream must have NEW_IMAGE or NEW_AND_OLD_IMAGES')
}

function routed(record: DocumentRecord, row: Document, route: string, origin: RecordOrigin): DocumentRecord {
  const value = fieldOf(row, route)
  if (value === undefined || !('S' in value)) throw failed(`field ${shown(route)}, which names the topic, is no text`)
  return value.S.trim() === '' ? record : sentTo(record, value.S, origin)
}

function envelopeHeaders(envelope: Document, { headers, headersPrefix }: Unwrapping): readonly RecordHeader[] {
  return headers.flatMap((reference): RecordHeader[] => {
    const value = referredValue(reference, envelope)
    const text = value === undefined ? undefined : valueText(value)
    return text === undefined ? [] : [[`${headersPrefix}${reference.newName}`, text]]
  })
}

/** A tombstone tells its operation, and nothing else. */
function tombstoneHeaders({ headers, headersPrefix }: Unwrapping): readonly RecordHeader[] {
  return headers
    .filter(({ field }) => field === 'op')
    .map(({ newName }): RecordHeader => [`${headersPrefix}${newName}`, 'd'])
}

function unwrappedShapes(shapes: RecordShapes, { mode, fields, fieldsPrefix }: Unwrapping): RecordShapes {
  const envelope = shapes.value
  const row: Shape = shapeOfField(typeAt(envelope, ['after']), 'after', nestedName(envelope.name, 'after'))
  const deleted = isRewrite(mode) ? [{ name: deletedField, type: { kind: 'string' }, isOptional: true } as const] : []
  const added = fields.flatMap((reference) => referredShape(reference, fieldsPrefix, envelope) ?? [])
  return { ...shapes, value: withFieldShapes(row, [...deleted, ...added]) }
}
