import type { FieldShape, FieldType, Shape } from '../shape.ts'
import { nestedStructName } from '../struct-name.ts'
import { joinedMembers, membersInOrder } from './observed.ts'
import type { Observed, ObservedMembers, ObservedNumbers } from './observed.ts'

/** What an inferred shape is called, and the key attributes, hash key first. */
export interface InferenceTarget {
  readonly name: string
  readonly keys: readonly string[]
}

/** The widest decimal of DynamoDB and of most readers. */
const decimalPrecision = 38
const maxScale = 18
/** A struct with more fields has its rarest left to the field for the rest. */
const maxFields = 500
const maxStructFields = 50

/**
 * A shape that all items of a sample fit into:
 *
 * - an attribute of one type has that type; one of several, or whose lists or maps are, is `json`
 * - numbers are `int64` if all are whole and small enough, else `decimal(38, the greatest scale)` up to scale 18, else text
 * - a map is a struct if it has at most 50 different names and on average a quarter of them, else a `map` if all members
 *   are of one plain type, else `json`; below eight levels all is `json`
 * - only key attributes are required; what no field names goes to `_rest`, in structs, too
 *
 * Key attributes come first, then all others by name.
 */
export function inferShape(seen: ObservedMembers, { name, keys }: InferenceTarget): Shape {
  const taken = new Set([name])
  const found = membersInOrder(seen).filter(([attribute]) => !keys.includes(attribute))
  const kept = new Set(found.toSorted(([, a], [, b]) => b.count - a.count).slice(0, maxFields))
  const keyFields = keys.flatMap((key): readonly FieldShape[] => {
    const observed = seen.byName?.get(key)
    if (observed === undefined) return []
    return [{ name: key, type: typeOf(observed, key, { outer: name, taken }), isOptional: false }]
  })
  return structOf(name, { required: keyFields, optional: found.filter((each) => kept.has(each)) }, taken)
}

/** Maps that have the same few names again and again. */
export function isStruct({ byName, maps, occurrences }: ObservedMembers): boolean {
  const names = byName?.size ?? Number.POSITIVE_INFINITY
  return names > 0 && names <= maxStructFields && occurrences * 4 >= names * maps
}

/** The types without NULL, which any field may be besides. */
export function typesBesidesNull({ types }: Observed): readonly string[] {
  return [...types].filter((type) => type !== 'NULL')
}

interface Naming {
  readonly outer: string
  readonly taken: Set<string>
}

function structOf(
  name: string,
  {
    required,
    optional,
  }: { readonly required: readonly FieldShape[]; readonly optional: readonly (readonly [string, Observed])[] },
  taken: Set<string>,
): Shape {
  const others = optional.map(([field, observed]): FieldShape => {
    return { name: field, type: typeOf(observed, field, { outer: name, taken }), isOptional: true }
  })
  const fields = [...required, ...others]
  let rest = '_rest'
  while (fields.some((field) => field.name === rest)) rest = `_${rest}`
  return { name, fields, rest }
}

function typeOf(observed: Observed, name: string, naming: Naming): FieldType {
  const [type, ...others] = typesBesidesNull(observed).toSorted()
  if (type === undefined) return json
  const isList = [type, ...others].every((each) => lists.has(each))
  if (isList) return arrayOf(observed.elements, name, naming)
  if (others.length > 0) return json
  switch (type) {
    case 'S':
      return { kind: 'string' }
    case 'N':
      return numberType(observed.numbers)
    case 'BOOL':
      return { kind: 'boolean' }
    case 'B':
      return { kind: 'bytes' }
    case 'M':
      return mapType(observed.members, name, naming)
    default:
      return json
  }
}

/** Elements are never null, and no format likes lists of lists. */
function arrayOf(elements: Observed | undefined, name: string, naming: Naming): FieldType {
  if (elements === undefined || elements.types.has('NULL')) return json
  const items = typeOf(elements, name, naming)
  return isPlain(items) || items.kind === 'struct' ? { kind: 'array', items } : json
}

function mapType(members: ObservedMembers | undefined, name: string, { outer, taken }: Naming): FieldType {
  if (members === undefined || members.occurrences === 0) return json
  if (isStruct(members)) {
    const struct = nestedStructName(outer, name, taken)
    return { kind: 'struct', shape: structOf(struct, { required: [], optional: membersInOrder(members) }, taken) }
  }
  const joined = joinedMembers(members)
  if (joined.types.has('NULL')) return json
  const values = typeOf(joined, name, { outer, taken: new Set(taken) })
  return isPlain(values) ? { kind: 'map', values } : json
}

function numberType({ areInt64, wholeDigits, scale }: ObservedNumbers): FieldType {
  if (areInt64) return { kind: 'int64' }
  const isNarrow = scale <= maxScale && Math.max(wholeDigits, 0) + scale <= decimalPrecision
  return isNarrow ? { kind: 'decimal', precision: decimalPrecision, scale } : { kind: 'string' }
}

function isPlain({ kind }: FieldType): boolean {
  return kind !== 'json' && kind !== 'typed' && kind !== 'array' && kind !== 'map' && kind !== 'struct'
}

const json: FieldType = { kind: 'json' }
const lists: ReadonlySet<string> = new Set(['L', 'SS', 'NS', 'BS'])
