import { TailraceError } from '../errors.ts'
import type { Shape } from './shape.ts'

/**
 * What becomes of a name that Avro and Protobuf do not allow, under Debezium's names. `none`: it is refused. `avro`: `_`
 * takes the place of each forbidden character, and goes before a leading digit. `avro_unicode`: `_uxxxx` takes the place of
 * each, and of `_` itself. A name that is allowed stays as it is in every mode: readers find `ts_ms` and `user_id`.
 */
export type NameAdjustment = 'none' | 'avro' | 'avro_unicode'

/** Of fields, and of schemas. */
export interface NameAdjustments {
  readonly fields: NameAdjustment
  readonly schemas: NameAdjustment
}

/**
 * The names under which a shape's fields are written: in their order, the field for the rest last. Throws SCHEMA_FORM for a
 * name that is not allowed and may not be adjusted, and for two names that become one.
 */
export function fieldNames(shape: Shape, mode: NameAdjustment): readonly string[] {
  const taken = new Map<string, string>()
  const originals = shape.fields.map(({ name }) => name)
  return (shape.rest === undefined ? originals : [...originals, shape.rest]).map((original) => {
    const name = adjustedName(original, mode)
    if (name === undefined) throw forbidden(`field ${JSON.stringify(original)} of ${shape.name}`)
    const other = taken.get(name)
    if (other !== undefined) {
      const both = `${JSON.stringify(other)} and ${JSON.stringify(original)}`
      throw new TailraceError('SCHEMA_FORM', `fields ${both} of ${shape.name} would both be written as ${name}`)
    }
    taken.set(name, original)
    return name
  })
}

/** The full name of a schema, adjusted between its dots. Throws SCHEMA_FORM if it is not allowed and may not be adjusted. */
export function schemaName(original: string, mode: NameAdjustment): string {
  const parts = original.split('.').map((part) => {
    const name = adjustedName(part, mode)
    if (name === undefined) throw forbidden(`schema name ${JSON.stringify(original)}`)
    return name
  })
  return parts.join('.')
}

/** True for what Avro allows as the name of a field, and as a part of a schema's name. */
export function isAllowedName(name: string): boolean {
  return allowed.test(name)
}

const allowed = /^[A-Za-z_][A-Za-z0-9_]*$/

function adjustedName(original: string, mode: NameAdjustment): string | undefined {
  if (isAllowedName(original)) return original
  switch (mode) {
    case 'none':
      return undefined
    case 'avro': {
      const name = original.replace(/[^A-Za-z0-9_]/g, '_')
      return isAllowedName(name) ? name : `_${name}`
    }
    case 'avro_unicode':
      return original === '' ? '_' : original.replace(/^[0-9]|[^A-Za-z0-9]/g, unicodeEscape)
  }
}

/** A character outside the basic plane has two UTF-16 units and becomes two escapes, as in Java. */
function unicodeEscape(unit: string): string {
  return `_u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function forbidden(what: string): TailraceError {
  return new TailraceError('SCHEMA_FORM', `${what} must match [A-Za-z_][A-Za-z0-9_]* and may not be adjusted`)
}
