import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'
import { seededRng } from '../../src/async/rng.ts'
import type { Rng } from '../../src/async/rng.ts'

/**
 * Random items by the hundred thousand: what a table can hold, all ten types, nested up to DynamoDB's 32 levels, with
 * hostile names and texts. No lone surrogates and no empty sets, which DynamoDB refuses. Numbers are written as DynamoDB
 * answers them, up to 38 digits, and sometimes with an exponent.
 */
export interface ItemSource {
  /** One item; its attributes are own properties in an order of their own. */
  item(): Item
  /** Any value, of any type. */
  value(): AttributeValue
  /** The name of an attribute, one in eight a hostile one. */
  name(): string
  /** Text of well-formed UTF-16, at most `maxUnits` long, sometimes empty. */
  text(maxUnits: number): string
  /** A decimal number as DynamoDB writes it. */
  number(): string
  /** Base64, sometimes of no byte. */
  binary(): string
  readonly rng: Rng
}

export interface ItemSourceOptions {
  /**
   * No name that JSON writes with a backslash: for readers that are built on V8's `JSON.parse`, which can take one such
   * name for another (nodejs/node#63785). Default: false.
   */
  readonly hasPlainNames?: boolean
}

/** The same seed and options give the same items. */
export function createItemSource(seed: number, { hasPlainNames = false }: ItemSourceOptions = {}): ItemSource {
  return new SeededItems(seededRng(seed), hasPlainNames)
}

/** Names that trip readers who assign them to objects, build paths of them, or take them for types. */
export const hostileNames: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'toJSON',
  'length',
  '0',
  '1',
  '007',
  '4294967295',
  '-1',
  'S',
  'N',
  'M',
  'NULL',
  'a.b',
  '$x',
  '#n',
  'ключ',
  '名前',
  '😀',
  ' ',
  '"',
  '\\',
  '\u0000',
  'a\nb',
]

/** From here all random texts are cut: control characters, quotes, scripts of every width, characters of two units. */
const hay = makeHay(65_536)
const digits = makeDigits(8_192)
const bytes = makeBytes(8_192)
/** DynamoDB's limit counts the attribute itself. */
const maxLevels = 32

class SeededItems implements ItemSource {
  readonly rng: Rng
  readonly #hasPlainNames: boolean

  constructor(rng: Rng, hasPlainNames: boolean) {
    this.rng = rng
    this.#hasPlainNames = hasPlainNames
  }

