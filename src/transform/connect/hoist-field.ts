import { needed, someText } from './settings.ts'
import { onSide } from './sides.ts'
import { stepType } from './step-type.ts'

/** Puts the whole key or value into one field of a new one. */
export const hoistField = stepType({
  name: 'HoistField',
  hasSides: true,
  documentation: 'Puts the whole key or value into one field of a new one.',
  settings: { field: needed(someText, "The new field's name.") },
  create: ({ field }, side) => ({
    apply(record) {
      const document = record[side]
      if (document === null) return record
      const schemaNames = { ...record.schemaNames, [side]: hoistedName(record.schemaNames[side]) }
      return { ...record, [side]: Object.fromEntries([[field, { DOC: document }]]), schemaNames }
    },
    shapes: (shapes) =>
      onSide(shapes, side, (shape) => ({
        name: hoistedName(shape.name),
        fields: [{ name: field, type: { kind: 'struct', shape }, isOptional: false }],
        rest: undefined,
      })),
  }),
})

/** Two structs of one name cannot stand in one schema. */
function hoistedName(name: string): string {
  return `${name}.Hoisted`
}
