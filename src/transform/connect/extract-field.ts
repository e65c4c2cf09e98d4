import type { Document } from '../../change/document.ts'
import { defaulted, needed, nullDefault, oneOf, someText } from './settings.ts'
import { failed, membersOf, onSide, shown } from './sides.ts'
import { nestedName, shapeOfField, typeAt, valueAt } from './nested-fields.ts'
import { stepType } from './step-type.ts'

/** Puts one field, which must be made of fields, in the place of the whole key or value. A null field makes a tombstone. */
export const extractField = stepType({
  name: 'ExtractField',
  hasSides: true,
  documentation: 'Puts a field that is made of fields in the place of the whole key or value.',
  settings: {
    field: needed(someText, "The field's name; with `V2` a path: `source.table`, names with dots in backticks."),
    'field.syntax.version': defaulted(oneOf(['V1', 'V2'], true), 'V1', '`V2` reads `field` as a path.'),
    'replace.null.with.default': nullDefault,
  },
  create({ field, 'field.syntax.version': version }, side) {
    const path = version === 'V1' ? [field] : pathOf(field)
    if (path === undefined) return { setting: 'field', problem: 'is no path: a backtick is not closed' }
    const nameOf = (name: string): string => path.reduce(nestedName, name)
    return {
      apply(record) {
        const document = record[side]
        if (document === null) return record
        const extracted = extract(document, path, field)
        if (extracted === null && side === 'key') throw failed(`field ${shown(field)} is null, and a key cannot be`)
        return {
          ...record,
          [side]: extracted,
          schemaNames: { ...record.schemaNames, [side]: nameOf(record.schemaNames[side]) },
        }
      },
      shapes: (shapes) => onSide(shapes, side, (shape) => shapeOfField(typeAt(shape, path), field, nameOf(shape.name))),
    }
  },
})

function extract(document: Document, path: readonly string[], field: string): Document | null {
  const value = valueAt(document, path)
  if (value === undefined) throw failed(`there is no field ${shown(field)}`)
  if ('NULL' in value) return null
  const members = membersOf(value)
  if (members === undefined) throw failed(`field ${shown(field)} is not made of fields`)
  return members
}

/** Steps between dots; a step in backticks may have dots in it. */
function pathOf(text: string): readonly string[] | undefined {
  const steps = /^(?:`[^`]+`|[^.`]*)(?:\.(?:`[^`]+`|[^.`]*))*$/.test(text) ? text.match(/`[^`]+`|[^.`]+/g) : null
  return steps?.map((step) => step.replaceAll('`', ''))
}
