import { undeclarable } from '../declared-json.ts'
import { isFieldNumber } from './proto-layout.ts'
import { markPrefix } from './proto-message.ts'
import type { ProtoField, ProtoFile, ProtoLabel, ProtoMessage } from './proto-message.ts'
import { protoTokens } from './proto-tokens.ts'
import type { ProtoToken, ProtoTokens } from './proto-tokens.ts'

/**
 * Reads what `printProto` writes, and what people write like it: version 3, messages in messages, reserved numbers and
 * names, comments. Options of files and messages are passed over. A comment on the lines right before a field is its
 * documentation. Throws SCHEMA_DECLARATION, with the line, for imports, enums, services, extensions, options of fields
 * besides `json_name`, and for what is no Protobuf.
 */
export function parseProto(text: string): ProtoFile {
  return new Parser(protoTokens(text)).file()
}

const maxDepth = 32

class Parser {
  readonly #tokens: readonly ProtoToken[]
  readonly #comments: ProtoTokens['comments']
  #next = 0

  constructor({ tokens, comments }: ProtoTokens) {
    this.#tokens = tokens
    this.#comments = comments
  }

  file(): ProtoFile {
    this.#syntax()
    const messages: ProtoMessage[] = []
    let name = ''
    while (this.#peek().kind !== 'end') {
      if (this.#takes(';')) continue
      const word = this.#word()
      if (word.text === 'message') messages.push(this.#message(1))
      else if (word.text === 'option') this.#skipOption()
      else if (word.text === 'package' && name === '') {
        name = this.#dotted()
        this.#expect(';')
      } else throw problem(word, `${word.text} is not read here`)
    }
    return { package: name, messages }
  }

  #syntax(): void {
    const begin = [this.#take(), this.#take(), this.#take(), this.#take()]
    const [word, , version] = begin
    if (begin.map(({ text }) => text).join(' ') === 'syntax = proto3 ;' && version?.kind === 'string') return
    throw problem(word ?? this.#peek(), 'the file must begin with syntax = "proto3";')
  }

  /** Behind the word `message`. */
  #message(depth: number): ProtoMessage {
    const { text: name, line } = this.#word()
    if (depth > maxDepth) throw undeclarable(`line ${line}`, 'messages are nested too deeply')
    const open = this.#expect('{')
    const original = this.#originalName(open.line)
    const body: Body = { nested: [], fields: [], reserved: [], reservedNames: new Set() }
    while (!this.#takes('}')) this.#member(body, depth)
    checkFields(body, line)
    return { name, ...(original === undefined ? {} : { original }), nested: body.nested, fields: body.fields }
  }

  #member(body: Body, depth: number): void {
    if (this.#takes(';')) return
    const { text } = this.#peek()
    // A field may have a type that is named like a statement.
    const isStatement = this.#peek(1).text !== '.'
    if (text === 'message' && isStatement) {
      this.#take()
      body.nested.push(this.#message(depth + 1))
    } else if (text === 'option' && isStatement) {
      this.#take()
      this.#skipOption()
    } else if (text === 'reserved' && isStatement) this.#reserved(body)
    else if (text === 'oneof' && this.#peek(2).text === '{') this.#oneof(body)
    else if (['enum', 'extend', 'extensions', 'group'].includes(text) && isStatement) {
      throw problem(this.#peek(), `${text} is not read`)
    } else body.fields.push(this.#field(undefined))
  }

  #oneof(body: Body): void {
    this.#take()
    this.#word()
    this.#expect('{')
    while (!this.#takes('}')) {
      if (this.#peek().text === 'option') {
        this.#take()
        this.#skipOption()
      } else body.fields.push(this.#field('oneof'))
    }
  }

  #field(given: ProtoLabel | undefined): ProtoField {
    const first = this.#peek()
    const { label, type } = this.#typeOf(given)
    const name = this.#word().text
    this.#expect('=')
    const number = this.#number()
    const jsonName = this.#takes('[') ? this.#jsonName() : undefined
    const end = this.#expect(';')
    const doc = this.#docBefore(first.line)
    return {
      name,
      number,
      label,
      type,
      ...(jsonName === undefined ? {} : { jsonName }),
      marks: (this.#mark(end.line) ?? '')
        .split(';')
        .map((mark) => mark.trim())
        .filter((mark) => mark !== ''),
      ...(doc === undefined ? {} : { doc }),
    }
  }

  #typeOf(given: ProtoLabel | undefined): { readonly label: ProtoLabel; readonly type: string } {
    const word = this.#peek()
    if (word.text === 'map' && this.#peek(1).text === '<') {
      this.#take()
      this.#expect('<')
      if (this.#word().text !== 'string') throw problem(word, 'the keys of a map must be strings')
      this.#expect(',')
      const type = this.#typeName()
      this.#expect('>')
      return { label: 'map', type }
    }
    const isLabel = this.#peek(1).kind === 'word' || this.#peek(1).text === '.'
    if (word.text === 'required' && isLabel && this.#peek(2).kind === 'word') {
      throw problem(word, 'required is not of proto3: a field without a word in front is never absent')
    }
    const isPrefix = (word.text === 'optional' || word.text === 'repeated') && this.#peek(2).text !== '='
    if (!isPrefix || given !== undefined) return { label: given ?? 'implicit', type: this.#typeName() }
    this.#take()
    return { label: word.text === 'optional' ? 'optional' : 'repeated', type: this.#typeName() }
  }

  #typeName(): string {
    const isRooted = this.#takes('.')
    return (isRooted ? '.' : '') + this.#dotted()
  }

  #dotted(): string {
    let name = this.#word().text
    while (this.#takes('.')) name += `.${this.#word().text}`
    return name
  }

  #jsonName(): string {
    const option = this.#word()
    this.#expect('=')
    const { kind, text } = this.#take()
    if (option.text !== 'json_name' || kind !== 'string') throw problem(option, 'of the options only json_name is read')
    this.#expect(']')
    return text
  }

  #reserved(body: Body): void {
    this.#take()
    do {
      if (this.#peek().kind === 'string') body.reservedNames.add(this.#take().text)
      else {
        const from = this.#number()
        const to = this.#peek().text === 'to' ? this.#rangeEnd() : from
        body.reserved.push({ from, to })
      }
    } while (this.#takes(','))
    this.#expect(';')
  }

  #rangeEnd(): number {
    this.#take()
    if (this.#peek().text !== 'max') return this.#number()
    this.#take()
    return Number.MAX_SAFE_INTEGER
  }

  #number(): number {
    const token = this.#take()
    if (token.kind === 'number' && /^(0[xX][0-9A-Fa-f]+|[1-9]\d*)$/.test(token.text)) return Number(token.text)
    throw problem(token, `a number is expected, not ${token.text}`)
  }

  #skipOption(): void {
    for (let depth = 0; ;) {
      const token = this.#take()
      if (token.kind === 'end') throw problem(token, 'an option is not ended')
      if (token.text === '{' && token.kind === 'symbol') depth++
      else if (token.text === '}' && token.kind === 'symbol') depth--
      else if (token.text === ';' && token.kind === 'symbol' && depth === 0) return
    }
  }

  #originalName(line: number): string | undefined {
    const mark = this.#mark(line)
    if (mark === undefined) return undefined
    const name = /^name (".*")$/.exec(mark)?.[1]
    const original: unknown = name === undefined ? undefined : parsedOrUndefined(name)
    if (typeof original === 'string') return original
    throw undeclarable(`line ${line}`, `the mark ${JSON.stringify(mark)} is none of a message`)
  }

  #mark(line: number): string | undefined {
    const text = this.#comments.get(line)?.text.trim()
    return text?.startsWith(markPrefix) === true ? text.slice(markPrefix.length).trim() : undefined
  }

  #docBefore(line: number): string | undefined {
    const lines: string[] = []
    for (let at = line - 1; ; at--) {
      const comment = this.#comments.get(at)
      if (comment?.isAlone !== true) return lines.length === 0 ? undefined : lines.join('\n')
      lines.unshift(comment.text.replace(/^ /, ''))
    }
  }

  #peek(ahead = 0): ProtoToken {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)] ?? { kind: 'end', text: '', line: 0 }
  }

  #take(): ProtoToken {
    const token = this.#peek()
    this.#next++
    return token
  }

  #takes(symbol: string): boolean {
    const { kind, text } = this.#peek()
    if (kind !== 'symbol' || text !== symbol) return false
    this.#next++
    return true
  }

