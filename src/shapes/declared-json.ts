import { TailraceError } from '../errors.ts'
import type { FieldShape } from './shape.ts'

/** A JSON object of a declared schema, whose members are still to be looked at. */
export type DeclaredObject = Readonly<Record<string, unknown>>

/** True for a JSON object, not for an array or null. */
export function isDeclaredObject(value: unknown): value is DeclaredObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `place` says where in the declaration; it is empty for the whole of it. */
export function undeclarable(place: string, problem: string): TailraceError {
  return new TailraceError('SCHEMA_DECLARATION', place === '' ? problem : `${place}: ${problem}`)
}

/** A member that must be a text. Throws SCHEMA_DECLARATION. */
export function textMember(declared: DeclaredObject, member: string, place: string): string {
  const value = declared[member]
  if (typeof value === 'string') return value
  throw undeclarable(place, `${member} must be a string`)
}

/** A member that may be missing, and must be a text otherwise. Throws SCHEMA_DECLARATION. */
export function optionalText(declared: DeclaredObject, member: string, place: string): string | undefined {
  return declared[member] === undefined ? undefined : textMember(declared, member, place)
}

/** Throws SCHEMA_DECLARATION if one of the members is there: a shape has nothing that could stand for it. */
export function refuseMembers(declared: DeclaredObject, members: readonly string[], place: string): void {
  const found = members.find((member) => Object.hasOwn(declared, member))
  if (found !== undefined) throw undeclarable(place, `tailrace has no use for ${JSON.stringify(found)}; leave it out`)
}

/** Precision and scale of a decimal. Throws SCHEMA_DECLARATION if they make no sense. */
export function decimalType(
  precision: unknown,
  scale: unknown,
  place: string,
): { readonly kind: 'decimal'; readonly precision: number; readonly scale: number } {
  const isWhole = Number.isSafeInteger(precision) && Number.isSafeInteger(scale)
  if (!isWhole || Number(precision) < 1 || Number(scale) < 0 || Number(scale) > Number(precision)) {
    throw undeclarable(place, 'a decimal needs 1 ≤ precision and 0 ≤ scale ≤ precision')
  }
  return { kind: 'decimal', precision: Number(precision), scale: Number(scale) }
}

/** The field for the rest must be able to take any JSON text, and to be empty. */
export function restName({ name, type, isOptional }: FieldShape, place: string): string {
  if (isOptional && (type.kind === 'json' || type.kind === 'string')) return name
  throw undeclarable(place, 'the field that takes the rest must be an optional string')
}
