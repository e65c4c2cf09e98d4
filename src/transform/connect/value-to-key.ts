import type { DocumentValue } from '../../change/document.ts'
import type { FieldShape } from '../../shapes/shape.ts'
import { fieldNames, needed, nullDefault } from './settings.ts'
import { failed, fieldOf, shown, untold } from './sides.ts'
import { stepType } from './step-type.ts'

/** Makes the key of fields of the value. A tombstone has no value to make it of, and its old key would be another one. */
export const valueToKey = stepType({
  name: 'ValueToKey',
  hasSides: false,
  documentation: 'Makes a new key of fields of the value.',
  settings: {
    fields: needed(fieldNames, 'Fields of the value, in the order of the new key.'),
    'replace.null.with.default': nullDefault,
  },
  create: ({ fields }) => ({
    apply(record) {
      const { value } = record
      if (value === null) throw failed('a tombstone has no fields to make a key of')
      const entries = fields.map((name): [string, DocumentValue] => {
        const field = fieldOf(value, name)
        if (field === undefined) throw failed(`there is no field ${shown(name)} to make a key of`)
        return [name, field]
      })
      return { ...record, key: Object.fromEntries(entries) }
    },
    shapes(shapes) {
      const known = new Map(shapes.value.fields.map((field) => [field.name, field]))
      const key = fields.map((name): FieldShape => {
        const field = known.get(name)
        if (field === undefined) throw untold(`the records' schema has no field ${shown(name)} to make a key of`)
        const { number: _, ...rest } = field
        return rest
      })
      return { ...shapes, key: { ...shapes.key, fields: key, rest: undefined } }
    },
  }),
})
