import avro from 'avsc'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { arbitraryShape } from '../../test/oracle/arbitrary-shapes.ts'
import { TailraceError } from '../errors.ts'
import { avroSchema } from './avro-schema.ts'
import type { AvroObject } from './avro-schema.ts'
import { readAvroSchema } from './read-avro-schema.ts'
import type { Shape } from './shape.ts'

const shapes = arbitraryShape({ hasNestedLists: true, hasNumbers: false })

test.each(['avro', 'avro_unicode'] as const)('%s: a printed shape is accepted by Avro, and read as it was', (mode) => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const schema = printed(shape, mode)
      fc.pre(schema !== undefined)
      const text = JSON.stringify(schema)
      expect(avro.Type.forSchema(JSON.parse(text)).typeName).toBe('record')
      expect(readAvroSchema(JSON.parse(text))).toStrictEqual(shape)
    }),
  )
})

/** Undefined if two names became one, which must be refused. */
function printed(shape: Shape, mode: 'avro' | 'avro_unicode'): AvroObject | undefined {
  try {
    return avroSchema(shape, { fields: mode, schemas: mode })
  } catch (error) {
    if (error instanceof TailraceError && error.message.includes('would both be written as')) return undefined
    throw error
  }
}
