import { needed, nullDefault, optional, someText, wholeNumber } from './settings.ts'
import { onSide } from './sides.ts'
import { stepType } from './step-type.ts'

/** Gives the schema of key or value another name. */
export const setSchemaMetadata = stepType({
  name: 'SetSchemaMetadata',
  hasSides: true,
  documentation: "Gives the key's or the value's schema another name.",
  settings: {
    'schema.name': needed(someText, 'The name, with dots: `shop.Order`.'),
    'schema.version': optional(wholeNumber, 'Without effect: no format of tailrace writes a version.'),
    'replace.null.with.default': nullDefault,
  },
  create: ({ 'schema.name': name }, side) => ({
    apply: (record) => ({ ...record, schemaNames: { ...record.schemaNames, [side]: name } }),
    shapes: (shapes) => onSide(shapes, side, (shape) => ({ ...shape, name })),
  }),
})
