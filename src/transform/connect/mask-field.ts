import { canonicalNumber } from '../../change/attribute-number.ts'
import type { DocumentValue } from '../../change/document.ts'
import { fieldNames, nullDefault, optional, someText } from './settings.ts'
import { failed, fieldsStep, replaced, shown } from './sides.ts'
import { stepType } from './step-type.ts'

/** Puts the empty value of its type, or a given text, in the place of fields. */
export const maskField = stepType({
  name: 'MaskField',
  hasSides: true,
  documentation:
    'Replaces values by the empty one of their type (`""`, `0`, `false`, `[]`, `{}`), or by a text or number.',
  settings: {
    fields: { kind: fieldNames, otherwise: 'required', documentation: 'Fields to mask.' },
    replacement: optional(someText, 'What texts and numbers are replaced by; for numbers it must be one.'),
    'replace.null.with.default': nullDefault,
  },
  create({ fields, replacement }, side) {
    const masked = new Set(fields)
    const change = (value: DocumentValue, name: string): DocumentValue | undefined => {
      if (!masked.has(name)) return undefined
      return replacement === undefined ? emptyOf(value, name) : replacementOf(value, name, replacement)
    }
    return fieldsStep(
      side,
      (document) => replaced(document, change),
      (shape) => shape,
    )
  },
})

function emptyOf(value: DocumentValue, name: string): DocumentValue {
  if ('NULL' in value) return value
  if ('S' in value) return { S: '' }
  if ('N' in value) return { N: '0' }
  if ('INT' in value) return { INT: 0 }
  if ('BOOL' in value) return { BOOL: false }
  if ('B' in value) return { B: '' }
  if ('L' in value) return { L: [] }
  if ('SS' in value) return { SS: [] }
  if ('NS' in value) return { NS: [] }
  if ('BS' in value) return { BS: [] }
  if ('M' in value) return { M: {} }
  throw failed(`field ${shown(name)} is a struct, which cannot be masked as a whole`)
}

function replacementOf(value: DocumentValue, name: string, replacement: string): DocumentValue {
  if ('NULL' in value) return value
  if ('S' in value) return { S: replacement }
  if (!('N' in value || 'INT' in value)) {
    throw failed(`field ${shown(name)} is neither a text nor a number, and cannot be masked with a replacement`)
  }
  const number = canonicalNumber(replacement)
  if ('N' in value && number !== undefined) return { N: number }
  if ('INT' in value && number !== undefined && /^-?\d+$/.test(number)) return { INT: BigInt(number) }
  throw failed(`field ${shown(name)} is a number, and the replacement is none`)
}
