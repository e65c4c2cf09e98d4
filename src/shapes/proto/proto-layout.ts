import { TailraceError } from '../../errors.ts'
import { fieldNames, schemaName } from '../name-adjustment.ts'
import type { NameAdjustments } from '../name-adjustment.ts'
import type { FieldShape, FieldType, Shape } from '../shape.ts'
import { createStructDefinitions } from '../struct-definitions.ts'
import { jsonNames } from './json-names.ts'
import { attributeValueMessage, protoMarks } from './proto-message.ts'
import type { ProtoField, ProtoFile, ProtoLabel, ProtoMessage } from './proto-message.ts'

/** The number of the field for the rest: it must not move when fields are added, and is the last that takes two bytes. */
export const restNumber = 2047

const lastNumber = 536_870_911

/**
 * The messages of a shape: one at the top, and in it, side by side, all that its fields need. Fields are numbered as they
 * were declared, or else by position from 1: then new ones belong at the end. Decimals and JSON are strings; what they
 * stand for is kept in marks. A list or map that may be absent cannot be told from an empty one. Throws SCHEMA_FORM for
 * names that may not be adjusted, for lists and maps in lists and maps, and for numbers that Protobuf does not allow.
 */
export function protoLayout(shape: Shape, names: NameAdjustments): ProtoFile {
  const full = schemaName(shape.name, names.schemas)
  const split = Math.max(full.lastIndexOf('.'), 0)
  const layout = new Layout(names, full.slice(0, split))
  return { package: full.slice(0, split), messages: [layout.root(shape, full)] }
}

class Layout {
  readonly #names: NameAdjustments
  readonly #package: string
  readonly #structs = createStructDefinitions()
  /** By full name. */
  readonly #messageNames = new Map<string, string>()
  readonly #nested: ProtoMessage[] = []
  /** Names in the scope of the root, where messages and fields may not share one. */
  readonly #taken = new Set<string>([attributeValueMessage.name])
  #hasTyped = false

  constructor(names: NameAdjustments, packageName: string) {
    this.#names = names
    this.#package = packageName
  }

  root(shape: Shape, full: string): ProtoMessage {
    this.#structs.isDefined(shape, full)
    for (const name of fieldNames(shape, this.#names.fields)) this.#taken.add(name)
    const name = full.slice(full.lastIndexOf('.') + 1)
    const fields = this.#fields(shape)
    const nested = this.#hasTyped ? [...this.#nested, attributeValueMessage] : this.#nested
    return { name, ...(full === shape.name ? {} : { original: shape.name }), nested, fields }
  }

  #fields(shape: Shape): readonly ProtoField[] {
    const numbers = fieldNumbers(shape)
    const written = jsonNames(shape, fieldNames(shape, this.#names.fields), numbers)
    const all = shape.rest === undefined ? shape.fields : [...shape.fields, restField(shape.rest)]
    return all.map((field, index) => {
      const isRest = index === shape.fields.length
      const { name = '', jsonName } = written[index] ?? {}
      return {
        ...this.#field(field, `${shape.name}.${field.name}`, isRest),
        name,
        number: numbers[index] ?? 0,
        ...(jsonName === undefined ? {} : { jsonName }),
        ...(field.doc === undefined ? {} : { doc: field.doc }),
      }
    })
  }

  #field(
    { type, isOptional }: FieldShape,
    place: string,
    isRest: boolean,
  ): { readonly label: ProtoLabel; readonly type: string; readonly marks: readonly string[] } {
    if (type.kind === 'array' || type.kind === 'map') {
      const inner = type.kind === 'array' ? type.items : type.values
      const marks = [...marksOf(inner), ...(isOptional ? [] : [protoMarks.required])]
      return { label: type.kind === 'array' ? 'repeated' : 'map', type: this.#type(inner, place), marks }
    }
    const marks = isRest ? [protoMarks.rest] : marksOf(type)
    return { label: isOptional ? 'optional' : 'implicit', type: this.#type(type, place), marks }
  }

  #type(type: FieldType, place: string): string {
    switch (type.kind) {
      case 'boolean':
        return 'bool'
      case 'json':
      case 'decimal':
        return 'string'
      case 'typed':
        this.#hasTyped = true
        return attributeValueMessage.name
      case 'array':
      case 'map':
        throw new TailraceError('SCHEMA_FORM', `${place}: Protobuf has no lists or maps within lists and maps`)
      case 'struct':
        return this.#message(type.shape)
      default:
        return type.kind
    }
  }

  #message(shape: Shape): string {
    const full = schemaName(shape.name, this.#names.schemas)
    const known = this.#messageNames.get(full)
    if (this.#structs.isDefined(shape, full) && known !== undefined) return known
    const simple = full.slice(full.lastIndexOf('.') + 1)
    let name = this.#taken.has(simple) ? full.replaceAll('.', '_') : simple
    while (this.#taken.has(name)) name = `${name}_`
    this.#taken.add(name)
    this.#messageNames.set(full, name)
    const derived = this.#package === '' ? name : `${this.#package}.${name}`
    const place = this.#nested.push({ name, nested: [], fields: [] }) - 1
    const fields = this.#fields(shape)
    this.#nested[place] = { name, ...(derived === shape.name ? {} : { original: shape.name }), nested: [], fields }
    return name
  }
}

function restField(name: string): FieldShape {
  return { name, type: { kind: 'json' }, isOptional: true }
}

function marksOf(type: FieldType): readonly string[] {
  if (type.kind === 'json') return [protoMarks.json]
  return type.kind === 'decimal' ? [`decimal(${type.precision}, ${type.scale})`] : []
}

function fieldNumbers({ name, fields, rest }: Shape): readonly number[] {
  const isDeclared = fields.some((field) => field.number !== undefined)
  // What is added to declared fields counts down from the field for the rest: numbers must not move when more are declared.
  let added = restNumber
  const own = fields.map(({ number }, index) => number ?? (isDeclared ? --added : index + 1))
  const numbers = rest === undefined ? own : [...own, restNumber]
  const wrong = numbers.find((number, index) => !isFieldNumber(number) || numbers.indexOf(number) !== index)
  if (wrong === undefined) return numbers
  throw new TailraceError('SCHEMA_FORM', `${name}: the number ${wrong} is there twice, or Protobuf does not allow it`)
}

/** True for the numbers that Protobuf lets fields have. */
export function isFieldNumber(number: number): boolean {
  const isReserved = number >= 19_000 && number <= 19_999
  return Number.isSafeInteger(number) && number >= 1 && number <= lastNumber && !isReserved
}
