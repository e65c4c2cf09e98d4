/**
 * Reads JSON as `JSON.parse` is meant to: with the same errors (a SyntaxError) and the same values, but with every name
 * as it was sent.
 *
 * V8 13.6 to 14.6 at least (Node 24 to 26; nodejs/node#63785) guesses an object's next name from the objects of the same
 * beginning that the process holds, and compares the guess with the name's undecoded text. Thus after `{"id":1,"\\":2}`,
 * in another call or however else such an object was made, `{"id":1,"\n":2}` gets the name `\` for its second member,
 * which may even displace a member with that name. A name without an escape sequence is always read rightly, and so is
 * every value. So texts with an escape sequence in a name, which are rare, are read by a parser of our own, in about
 * twice the time; the others by `JSON.parse`.
 */
export function parseJson(body: Buffer): unknown {
  const text = body.toString('utf8')
  return hasEscapeInName(body) ? new JsonReader(text).read() : JSON.parse(text)
}

const quote = 0x22
const colon = 0x3a
const backslash = 0x5c

/** Never false for JSON with an escape sequence in a name. Says anything about what is not JSON: both parsers refuse it. */
function hasEscapeInName(body: Buffer): boolean {
  let at = body.indexOf(backslash)
  while (at !== -1) {
    const end = endOfString(body, at)
    if (body[skipSpace(body, end)] === colon) return true
    at = body.indexOf(backslash, end)
  }
  return false
}

/** Where the string ends (behind its quote) that holds the backslash at this place. */
function endOfString(body: Buffer, escape: number): number {
  let at = escape
  while (at < body.length) {
    const byte = body[at]
    if (byte === quote) return at + 1
    at += byte === backslash ? 2 : 1
  }
  return at
}

function skipSpace(body: Buffer, from: number): number {
  let at = from
  while (isSpace(body[at] ?? 0)) at += 1
  return at
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** An array or object whose end has not come yet; an object waits for the value of `name`. */
type OpenValue =
  | { readonly kind: 'array'; readonly value: unknown[] }
  | { readonly kind: 'object'; readonly value: Record<string, unknown>; name: string }

/** What `#begin` gives when the value was opened only. No JSON value is a symbol. */
const opened = Symbol('opened')
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/** Not recursive: as with `JSON.parse`, memory is the only bound of the depth. */
class JsonReader {
  readonly #text: string
  readonly #open: OpenValue[] = []
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): unknown {
    let value = this.#begin()
    for (;;) {
      if (value === opened) {
        value = this.#begin()
        continue
      }
      const parent = this.#open.at(-1)
      if (parent === undefined) return this.#end(value)
      add(parent, value)
      value = this.#take(',') ? this.#next(parent) : this.#close(parent)
    }
  }

  /** A whole value, or `opened` if it is an array or an object with a member to come. */
  #begin(): unknown {
    if (this.#take('{')) {
      const value = {}
      if (this.#take('}')) return value
      this.#open.push({ kind: 'object', value, name: this.#name() })
      return opened
    }
    if (this.#take('[')) {
      if (this.#take(']')) return []
      this.#open.push({ kind: 'array', value: [] })
      return opened
    }
    if (this.#take('"')) return this.#string()
    if (this.#take('true')) return true
    if (this.#take('false')) return false
    if (this.#take('null')) return null
    return this.#number()
  }

  #next(parent: OpenValue): unknown {
    if (parent.kind === 'object') parent.name = this.#name()
    return this.#begin()
  }

  #close(parent: OpenValue): unknown {
    this.#expect(parent.kind === 'object' ? '}' : ']')
    this.#open.pop()
    return parent.value
  }

  #end(value: unknown): unknown {
    this.#skipSpace()
    if (this.#at < this.#text.length) throw this.#unexpected()
    return value
  }

  #name(): string {
    this.#expect('"')
    const name = this.#string()
    this.#expect(':')
    return name
  }

  /** The rest of a string whose first quote is taken. */
  #string(): string {
    const start = this.#at
    let isPlain = true
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      // A NaN, at the end of the text, is not greater either.
      if (!(code >= 0x20)) throw this.#unexpected()
      this.#at += 1
      if (code === quote) break
      if (code !== backslash) continue
      isPlain = false
      this.#at += 1
    }
    if (isPlain) return this.#text.slice(start, this.#at - 1)
    // V8 guesses names only: a string by itself is decoded, or refused, rightly.
    return String(JSON.parse(this.#text.slice(start - 1, this.#at)))
  }

  #number(): number {
    numberPattern.lastIndex = this.#at
    const [literal] = numberPattern.exec(this.#text) ?? []
    if (literal === undefined) throw this.#unexpected()
    this.#at += literal.length
    return Number(literal)
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw this.#unexpected()
  }

  /** Skips white space, and the token if it comes next. */
  #take(token: string): boolean {
    this.#skipSpace()
    const isNext = this.#text.startsWith(token, this.#at)
    if (isNext) this.#at += token.length
    return isNext
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1
  }

  /** Quotes nothing: the text may be an item's. */
  #unexpected(): SyntaxError {
    return new SyntaxError(`not JSON at position ${this.#at}`)
  }
}

function add(parent: OpenValue, value: unknown): void {
  if (parent.kind === 'array') parent.value.push(value)
  else if (parent.name === '__proto__') {
    // An assignment would set the prototype.
    Object.defineProperty(parent.value, '__proto__', { value, writable: true, enumerable: true, configurable: true })
  } else parent.value[parent.name] = value
}
