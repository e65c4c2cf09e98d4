import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { arbitraryShape } from '../../../test/oracle/arbitrary-shapes.ts'
import { TailraceError } from '../../errors.ts'
import { printProto } from './proto-file.ts'
import { protoLayout } from './proto-layout.ts'
import type { ProtoFile } from './proto-message.ts'
import { parseProto } from './proto-parser.ts'
import { readProtoFile } from './read-proto-file.ts'
import type { Shape } from '../shape.ts'

const shapes = arbitraryShape({ hasNestedLists: false, hasNumbers: true })

test.each(['avro', 'avro_unicode'] as const)('%s: a printed shape is read as it was', (mode) => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const layout = layoutOf(shape, mode)
      fc.pre(layout !== undefined)
      const text = printProto(layout)
      expect(parseProto(text)).toStrictEqual(layout)
      expect(readProtoFile(text)).toStrictEqual(shape)
    }),
  )
})

test('whatever is read, nothing but SCHEMA_DECLARATION is thrown', () => {
  const words =
    'syntax = "proto3" ; message A { } optional repeated map < string , > int32 x 1 [ json_name ] oneof . reserved to'
  const piece = fc.oneof(fc.constantFrom(...words.split(' ')), fc.string({ maxLength: 3 }))
  fc.assert(
    fc.property(fc.array(piece, { size: 'medium' }), (pieces) => {
      try {
        readProtoFile(`syntax = "proto3"; message A { ${pieces.join(' ')}`)
      } catch (error) {
        expect(error).toMatchObject({ code: 'SCHEMA_DECLARATION' })
      }
    }),
  )
})

/** Undefined for names that Protobuf cannot have, which must be refused. */
function layoutOf(shape: Shape, mode: 'avro' | 'avro_unicode'): ProtoFile | undefined {
  try {
    return protoLayout(shape, { fields: mode, schemas: mode })
  } catch (error) {
    if (error instanceof TailraceError && /would both be written as|does not allow|has no name/.test(error.message))
      return undefined
    throw error
  }
}
