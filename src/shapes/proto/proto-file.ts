import type { NameAdjustments } from '../name-adjustment.ts'
import type { Shape } from '../shape.ts'
import { protoLayout } from './proto-layout.ts'
import { markPrefix } from './proto-message.ts'
import type { ProtoField, ProtoFile, ProtoMessage } from './proto-message.ts'

/** The file of a shape; see `protoLayout` for what is in it, and what it throws. */
export function protoFile(shape: Shape, names: NameAdjustments): string {
  return printProto(protoLayout(shape, names))
}

/** The text of a file, ended by a line feed. */
export function printProto({ package: name, messages }: ProtoFile): string {
  const head = ['syntax = "proto3";', ...(name === '' ? [] : ['', `package ${name};`])]
  const lines = messages.flatMap((message) => ['', ...messageLines(message)])
  return `${[...head, ...lines].join('\n')}\n`
}

function messageLines({ name, original, nested, fields }: ProtoMessage): readonly string[] {
  const mark = original === undefined ? '' : ` // ${markPrefix} name ${JSON.stringify(original)}`
  const inner = [...nested.flatMap((message) => [...messageLines(message), '']), ...fieldLines(fields)]
  return [`message ${name} {${mark}`, ...indented(inner), '}']
}

function fieldLines(fields: readonly ProtoField[]): readonly string[] {
  const plain = fields.filter(({ label }) => label !== 'oneof').flatMap(oneField)
  const alternatives = fields.filter(({ label }) => label === 'oneof').flatMap(oneField)
  return alternatives.length === 0 ? plain : [...plain, 'oneof value {', ...indented(alternatives), '}']
}

function oneField({ name, number, label, type, jsonName, marks, doc }: ProtoField): readonly string[] {
  const docs = doc === undefined ? [] : doc.split(/\r\n|\r|\n/).map((line) => `// ${line}`.trimEnd())
  const json = jsonName === undefined ? '' : ` [json_name = ${protoText(jsonName)}]`
  const mark = marks.length === 0 ? '' : ` // ${markPrefix} ${marks.join('; ')}`
  const typed = label === 'map' ? `map<string, ${type}>` : type
  const before = label === 'optional' || label === 'repeated' ? `${label} ` : ''
  return [...docs, `${before}${typed} ${name} = ${number}${json};${mark}`]
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`))
}

/** A string literal. An escape by number stands for a byte, so what is beyond ASCII stands as it is. */
function protoText(text: string): string {
  const escaped = text.replace(/["\\\p{Cc}]/gu, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`
    return character > '\u007F' ? character : `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`
  })
  return `"${escaped}"`
}
