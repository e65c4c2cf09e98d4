import type { Table } from '../change/table.ts'
import type { Shape } from './shape.ts'

/**
 * The shape of a table's images as it was declared, but for one thing: every attribute besides the key may be absent. A
 * delete may name its key alone, and so may a change whose image before was too large.
 */
export function declaredRow(declared: Shape, { keySchema }: Pick<Table, 'keySchema'>): Shape {
  const keys = new Set(keySchema.map(({ name }) => name))
  return {
    ...declared,
    fields: declared.fields.map((field) => (keys.has(field.name) ? field : { ...field, isOptional: true })),
  }
}
