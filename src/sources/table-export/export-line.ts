import { parseJson } from '../../aws/exact-json.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import type { JsonObject } from '../../aws/json-object.ts'
import { readIonLine } from './ion-line.ts'
import type { TableExport } from './table-exports.ts'

/**
 * One line of a data file in the shape of DynamoDB JSON. Throws a SyntaxError if it is not of the export's format or has
 * neither an item nor keys; its message quotes nothing.
 */
export function readExportLine({ format, kind }: Pick<TableExport, 'format' | 'kind'>, text: Buffer): JsonObject {
  const line = format === 'ION' ? readIonLine(text.toString('utf8')) : readJsonLine(text)
  const member = kind === 'full' ? 'Item' : 'Keys'
  if (!isJsonObject(line[member])) throw new SyntaxError(`it has no ${member}`)
  return line
}

function readJsonLine(text: Buffer): JsonObject {
  let line: unknown
  try {
    line = parseJson(text)
  } catch {
    // The parser's message quotes the line.
    throw new SyntaxError('it is not JSON')
  }
  if (!isJsonObject(line)) throw new SyntaxError('it is not a JSON object')
  return line
}
