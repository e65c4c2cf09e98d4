import type { Document, DocumentValue } from '../../change/document.ts'
import type { FieldShape, Shape } from '../../shapes/shape.ts'
import { fieldOf, membersOf } from './sides.ts'
import { listOf } from './settings.ts'

/** A field of an envelope that is to be added to the row, or to the headers: `op`, `source.ts_ms`, `lsn:position`. */
export interface FieldReference {
  /** The struct within the envelope; undefined: the envelope itself. */
  readonly struct: string | undefined
  readonly field: string
  /** Without the prefix. */
  readonly newName: string
}

/** What `add.fields` and `add.headers` take. */
export const fieldReferences = listOf(
  'a list of fields, `field`, `struct.field` or either with `:name`',
  referenceOf,
  0,
)

const ofTransaction: ReadonlySet<string> = new Set(['id', 'total_order', 'data_collection_order'])
const ofEnvelope: ReadonlySet<string> = new Set(['op', 'ts_ms', 'ts_us', 'ts_ns'])

/** What is neither the envelope's own nor of its transaction is looked for in its source. */
function referenceOf(text: string): FieldReference | undefined {
  const [path = '', name, ...more] = text.split(':')
  const [first = '', second, ...deeper] = path.split('.')
  if (more.length > 0 || deeper.length > 0 || name === '' || first === '' || second === '') return undefined
  if (second !== undefined) return { struct: first, field: second, newName: name ?? `${first}_${second}` }
  const struct = ofEnvelope.has(first) ? undefined : ofTransaction.has(first) ? 'transaction' : 'source'
  return { struct, field: first, newName: name ?? first }
}

/** The value; null where its struct is. Undefined: there is no such field, there or in the envelope itself. */
export function referredValue({ struct, field }: FieldReference, envelope: Document): DocumentValue | undefined {
  const own = fieldOf(envelope, field)
  if (struct === undefined) return own
  const parent = fieldOf(envelope, struct)
  if (parent === undefined) return own
  if ('NULL' in parent) return { NULL: true }
  return fieldOf(membersOf(parent) ?? {}, field) ?? own
}

/** The field that it adds to a shape. */
export function referredShape(reference: FieldReference, prefix: string, envelope: Shape): FieldShape | undefined {
  const { struct, field, newName } = reference
  const parent = struct === undefined ? undefined : envelope.fields.find(({ name }) => name === struct)?.type
  const within = parent?.kind === 'struct' ? parent.shape.fields.find(({ name }) => name === field) : undefined
  const found = within ?? envelope.fields.find(({ name }) => name === field)
  return found === undefined
    ? undefined
    : { name: `${prefix}${newName}`, type: found.type, isOptional: true, doc: found.doc }
}
