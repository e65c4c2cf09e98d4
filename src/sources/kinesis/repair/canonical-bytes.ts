import { canonicalNumber } from '../../../change/attribute-number.ts'
import type { Item } from '../../../change/attribute-value.ts'

/** DynamoDB nests 32 levels; what is deeper is none of its items. */
const maxDepth = 40
const firstBytes = 64 * 1024
/** A buffer that grew beyond this for one item is given up behind it. */
const mostBytesKept = 1024 * 1024

/**
 * Items as bytes, one after the other in one buffer: the same bytes exactly for the same item, as `canonicalItem` has the same
 * text for it, at a fraction of the cost. For comparing and hashing only: it holds the items' values.
 */
export class CanonicalBytes {
  #bytes = Buffer.allocUnsafeSlow(firstBytes)
  #at = 0
  /** By depth. */
  readonly #shapes: Shape[] = []

  /** Forgets what was written. */
  begin(): void {
    if (this.#bytes.length > mostBytesKept) this.#bytes = Buffer.allocUnsafeSlow(firstBytes)
    this.#at = 0
  }

  /** What was written since `begin`; a view, good until the next `begin`. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  /** The same as a text of one character a byte. */
  get writtenText(): string {
    return this.#bytes.toString('latin1', 0, this.#at)
  }

  /** Adds a text, and how long it is, so that it does not run together with what comes behind. */
  addText(text: string): void {
    const { length } = text
    this.#provide(2 * length + 10)
    const bytes = this.#bytes
    const start = this.#at
    this.#number(length * 2)
    let at = this.#at
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 0xff) {
        this.#at = start
        return this.#wideText(text)
      }
      bytes[at++] = code
    }
    this.#at = at
  }

  /** False if something in it is no value of DynamoDB's: of such an item nothing can be said, and nothing that is written counts. */
  addItem(item: Item): boolean {
    return this.#map(item, 0)
  }

  /** Two bytes a character: lone surrogates, which are all alike in UTF-8, are told apart. */
  #wideText(text: string): void {
    this.#number(text.length * 2 + 1)
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      this.#bytes[this.#at++] = code & 0xff
      this.#bytes[this.#at++] = code >> 8
    }
  }

  #map(map: Readonly<Record<string, unknown>>, depth: number): boolean {
    const names = this.#namesOf(map, depth)
    this.#kind(kinds.M, names.length)
    for (const name of names) {
      this.addText(name)
      if (!this.#value(map[name], depth + 1)) return false
    }
    return true
  }

  /** In their order. Mostly they are those of the last map at this depth, which shows without a list of them. */
  #namesOf(map: Readonly<Record<string, unknown>>, depth: number): readonly string[] {
    const last = this.#shapes[depth]
    if (last !== undefined && hasNames(map, last.from)) return last.to
    const from = Object.keys(map)
    const to = sorted(from)
    if (from.length <= mostNamesKept) this.#shapes[depth] = { from, to }
    return to
  }

  #value(value: unknown, depth: number): boolean {
    if (depth > maxDepth || !isObject(value)) return false
    let type: string | undefined
    // Costs half of what a list of the names would.
    for (const name in value) {
      if (type !== undefined) return false
      type = name
    }
    // DynamoDB Local's streams show an empty map without its type.
    if (type === undefined) return this.#map({}, depth)
    const content: unknown = value[type]
    switch (type) {
      case 'S':
      case 'B':
        return this.#text(kinds[type], typeof content === 'string' ? content : undefined)
      case 'N':
        return this.#text(kinds.N, numberOf(content))
      case 'BOOL':
        this.#kind(kinds.BOOL, content === true ? 1 : 0)
        return typeof content === 'boolean'
      case 'NULL':
        this.#kind(kinds.NULL, 0)
        return content === true
      case 'M':
        return isObject(content) && this.#map(content, depth)
      case 'L':
        return Array.isArray(content) && this.#list(content, depth)
      case 'SS':
      case 'BS':
        return Array.isArray(content) && this.#set(kinds[type], content, textOf)
      case 'NS':
        return Array.isArray(content) && this.#set(kinds.NS, content, numberOf)
      default:
        return false
    }
  }

  #list(list: readonly unknown[], depth: number): boolean {
    this.#kind(kinds.L, list.length)
    for (const entry of list) if (!this.#value(entry, depth + 1)) return false
    return true
  }

  #set(kind: number, entries: readonly unknown[], textIn: (entry: unknown) => string | undefined): boolean {
    let last: string | undefined
    let isInOrder = true
    for (const entry of entries) {
      const text = textIn(entry)
      if (text === undefined) return false
      isInOrder &&= last === undefined || last < text
      last = text
    }
    if (isInOrder) {
      this.#kind(kind, entries.length)
      for (const entry of entries) this.addText(textIn(entry) ?? '')
      return true
    }
    const texts = entries.map((entry) => textIn(entry) ?? '')
    const distinct = texts.sort().filter((text, at) => at === 0 || text !== texts[at - 1])
    this.#kind(kind, distinct.length)
    for (const text of distinct) this.addText(text)
    return true
  }

  #text(kind: number, text: string | undefined): boolean {
    if (text === undefined) return false
    this.#provide(1)
    this.#bytes[this.#at++] = kind
    this.addText(text)
    return true
  }

  #kind(kind: number, count: number): void {
    this.#provide(11)
    this.#bytes[this.#at++] = kind
    this.#number(count)
  }

  /** Seven bits a byte; ten bytes at most, for which the caller provides. */
  #number(value: number): void {
    let rest = value
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80
    this.#bytes[this.#at++] = rest
  }

  #provide(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(needed * 2)
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

const kinds = { S: 1, B: 2, N: 3, BOOL: 4, NULL: 5, M: 6, L: 7, SS: 8, BS: 9, NS: 10 } as const

function textOf(entry: unknown): string | undefined {
  return typeof entry === 'string' ? entry : undefined
}

function numberOf(content: unknown): string | undefined {
  return typeof content === 'string' ? canonicalNumber(content) : undefined
}

/** Names as they stood, and as they are sorted. */
interface Shape {
  readonly from: readonly string[]
  readonly to: readonly string[]
}

function hasNames(map: object, names: readonly string[]): boolean {
  let at = 0
  for (const name in map) if (name !== names[at++]) return false
  return at === names.length
}

/** Images of a table mostly have the same names in the same order: the last sorting of so many names is kept. */
const lastSorted: Shape[] = []
const mostNamesKept = 64

function sorted(names: readonly string[]): readonly string[] {
  if (names.length < 2) return names
  const last = lastSorted[names.length]
  if (last !== undefined && isSame(names, last.from)) return last.to
  const to = names.toSorted()
  if (names.length <= mostNamesKept) lastSorted[names.length] = { from: names, to }
  return to
}

function isSame(names: readonly string[], others: readonly string[]): boolean {
  for (let at = 0; at < names.length; at++) if (names[at] !== others[at]) return false
  return true
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
