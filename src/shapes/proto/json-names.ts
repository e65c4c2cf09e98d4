import { TailraceError } from '../../errors.ts'
import type { Shape } from '../shape.ts'

/** How a field is called in a message, and in Protobuf's JSON where that does not follow from it. */
export interface ProtoNames {
  readonly name: string
  readonly jsonName?: string
}

/**
 * Compilers of Protobuf refuse two fields whose names differ only in underscores and case: the later one gets its number
 * behind its name. Whatever has another name than in the shape keeps that one as its name in JSON. Throws SCHEMA_FORM for
 * a name that may not even stand there.
 */
export function jsonNames(shape: Shape, written: readonly string[], numbers: readonly number[]): readonly ProtoNames[] {
  const originals = shape.fields.map(({ name }) => name)
  if (shape.rest !== undefined) originals.push(shape.rest)
  const keys = written.map(likeness)
  const taken = new Set(keys)
  return written.map((adjusted, index) => {
    const original = originals[index] ?? adjusted
    const isTwice = keys.filter((key) => key === keys[index]).length > 1
    const isLater = isTwice && keys.indexOf(likeness(adjusted)) !== index
    const name = isLater ? `${adjusted}_${numbers[index]}` : adjusted
    if (isLater && taken.has(likeness(name))) {
      throw new TailraceError('SCHEMA_FORM', `${shape.name}: Protobuf has no name for ${JSON.stringify(original)}`)
    }
    if (isLater) taken.add(likeness(name))
    return name === original && !isTwice ? { name } : { name, jsonName: allowedInJson(original, shape) }
  })
}

function likeness(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

function allowedInJson(original: string, shape: Shape): string {
  if (!/^\[.*\]$/s.test(original) && !original.includes('\0')) return original
  throw new TailraceError('SCHEMA_FORM', `${shape.name}: Protobuf does not allow the name ${JSON.stringify(original)}`)
}