  #expect(symbol: string): ProtoToken {
    const token = this.#peek()
    if (this.#takes(symbol)) return token
    throw problem(token, `${symbol} is expected, not ${token.text}`)
  }

  #word(): ProtoToken {
    const token = this.#take()
    if (token.kind === 'word') return token
    throw problem(token, `a name is expected, not ${token.text}`)
  }
}

interface Body {
  readonly nested: ProtoMessage[]
  readonly fields: ProtoField[]
  readonly reserved: { readonly from: number; readonly to: number }[]
  readonly reservedNames: Set<string>
}

function checkFields({ fields, reserved, reservedNames }: Body, line: number): void {
  const numbers = new Set<number>()
  const names = new Set<string>()
  for (const { name, number } of fields) {
    const isReserved = reservedNames.has(name) || reserved.some(({ from, to }) => number >= from && number <= to)
    if (isReserved) throw undeclarable(`line ${line}`, `the number or name of ${name} is reserved`)
    if (!isFieldNumber(number)) throw undeclarable(`line ${line}`, `Protobuf does not allow the number of ${name}`)
    if (numbers.has(number) || names.has(name)) {
      throw undeclarable(`line ${line}`, `the number or name of ${name} is there twice`)
    }
    numbers.add(number)
    names.add(name)
  }
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function problem({ line }: ProtoToken, text: string): Error {
  return undeclarable(`line ${line}`, text)
}
