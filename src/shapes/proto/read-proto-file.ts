import { decimalType, undeclarable } from '../declared-json.ts'
import type { FieldShape, FieldType, Shape } from '../shape.ts'
import { restNumber } from './proto-layout.ts'
import { attributeValueMessage, protoMarks } from './proto-message.ts'
import type { ProtoField, ProtoFile, ProtoMessage } from './proto-message.ts'
import { parseProto } from './proto-parser.ts'

/**
 * The shape of the first message of a declared file; what `protoFile` writes is read back, with its numbers. A field is
 * optional if it says so; a list or map is, unless it is marked `// tailrace: required`. The name of an attribute is the
 * field's `json_name`, or else its name. A struct is named by the package and the message. Throws SCHEMA_DECLARATION, with
 * the line or the field, for what `parseProto` refuses, and for types besides those that tailrace writes.
 */
export function readProtoFile(text: string): Shape {
  const file = parseProto(text)
  const root = file.messages[0]
  if (root === undefined) throw undeclarable('', 'the file has no message')
  return new Reader(file).shape(root, [root.name])
}

const scalars: ReadonlyMap<string, FieldType> = new Map<string, FieldType>([
  ['string', { kind: 'string' }],
  ['int32', { kind: 'int32' }],
  ['int64', { kind: 'int64' }],
  ['float', { kind: 'float' }],
  ['double', { kind: 'double' }],
  ['bool', { kind: 'boolean' }],
  ['bytes', { kind: 'bytes' }],
])

const otherScalars = new Set('uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64'.split(' '))

/** The names of a message and of those around it, from the outside. */
type Path = readonly string[]

class Reader {
  readonly #file: ProtoFile
  /** Messages that are being read. */
  readonly #open = new Set<ProtoMessage>()

  constructor(file: ProtoFile) {
    this.#file = file
  }

  shape(message: ProtoMessage, path: Path): Shape {
    const place = path.join('.')
    if (this.#open.has(message)) throw undeclarable(place, 'the message contains itself')
    this.#open.add(message)
    const fields: FieldShape[] = []
    let rest: string | undefined
    for (const field of message.fields) {
      if (!field.marks.includes(protoMarks.rest)) fields.push(this.#field(field, path))
      else if (rest === undefined) rest = restOf(field, place)
      else throw undeclarable(`${place}.${field.name}`, `${rest} takes the rest already`)
    }
    this.#open.delete(message)
    const names = fields.map(({ name }) => name)
    const twice = names.find((name, index) => names.indexOf(name) !== index || name === rest)
    if (twice !== undefined) throw undeclarable(place, `the name ${JSON.stringify(twice)} is there twice`)
    return { name: message.original ?? this.#fullName(path), fields, rest }
  }

  #field(field: ProtoField, path: Path): FieldShape {
    const { name, number, label, jsonName, marks, doc } = field
    const place = `${path.join('.')}.${name}`
    const isRequired = marks.includes(protoMarks.required)
    const inner = marked(
      this.#type(field, path),
      marks.filter((mark) => mark !== protoMarks.required),
      place,
    )
    const documented = { number, ...(doc === undefined ? {} : { doc }) }
    const original = jsonName ?? name
    if (label === 'oneof') throw undeclarable(place, 'oneof is not read')
    if (label === 'repeated') {
      return { name: original, type: { kind: 'array', items: inner }, isOptional: !isRequired, ...documented }
    }
    if (label === 'map') {
      return { name: original, type: { kind: 'map', values: inner }, isOptional: !isRequired, ...documented }
    }
    if (isRequired) throw undeclarable(place, 'only a list or map is marked as required')
    return { name: original, type: inner, isOptional: label === 'optional', ...documented }
  }

  #type({ name, type }: ProtoField, path: Path): FieldType {
    const scalar = scalars.get(type)
    if (scalar !== undefined) return scalar
    const place = `${path.join('.')}.${name}`
    if (otherScalars.has(type)) throw undeclarable(place, `${type} is none of ours; write int32 or int64`)
    const found = this.#found(type, path)
    if (found === undefined) throw undeclarable(place, `there is no message ${type}`)
    if (found.message.original !== attributeValueMessage.original) {
      return { kind: 'struct', shape: this.shape(found.message, found.path) }
    }
    if (JSON.stringify(found.message) !== JSON.stringify(attributeValueMessage)) {
      throw undeclarable(place, `${attributeValueMessage.original} differs from what tailrace writes`)
    }
    return { kind: 'typed' }
  }

  /** By Protobuf's rule: in the innermost scope that has the name's first part. */
  #found(type: string, path: Path): { readonly message: ProtoMessage; readonly path: Path } | undefined {
    const isRooted = type.startsWith('.')
    const name = isRooted ? type.slice(1) : type
    const prefix = `${this.#file.package}.`
    const inPackage = name.startsWith(prefix) ? this.#at(name.slice(prefix.length).split('.')) : undefined
    if (isRooted) return this.#file.package === '' ? this.#at(name.split('.')) : inPackage
    for (let depth = path.length; depth >= 0; depth--) {
      const found = this.#at([...path.slice(0, depth), ...name.split('.')])
      if (found !== undefined) return found
    }
    return inPackage
  }

  #at(path: Path): { readonly message: ProtoMessage; readonly path: Path } | undefined {
    let messages = this.#file.messages
    let message: ProtoMessage | undefined
    for (const name of path) {
      message = messages.find((each) => each.name === name)
      if (message === undefined) return undefined
      messages = message.nested
    }
    return message === undefined ? undefined : { message, path }
  }

  /** What is in the first message is named as if it stood beside it. */
  #fullName(path: Path): string {
    const isInRoot = path.length > 1 && path[0] === this.#file.messages[0]?.name
    const parts = isInRoot ? path.slice(1) : path
    return [...(this.#file.package === '' ? [] : [this.#file.package]), ...parts].join('.')
  }
}

function marked(type: FieldType, marks: readonly string[], place: string): FieldType {
  const [mark, ...others] = marks
  if (mark === undefined) return type
  const decimal = /^decimal\((\d{1,4}), ?(\d{1,4})\)$/.exec(mark)
  if (type.kind === 'string' && others.length === 0) {
    if (mark === protoMarks.json) return { kind: 'json' }
    if (decimal !== null) return decimalType(Number(decimal[1]), Number(decimal[2]), place)
  }
  throw undeclarable(place, `the mark ${JSON.stringify(marks.join('; '))} is none of this field`)
}

function restOf({ name, jsonName, number, label, type, marks }: ProtoField, place: string): string {
  if (label === 'optional' && type === 'string' && number === restNumber && marks.length === 1) return jsonName ?? name
  throw undeclarable(
    `${place}.${name}`,
    `the field that takes the rest must be: optional string ${name} = ${restNumber};`,
  )
}
