import { Ajv } from 'ajv'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { arbitraryShape } from '../../test/oracle/arbitrary-shapes.ts'
import { jsonSchema } from './json-schema.ts'
import { readJsonSchema } from './read-json-schema.ts'
import type { FieldType, Shape } from './shape.ts'

const shapes = arbitraryShape({ hasNestedLists: true, hasNumbers: false })

test('a printed shape is read as it was', () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const text = JSON.stringify(jsonSchema(shape))
      expect(readJsonSchema(JSON.parse(text))).toStrictEqual(shape)
    }),
  )
})

test('it is a schema, and takes what it should', () => {
  // Connect's marks are no keywords that ajv knows, and strict mode refuses them.
  const ajv = new Ajv({ strict: false, addUsedSchema: false })
  fc.assert(
    fc.property(shapes, (shape) => {
      // ajv leaves a property of that name aside, and then finds it too much.
      fc.pre(!JSON.stringify(shape).includes('"__proto__"'))
      const isValid = ajv.compile(JSON.parse(JSON.stringify(jsonSchema(shape))))
      expect(isValid(exampleOf(shape, false)), JSON.stringify(isValid.errors)).toBe(true)
      expect(isValid(exampleOf(shape, true)), JSON.stringify(isValid.errors)).toBe(true)
      expect(isValid({ ...exampleOf(shape, false), 'not a field': 1 })).toBe(false)
    }),
    { numRuns: 30 },
  )
})

function exampleOf({ fields, rest }: Shape, hasNulls: boolean): object {
  const entries = fields.map(({ name, type, isOptional }): [string, unknown] => [
    name,
    hasNulls && isOptional ? null : valueOf(type, hasNulls),
  ])
  return Object.fromEntries(rest === undefined ? entries : [...entries, [rest, hasNulls ? null : '{}']])
}

function valueOf(type: FieldType, hasNulls: boolean): unknown {
  switch (type.kind) {
    case 'string':
    case 'json':
    case 'bytes':
      return 'YQ=='
    case 'boolean':
      return true
    case 'int32':
    case 'int64':
      return 7
    case 'float':
    case 'double':
    case 'decimal':
      return 1.5
    case 'typed':
      return { M: { a: { L: [{ S: 'x' }, { NULL: true }] } } }
    case 'array':
      return [valueOf(type.items, hasNulls)]
    case 'map':
      return { any: valueOf(type.values, hasNulls) }
    case 'struct':
      return exampleOf(type.shape, hasNulls)
  }
}
