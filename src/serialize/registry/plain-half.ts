import type { Table } from '../../change/table.ts'
import { createConnectDocument } from '../connect-document.ts'
import { createDocumentJson } from '../document-json.ts'
import { createItemJson } from '../item-json.ts'
import type { BinaryMode, NumberMode } from '../item-json.ts'
import { createJsonKey } from '../json-key.ts'
import { createJsonWriter } from '../json-writer.ts'
import type { HalfFormat } from './record-half.ts'

/**
 * A half that is JSON without a registry, beside one that has a schema there: the same bytes as where both are JSON. `name`
 * is the first part of schema names.
 */
export function createPlainHalf(options: {
  readonly numbers: NumberMode
  readonly schemasEnable: boolean
  /** Default: base64. */
  readonly binaries?: BinaryMode
  readonly name: string
  /** The name of the schema of keys. Default: `<prefix>.<table>.Key`. */
  readonly keySchemaName?: (table: Table) => string
}): HalfFormat {
  const { numbers, schemasEnable, binaries, name: prefix, keySchemaName } = options
  const writer = createJsonWriter()
  // Keys are identities: nothing rounds them.
  const keyNumbers = numbers === 'double' ? 'exact' : numbers
  const plain = {
    key: createDocumentJson(writer, createItemJson(writer, keyNumbers)),
    value: createDocumentJson(writer, createItemJson(writer, numbers, binaries)),
  }
  const connect = schemasEnable ? createConnectDocument(writer, numbers) : undefined
  return {
    prepare: ({ table, half }) => {
      const schemaName = schemasEnable ? (keySchemaName?.(table) ?? `${prefix}.${table.name}.Key`) : undefined
      const keys = createJsonKey(createJsonWriter(), { table, numbers, schemaName })
      return Promise.resolve({
        header: undefined,
        write: (document, name) => {
          writer.reset()
          if (connect === undefined) plain[half].document(document)
          else connect.document(document, name, half === 'value')
          return writer.take()
        },
        readKey: (bytes) => keys.read(bytes),
      })
    },
  }
}
