import type { JsonSerializerOptions } from '../../src/serialize/json-serializer.ts'

/** All JSON forms in which records can be written. */
export const jsonForms: readonly JsonSerializerOptions[] = [
  { numbers: 'exact', schemasEnable: false },
  { numbers: 'string', schemasEnable: false },
  { numbers: 'exact', schemasEnable: true },
  { numbers: 'string', schemasEnable: true },
]

/** `exact-numbers`, `string-numbers-with-schema` … */
export function nameOfForm({ numbers, schemasEnable }: JsonSerializerOptions): string {
  return `${numbers}-numbers${schemasEnable ? '-with-schema' : ''}`
}
