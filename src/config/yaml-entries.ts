import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Pair, Scalar } from 'yaml'
import { TailraceError } from '../errors.ts'
import { shownName } from './config-entry.ts'
import type { ConfigEntry } from './config-entry.ts'
import { describeProblems } from './problem.ts'
import type { Problem } from './problem.ts'

/** Characters of a file. Pipelines need a hundredth of it; hostile texts could make the parser slow. */
const maximumLength = 262_144
const maximumDepth = 12

/** What a file says, and what is wrong with its shape. */
export interface YamlEntries {
  readonly entries: readonly ConfigEntry[]
  readonly problems: readonly Problem[]
}

/**
 * Flattens a YAML file into dotted names. Nested maps and dotted keys may be mixed; a name that is given twice, in
 * whatever form, is a problem. Throws CONFIG_UNREADABLE for what is not YAML. No message quotes the file.
 */
export function yamlEntries(text: string, path: string): YamlEntries {
  if (text.length > maximumLength) {
    throw new TailraceError('CONFIG_UNREADABLE', `${path} is longer than ${maximumLength} characters`)
  }
  const lines = new LineCounter()
  const lineOf = (offset: number | undefined): number => lines.linePos(offset ?? 0).line
  const document = parseYaml(text, path, lines)
  const syntax = [...document.errors, ...document.warnings].map((error) => ({
    where: `line ${lineOf(error.pos[0])}`,
    // The parser's own messages quote the text; its codes (BAD_INDENT, DUPLICATE_KEY) do not.
    text: `not valid YAML (${error.code.toLowerCase().replaceAll('_', ' ')})`,
  }))
  if (syntax.length > 0) {
    throw new TailraceError('CONFIG_UNREADABLE', describeProblems(path, syntax), { details: { file: path } })
  }
  const collected: Collected = { entries: new Map(), problems: [], lineOf }
  const root = document.contents
  if (isMap(root)) collectMap(root.items, { prefix: '', depth: 1 }, collected)
  else if (root !== null && !(isScalar(root) && root.value === null)) {
    collected.problems.push({ where: 'line 1', text: 'the file must hold properties, one `name: value` a line' })
  }
  return { entries: [...collected.entries.values()], problems: collected.problems }
}

function parseYaml(text: string, path: string, lineCounter: LineCounter): ReturnType<typeof parseDocument> {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, strict: true, logLevel: 'error' })
  } catch {
    // Deep nesting overflows the parser's stack. Its error says nothing that helps, and may quote the text.
    throw new TailraceError('CONFIG_UNREADABLE', `${path} is not YAML that tailrace can read`)
  }
}

interface Collected {
  readonly entries: Map<string, ConfigEntry>
  readonly problems: Problem[]
  readonly lineOf: (offset: number | undefined) => number
}

function collectMap(
  pairs: readonly Pair[],
  at: { readonly prefix: string; readonly depth: number },
  collected: Collected,
): void {
  for (const { key, value } of pairs) {
    if (!isScalar(key)) {
      collected.problems.push({
        text: `a key of ${at.prefix === '' ? 'the file' : shownName(at.prefix)} is not a name`,
      })
      continue
    }
    const where = `line ${collected.lineOf(key.range?.[0])}`
    const keyText = scalarText(key)
    if (keyText === undefined || keyText === '' || isAlias(value)) {
      const text = isAlias(value) ? 'anchors and aliases are not supported' : 'a key must be a name'
      collected.problems.push({ where, text })
      continue
    }
    const name = at.prefix === '' ? keyText : `${at.prefix}.${keyText}`
    if (isMap(value)) {
      if (at.depth >= maximumDepth) collected.problems.push({ where, text: 'the properties are nested too deep' })
      else collectMap(value.items, { prefix: name, depth: at.depth + 1 }, collected)
    } else {
      collectValue({ name, node: value, where }, collected)
    }
  }
}

function collectValue(
  found: { readonly name: string; readonly node: unknown; readonly where: string },
  { entries, problems }: Collected,
): void {
  const { name, node, where } = found
  const shown = shownName(name)
  const value = isSeq(node) ? listTexts(node.items) : isScalar(node) ? scalarText(node) : undefined
  // `source:` with nothing below it is an empty section; whether it is one is known to the declarations only.
  const isEmpty = node === null || (isScalar(node) && node.value === null)
  const earlier = entries.get(name)
  if (earlier !== undefined) problems.push({ where, text: `${shown} is given again (first at ${earlier.where})` })
  else if (isEmpty) entries.set(name, { name, value: '', where })
  else if (value === undefined)
    problems.push({ name, where, text: `${shown} must be a single value or a list of them` })
  else entries.set(name, { name, value, where })
}

function listTexts(items: readonly unknown[]): readonly string[] | undefined {
  const texts = items.map((item) => (isScalar(item) && item.value !== null ? scalarText(item) : undefined))
  return texts.every((text) => text !== undefined) ? texts : undefined
}

/** Strings as they are meant, anything else (numbers, booleans) as it is written. */
function scalarText(scalar: Scalar): string | undefined {
  return typeof scalar.value === 'string' ? scalar.value : scalar.source
}
