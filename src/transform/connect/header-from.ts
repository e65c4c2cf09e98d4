import type { RecordHeader } from '../../envelope/document-payload.ts'
import { fieldNames, headerNames, needed, nullDefault, oneOf } from './settings.ts'
import { fieldOf, onSide, renamed } from './sides.ts'
import { stepType } from './step-type.ts'
import { valueText } from './value-text.ts'

/** Copies or moves fields into headers. A field that is absent or null makes no header. */
export const headerFrom = stepType({
  name: 'HeaderFrom',
  hasSides: true,
  documentation: 'Copies or moves fields into headers.',
  settings: {
    fields: needed(fieldNames, 'Names of fields.'),
    headers: needed(headerNames, 'Names of headers, one for each field.'),
    operation: needed(oneOf(['move', 'copy']), '`move` takes the fields away.'),
    'replace.null.with.default': nullDefault,
  },
  create({ fields, headers, operation }, side) {
    if (fields.length !== headers.length)
      return { setting: 'headers', problem: 'must name one header for each of fields' }
    const moved = new Set(operation === 'move' ? fields : [])
    const nameFor = (name: string): string | undefined => (moved.has(name) ? undefined : name)
    return {
      apply(record) {
        const document = record[side]
        if (document === null) return record
        const added = fields.flatMap((field, at): RecordHeader[] => {
          const value = fieldOf(document, field)
          const text = value === undefined ? undefined : valueText(value)
          return text === undefined ? [] : [[headers[at] ?? field, text]]
        })
        const rest = moved.size === 0 ? document : renamed(document, nameFor)
        return { ...record, [side]: rest, headers: [...record.headers, ...added] }
      },
      shapes: (shapes) =>
        onSide(shapes, side, (shape) => ({ ...shape, fields: shape.fields.filter(({ name }) => !moved.has(name)) })),
    }
  },
})
