import type { DeclaredSchema } from '../../config/record-schema-config.ts'
import { TailraceError } from '../../errors.ts'
import { readAvroSchema } from '../../shapes/read-avro-schema.ts'
import { readJsonSchema } from '../../shapes/read-json-schema.ts'
import { readProtoFile } from '../../shapes/proto/read-proto-file.ts'
import type { Shape } from '../../shapes/shape.ts'

/** The shapes that a configuration declares, by table. Throws SCHEMA_DECLARATION, with file and place. */
export function declaredShapes(declared: readonly DeclaredSchema[]): ReadonlyMap<string, Shape> {
  return new Map(declared.map((one) => [one.table, shapeOf(one)]))
}

function shapeOf({ path, text }: DeclaredSchema): Shape {
  try {
    if (path.endsWith('.proto')) return readProtoFile(text)
    const schema: unknown = JSON.parse(text)
    return path.endsWith('.avsc') ? readAvroSchema(schema) : readJsonSchema(schema)
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'SCHEMA_DECLARATION')
      throw new TailraceError(error.code, `${path}: ${error.message}`, { cause: error, details: error.details })
    throw new TailraceError('SCHEMA_DECLARATION', `${path} is not JSON`, { cause: error })
  }
}
