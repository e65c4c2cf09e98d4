import { IonTypes, makeReader } from 'ion-js'
import type { Reader } from 'ion-js'
import type { JsonObject } from '../../aws/json-object.ts'
import { canonicalNumber } from '../../change/attribute-number.ts'
import type { AttributeValue, Item } from '../../change/attribute-value.ts'

/** Members of a line whose value is a set of attributes. */
const images: ReadonlySet<string> = new Set(['Item', 'Keys', 'NewImage', 'OldImage'])

/**
 * Reads a line of an Ion export into what the same line of a JSON export would give. Numbers are exact, in the one
 * notation that attribute-number.ts knows (`2d3` → `2000`). Throws a SyntaxError, which quotes nothing of the line.
 */
export function readIonLine(text: string): JsonObject {
  try {
    const reader = makeReader(text)
    reader.next()
    const line = readLine(reader)
    if (reader.next() !== null) throw new Refusal('it holds more than one value')
    return line
  } catch (error) {
    // The reader's own errors quote the text.
    throw new SyntaxError(error instanceof Refusal ? error.message : 'it is not Ion text')
  }
}

/** Ion that no export holds. */
class Refusal extends Error {}

function readLine(reader: Reader): JsonObject {
  let line: JsonObject | undefined
  const members = readStruct(reader, (name) => {
    if (images.has(name)) return readItem(reader)
    if (name === 'Metadata') return readMetadata(reader)
    // Incremental lines may be wrapped once more.
    if (name === 'Record') line = readLine(reader)
    return undefined
  })
  return line ?? members
}

/** `WriteTimestampMicros` is a decimal, text, or an attribute value of its own. */
function readMetadata(reader: Reader): JsonObject {
  return readStruct(reader, () => {
    if (reader.type() !== IonTypes.STRUCT) return readValue(reader)
    return readStruct(reader, () => scalarText(readValue(reader)))
  })
}

/** Of `{N: 1.}` or `{N: "1"}`: attribute values hold numbers as text. */
function scalarText(value: AttributeValue): unknown {
  if ('N' in value) return value.N
  return 'S' in value ? value.S : undefined
}

function readItem(reader: Reader): Item {
  return readStruct(reader, () => readValue(reader))
}

/** The value that the reader stands on. */
function readValue(reader: Reader): AttributeValue {
  const type = reader.type()
  if (reader.isNull()) return { NULL: true }
  switch (type) {
    case IonTypes.STRING:
      return { S: reader.stringValue() ?? '' }
    case IonTypes.DECIMAL:
    case IonTypes.INT:
      return { N: readNumber(reader) }
    case IonTypes.BOOL:
      return { BOOL: reader.booleanValue() === true }
    case IonTypes.BLOB:
      return { B: readBinary(reader) }
    case IonTypes.STRUCT:
      return { M: readItem(reader) }
    case IonTypes.LIST:
      return readListOrSet(reader)
    default:
      throw new Refusal(`a value is of the Ion type ${type?.name}, which DynamoDB does not have`)
  }
}

function readListOrSet(reader: Reader): AttributeValue {
  const annotations = reader.annotations()
  if (annotations.length === 0) return { L: readList(reader, () => readValue(reader)) }
  switch (annotations.join(' ')) {
    case '$dynamodb_SS':
      return { SS: readElements(reader, 'S') }
    case '$dynamodb_NS':
      return { NS: readElements(reader, 'N') }
    case '$dynamodb_BS':
      return { BS: readElements(reader, 'B') }
    default:
      throw new Refusal('a list has an annotation that is not known')
  }
}

function readElements(reader: Reader, type: 'S' | 'N' | 'B'): readonly string[] {
  return readList(reader, () => {
    const element = new Map<string, unknown>(Object.entries(readValue(reader))).get(type)
    if (typeof element !== 'string') throw new Refusal('a set holds a value of another type')
    return element
  })
}

function readNumber(reader: Reader): string {
  if (reader.type() === IonTypes.INT) return String(reader.bigIntValue())
  const decimal = reader.decimalValue()
  const text = canonicalNumber(`${decimal?.getCoefficient()}e${decimal?.getExponent()}`)
  if (text === undefined) throw new Refusal('a number is beyond all bounds')
  return text
}

function readBinary(reader: Reader): string {
  return Buffer.from(reader.uInt8ArrayValue() ?? []).toString('base64')
}

function readList<T>(reader: Reader, read: () => T): readonly T[] {
  const values: T[] = []
  reader.stepIn()
  while (reader.next() !== null) values.push(read())
  reader.stepOut()
  return values
}

/** Members for which `read` gives a value, as own properties whatever their names are. */
function readStruct<T>(reader: Reader, read: (name: string) => T): Readonly<Record<string, Exclude<T, undefined>>> {
  if (reader.type() !== IonTypes.STRUCT || reader.isNull()) throw new Refusal('it is no struct where one belongs')
  const members: [string, Exclude<T, undefined>][] = []
  const names = new Set<string>()
  reader.stepIn()
  while (reader.next() !== null) {
    const name = reader.fieldName()
    if (name === null || names.has(name)) throw new Refusal('a struct has a name twice, or a value without a name')
    names.add(name)
    const value = read(name)
    if (value !== undefined) members.push([name, value as Exclude<T, undefined>])
  }
  reader.stepOut()
  return Object.fromEntries(members) as Record<string, Exclude<T, undefined>>
}
