import { compareDecimals, parseDecimal } from '../change/attribute-number.ts'
import type { DecimalParts } from '../change/attribute-number.ts'

/**
 * The elements of a set in the one order in which tailrace writes them: text (SS) by code point, which is also the
 * order of its UTF-8 bytes; numbers (NS) by value; binaries (BS) by byte. DynamoDB keeps no order, and the same set may
 * come in another one with the next change. Undefined if an element of NS is no decimal number.
 */
export function sortedSet(type: 'SS' | 'NS' | 'BS', elements: readonly string[]): readonly string[] | undefined {
  if (elements.length < 2) return elements
  if (type === 'SS') return sortedTexts(elements)
  if (type === 'BS') return sortedBinaries(elements)
  return sortedNumbers(elements)
}

function sortedNumbers(elements: readonly string[]): readonly string[] | undefined {
  const keyed: { readonly text: string; readonly key: DecimalParts }[] = []
  for (const text of elements) {
    const key = parseDecimal(text)
    if (key === undefined) return undefined
    keyed.push({ text, key })
  }
  return keyed.sort((a, b) => compareDecimals(a.key, b.key)).map(({ text }) => text)
}

function sortedBinaries(elements: readonly string[]): readonly string[] {
  const keyed = elements.map((text) => ({ text, key: Buffer.from(text, 'base64') }))
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ text }) => text)
}

const maxInsertions = 16

/** By insertion as long as they are few: the built-in sort costs more than all else about a small set. */
function sortedTexts(elements: readonly string[]): readonly string[] {
  if (elements.length > maxInsertions) return elements.toSorted(compareCodePoints)
  const sorted: string[] = []
  for (const element of elements) {
    let index = sorted.length
    for (; index > 0 && compareCodePoints(sorted[index - 1] ?? '', element) > 0; index--) {
      sorted[index] = sorted[index - 1] ?? ''
    }
    sorted[index] = element
  }
  return sorted
}

/** JavaScript compares UTF-16 units, which puts U+E000…U+FFFF behind the surrogates of the characters above them. */
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** Moves surrogates above all other units. */
function rank(unit: number): number {
  return unit >= 0xd8_00 && unit <= 0xdf_ff ? unit + 0x1_00_00 : unit
}
