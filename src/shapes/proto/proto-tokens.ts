import { undeclarable } from '../declared-json.ts'

/** A word, number, string (its text, unescaped) or symbol; `end` comes once, behind the last. */
export interface ProtoToken {
  readonly kind: 'word' | 'number' | 'string' | 'symbol' | 'end'
  readonly text: string
  /** From 1. */
  readonly line: number
}

/** What a file consists of, without blanks. */
export interface ProtoTokens {
  readonly tokens: readonly ProtoToken[]
  /** By line: what stands behind `//`, and whether nothing stands before it. */
  readonly comments: ReadonlyMap<number, { readonly text: string; readonly isAlone: boolean }>
}

const pattern =
  /(?<blank>[ \t\r\f\v\uFEFF]+)|(?<line>\n)|\/\/(?<comment>[^\n]*)|(?<block>\/\*[^]*?\*\/)|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<number>\d[A-Za-z0-9_]*)|"(?<double>(?:[^"\\\n]|\\[^\n])*)"|'(?<single>(?:[^'\\\n]|\\[^\n])*)'|(?<symbol>[{}[\]()<>=;,.:+-])/y

/** Throws SCHEMA_DECLARATION, with the line, where no token can begin. Block comments are passed over. */
export function protoTokens(text: string): ProtoTokens {
  const tokens: ProtoToken[] = []
  const comments = new Map<number, { readonly text: string; readonly isAlone: boolean }>()
  let line = 1
  pattern.lastIndex = 0
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex
    const groups = pattern.exec(text)?.groups
    if (groups === undefined)
      throw undeclarable(`line ${line}`, `${JSON.stringify(text.slice(at, at + 1))} is not expected`)
    const { comment, word, number, symbol } = groups
    const string = groups['double'] ?? groups['single']
    if (groups['line'] !== undefined) line++
    else if (groups['block'] !== undefined) line += groups['block'].split('\n').length - 1
    else if (comment !== undefined)
      comments.set(line, { text: comment.trimEnd(), isAlone: tokens.at(-1)?.line !== line })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, line })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, line })
    else if (string !== undefined) tokens.push({ kind: 'string', text: unescaped(string, line), line })
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol, line })
  }
  tokens.push({ kind: 'end', text: 'the end', line })
  return { tokens, comments }
}

const letters: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['?', '?'],
])

/** Octal and hexadecimal escapes stand for bytes; only those of ASCII are read. */
function unescaped(text: string, line: number): string {
  return text.replace(/\\(?:([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|(.))/gs, (escape, octal, hex, letter) => {
    const code = octal === undefined ? Number.parseInt(String(hex), 16) : Number.parseInt(String(octal), 8)
    const character = letter === undefined && code < 128 ? String.fromCharCode(code) : letters.get(String(letter))
    if (character === undefined)
      throw undeclarable(`line ${line}`, `the escape ${escape} is not read; write the character`)
    return character
  })
}
