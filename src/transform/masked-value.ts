import { createHash, createHmac } from 'node:crypto'
import { canonicalNumber } from '../change/attribute-number.ts'
import type { AttributeValue } from '../change/attribute-value.ts'
import { canonicalItem } from '../change/canonical-item.ts'
import type { MaskMethod } from '../change/mask-rule.ts'

/**
 * What stands in a value's place. Digests are 64 hexadecimal digits, as texts: of a text its UTF-8, of a number its one
 * notation, of a binary its bytes, of what is nested its canonical text. Sets are masked element by element. Throws for what
 * is no value of DynamoDB's.
 */
export function maskedValue(
  value: AttributeValue,
  method: Exclude<MaskMethod, { readonly kind: 'remove' }>,
  hmacKey: string | undefined,
): AttributeValue {
  if (method.kind === 'null') return { NULL: true }
  const digest = method.kind === 'fixed' ? () => method.text : digestOf(method.kind, hmacKey)
  if ('SS' in value) return { SS: unique(value.SS.map((S) => digest(bytesOf({ S })))) }
  if ('NS' in value) return { SS: unique(value.NS.map((N) => digest(bytesOf({ N })))) }
  if ('BS' in value) return { SS: unique(value.BS.map((B) => digest(bytesOf({ B })))) }
  return { S: digest(bytesOf(value)) }
}

function digestOf(kind: 'hash' | 'hmac' | 'null' | 'remove', hmacKey: string | undefined): (bytes: Buffer) => string {
  if (kind === 'hash') return (bytes) => createHash('sha256').update(bytes).digest('hex')
  if (kind !== 'hmac' || hmacKey === undefined) throw new Error('a mask has no key')
  return (bytes) => createHmac('sha256', hmacKey).update(bytes).digest('hex')
}

function bytesOf(value: AttributeValue): Buffer {
  if ('S' in value && typeof value.S === 'string') return Buffer.from(value.S)
  if ('B' in value && typeof value.B === 'string') return Buffer.from(value.B, 'base64')
  const text = 'N' in value ? canonicalNumber(value.N) : canonicalItem({ value })
  if (text === undefined) throw new Error('a value cannot be masked')
  return Buffer.from(text)
}

/** Several elements may have one mask, and a set holds each element once. */
function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}