  item(): Item {
    const entries: [string, AttributeValue][] = []
    for (let left = this.#below(11); left >= 0; left--) entries.push([this.name(), this.value()])
    return Object.fromEntries(entries)
  }

  value(): AttributeValue {
    return this.#below(150) === 0 ? this.#buried() : this.#value(1)
  }

  text(maxUnits: number): string {
    const length = this.#below(maxUnits + 1)
    const start = this.#below(hay.length - length - 1)
    return wellFormed(hay.slice(start, start + length))
  }

  number(): string {
    const kind = this.#below(10)
    if (kind === 0) return '0'
    const sign = this.#below(4) === 0 ? '-' : ''
    if (kind < 4) return sign + this.#significant(1 + this.#below(9)).replace(/^$/, '7')
    const mantissa = this.#significant(1 + this.#below(38))
    if (kind < 8) return sign + withPoint(mantissa, this.#below(mantissa.length + 6))
    const exponent = this.#below(10) === 0 ? (this.#below(2) === 0 ? -130 : 125) : this.#below(256) - 130
    const rest = mantissa.slice(1)
    return `${sign}${mantissa.slice(0, 1)}${rest === '' ? '' : `.${rest}`}E${exponent < 0 ? '' : '+'}${exponent}`
  }

  binary(): string {
    const start = this.#below(bytes.length - 64)
    return bytes.toString('base64', start, start + this.#below(61))
  }

  /** Digits of which the first and the last are not zero. */
  #significant(length: number): string {
    const start = this.#below(digits.length - length)
    return digits.slice(start, start + length).replace(/^0+|0+$/g, '') || '7'
  }

  name(): string {
    const name = this.#anyName()
    return this.#hasPlainNames && JSON.stringify(name).includes('\\') ? 'plain' : name
  }

  #anyName(): string {
    if (this.#below(8) === 0) return hostileNames[this.#below(hostileNames.length)] ?? ''
    // DynamoDB knows no empty name.
    return this.text(16) || 'x'
  }

  #value(level: number): AttributeValue {
    const kind = this.#below(level < 6 ? 20 : 16)
    if (kind < 5) return { S: this.text(this.#below(16) === 0 ? 300 : 40) }
    if (kind < 10) return { N: this.number() }
    if (kind === 10) return { B: this.binary() }
    if (kind === 11) return { BOOL: this.#below(2) === 0 }
    if (kind === 12) return { NULL: true }
    if (kind === 13) return { SS: this.#set(() => this.text(20)) }
    if (kind === 14) return { NS: this.#numberSet() }
    if (kind === 15) return { BS: this.#set(() => this.binary()) }
    const size = this.#below(5)
    if (kind < 18) return { L: Array.from({ length: size }, () => this.#value(level + 1)) }
    const entries = Array.from({ length: size }, (): [string, AttributeValue] => [this.name(), this.#value(level + 1)])
    return { M: Object.fromEntries(entries) }
  }

  /** A value that is as deep as DynamoDB allows. */
  #buried(): AttributeValue {
    let value: AttributeValue = this.#value(maxLevels)
    for (let level = maxLevels; level > 1; level--) {
      value = this.#below(2) === 0 ? { L: [value] } : { M: Object.fromEntries([[this.name(), value]]) }
    }
    return value
  }

  /** No two are one number: all are whole, and each is greater than the one before. */
  #numberSet(): string[] {
    let next = BigInt(this.#below(1_000_000)) - 500_000n
    const numbers = this.#set(() => {
      next += 1n + BigInt(this.#below(1_000_000_000)) ** 2n
      return String(next)
    })
    return numbers.toReversed()
  }

  #set(element: () => string): string[] {
    return [...new Set(Array.from({ length: 1 + this.#below(5) }, element))]
  }

  #below(bound: number): number {
    return Math.trunc(this.rng.next() * bound)
  }
}

/** `significant` with a point somewhere in it, or zeros in front of it. */
function withPoint(significant: string, place: number): string {
  if (place < significant.length && place > 0) return `${significant.slice(0, place)}.${significant.slice(place)}`
  return place === 0 ? significant : `0.${'0'.repeat(place - significant.length)}${significant}`
}

/** Without half a character at either end. */
function wellFormed(text: string): string {
  const first = text.charCodeAt(0)
  const last = text.charCodeAt(text.length - 1)
  const from = first >= 0xdc_00 && first <= 0xdf_ff ? 1 : 0
  const to = last >= 0xd8_00 && last <= 0xdb_ff ? text.length - 1 : text.length
  return from < to ? text.slice(from, to) : ''
}

function makeHay(units: number): string {
  const rng = seededRng(1)
  const ranges = [
    [0x20, 0x7e],
    [0x20, 0x7e],
    [0x61, 0x7a],
    [0x00, 0x1f],
    [0x7f, 0xff],
    [0x03_91, 0x04_ff],
    [0x20_28, 0x20_2f],
    [0x4e_00, 0x9f_ff],
    [0xe0_00, 0xff_fd],
    [0x1_00_00, 0x10_ff_fd],
  ] as const
  let text = ''
  while (text.length < units) {
    const [from, to] = ranges[Math.trunc(rng.next() * ranges.length)] ?? ranges[0]
    const run = 1 + Math.trunc(rng.next() * 12)
    for (let index = 0; index < run; index++)
      text += String.fromCodePoint(from + Math.trunc(rng.next() * (to - from + 1)))
  }
  return text
}

function makeDigits(length: number): string {
  const rng = seededRng(2)
  return Array.from({ length }, () => Math.trunc(rng.next() * 10)).join('')
}

function makeBytes(length: number): Buffer {
  const rng = seededRng(3)
  return Buffer.from(Array.from({ length }, () => Math.trunc(rng.next() * 256)))
}
