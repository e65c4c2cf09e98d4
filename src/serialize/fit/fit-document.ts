import type { Document, DocumentValue } from '../../change/document.ts'
import { TailraceError } from '../../errors.ts'
import type { FieldShape, FieldType, Shape } from '../../shapes/shape.ts'
import { fitBoolean, fitBytes, fitDecimal, fitFloat, fitString, fitWhole, otherType } from './fit-scalar.ts'
import type { Fit } from './fit-scalar.ts'
import type { FittedStruct, FittedValue } from './fitted-value.ts'
import { createJsonText } from './json-text.ts'
import type { JsonText, JsonTextOptions } from './json-text.ts'
import { schemaMismatch } from './schema-mismatch.ts'
import type { FieldPath } from './schema-mismatch.ts'
import { listOf, mapOf, setOf, valueType } from './typed-content.ts'

/** What is done where exactness or the shape leave a choice. */
export interface FitOptions extends JsonTextOptions {
  /**
   * `strict`: what does not fit is refused. `lenient`: an attribute that does not fit is treated like one that the shape does
   * not name, wherever its own field may be null: it goes to the rest.
   */
  readonly evolution: 'strict' | 'lenient'
  /** True: numbers are rounded to the nearest `float` or `double`. */
  readonly roundsNumbers: boolean
}

/** Makes documents fit one shape. */
export interface Fitter {
  /**
   * Throws SCHEMA_MISMATCH, naming the attribute and never its value, or RECORD_UNREADABLE for what is no value of
   * DynamoDB's; without a position, both.
   */
  fit(document: Document): FittedStruct
}

export function createFitter(shape: Shape, options: FitOptions): Fitter {
  const fit = structFit(shape, { options, text: createJsonText(options) })
  return { fit: (document) => fit(document, [], true) }
}

interface FitTools {
  readonly options: FitOptions
  readonly text: JsonText
}

/** `isOurs`: the fields are a document's, in which null only ever means that there is nothing. */
type StructFit = (fields: Document, path: FieldPath, isOurs: boolean) => FittedStruct

interface FieldFit extends Pick<FieldShape, 'name' | 'isOptional'> {
  /** NULL is a value of this type, and not the absence of one. */
  readonly takesNull: boolean
  readonly fit: Fit
}

function structFit(shape: Shape, tools: FitTools): StructFit {
  const { rest } = shape
  const fields: readonly FieldFit[] = shape.fields.map(({ name, isOptional, type }) => ({
    name,
    isOptional,
    takesNull: type.kind === 'json' || type.kind === 'typed',
    fit: fitOf(type, tools),
  }))
  const names = new Set(fields.map(({ name }) => name))
  return (given, path, isOurs) => {
    const others: [string, DocumentValue][] = []
    const fitted: FittedValue[] = []
    for (const field of fields) {
      const { name } = field
      const value = Object.hasOwn(given, name) ? given[name] : undefined
      path.push(name)
      fitted.push(fitField(field, value, { path, isOurs, others, tools, rest }))
      path.pop()
    }
    for (const name in given) if (!names.has(name)) others.push([name, given[name] as DocumentValue])
    // A member of ours that is null and has no field is a struct that was taken apart: its fields are null.
    if (rest === undefined) refuseOthers(isOurs ? others.filter(([, value]) => !isNull(value)) : others, path)
    else fitted.push(others.length === 0 ? null : tools.text.ofFields(Object.fromEntries(others)))
    return fitted
  }
}

interface FieldPlace {
  readonly path: FieldPath
  readonly isOurs: boolean
  readonly others: [string, DocumentValue][]
  readonly tools: FitTools
  readonly rest: string | undefined
}

function fitField(field: FieldFit, value: DocumentValue | undefined, place: FieldPlace): FittedValue {
  const { path, isOurs } = place
  if (value === undefined) {
    if (field.isOptional) return null
    throw schemaMismatch(path, 'it is absent, and the schema does not let it be')
  }
  if (isNull(value)) {
    if (field.isOptional && (isOurs || !field.takesNull)) return null
    if (!field.takesNull) throw schemaMismatch(path, 'it is null, and the schema does not let it be')
  }
  const isLenient = place.tools.options.evolution === 'lenient' && field.isOptional && place.rest !== undefined
  if (!isLenient) return field.fit(value, path)
  const depth = path.length
  try {
    return field.fit(value, path)
  } catch (error) {
    if (!(error instanceof TailraceError) || error.code !== 'SCHEMA_MISMATCH') throw error
    path.length = depth
    place.others.push([field.name, value])
    return null
  }
}

function isNull(value: DocumentValue): boolean {
  return valueType(value) === 'NULL' && 'NULL' in value && (value.NULL as unknown) === true
}

function refuseOthers(others: readonly (readonly [string, DocumentValue])[], path: FieldPath): void {
  const [first] = others
  if (first === undefined) return
  throw schemaMismatch([...path, first[0]], 'the schema has no field for it, and none for the rest')
}

function fitOf(type: FieldType, tools: FitTools): Fit {
  switch (type.kind) {
    case 'string':
      return fitString
    case 'boolean':
      return fitBoolean
    case 'bytes':
      return fitBytes
    case 'int32':
      return fitWhole(32)
    case 'int64':
      return fitWhole(64)
    case 'float':
    case 'double':
      return fitFloat(type.kind, tools.options.roundsNumbers)
    case 'decimal':
      return fitDecimal(type.precision, type.scale)
    case 'json':
      return (value) => {
        valueType(value)
        return tools.text.of(value)
      }
    case 'typed':
      return fitTyped
    case 'array':
      return arrayFit(fitOf(type.items, tools))
    case 'map':
      return mapFit(fitOf(type.values, tools))
    case 'struct':
      return structValueFit(structFit(type.shape, tools))
  }
}

/** As it is: whoever writes it checks it. Our own whole numbers become numbers of DynamoDB. */
const fitTyped: Fit = (value, path) => {
  const type = valueType(value)
  if (type === 'INT' && 'INT' in value) return { N: String(value.INT) }
  if (type === 'ITEM' && 'ITEM' in value) return { M: value.ITEM }
  if (type === 'TYPED' && 'TYPED' in value) return { M: value.TYPED }
  if ('INT' in value || 'DOC' in value || 'ITEM' in value || 'TYPED' in value)
    throw otherType(value, 'a value of DynamoDB', path)
  return value
}

function structValueFit(fit: StructFit): Fit {
  return (value, path) => {
    const [fields, isOurs] = fieldsOf(value, path)
    return fit(fields, path, isOurs)
  }
}

function mapFit(values: Fit): Fit {
  return (value, path) => {
    const [fields] = fieldsOf(value, path)
    path.push('*')
    const entries = new Map<string, FittedValue>()
    for (const name in fields) entries.set(wellFormedName(name, path), values(fields[name] as DocumentValue, path))
    path.pop()
    return entries
  }
}

function wellFormedName(name: string, path: FieldPath): string {
  if (!name.isWellFormed()) throw schemaMismatch(path, 'a name holds a lone surrogate, which UTF-8 cannot express')
  return name
}

function arrayFit(items: Fit): Fit {
  return (value, path) => {
    return elementsOf(value, path).map((element, index) => {
      path.push(index)
      const fitted = items(element, path)
      path.pop()
      return fitted
    })
  }
}

function elementsOf(value: DocumentValue, path: FieldPath): readonly DocumentValue[] {
  switch (valueType(value)) {
    case 'L':
      return listOf((value as { L: unknown }).L, path.length)
    case 'SS':
      return setOf('SS', (value as { SS: unknown }).SS).map((S) => ({ S }))
    case 'NS':
      return setOf('NS', (value as { NS: unknown }).NS).map((N) => ({ N }))
    case 'BS':
      return setOf('BS', (value as { BS: unknown }).BS).map((B) => ({ B }))
    default:
      throw otherType(value, 'an array', path)
  }
}

/** The fields inside a value, and whether they are those of a document of ours. */
function fieldsOf(value: DocumentValue, path: FieldPath): readonly [Document, boolean] {
  switch (valueType(value)) {
    case 'M':
      return [mapOf((value as { M: unknown }).M, path.length), false]
    case 'ITEM':
      return [mapOf((value as { ITEM: unknown }).ITEM, path.length), false]
    case 'TYPED':
      return [mapOf((value as { TYPED: unknown }).TYPED, path.length), false]
    case 'DOC':
      return [(value as { DOC: Document }).DOC, true]
    default:
      throw otherType(value, 'a document', path)
  }
}
