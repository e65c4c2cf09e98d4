/** An expression of HCL, to stand there as it is. */
export interface HclText {
  readonly expression: string
}

/** Marks a text as an expression. */
export function hclText(expression: string): HclText {
  return { expression }
}

/** A block with its attributes, then its inner blocks, in the form that `terraform fmt` leaves alone. */
export function hclBlock(
  head: string,
  attributes: Readonly<Record<string, unknown>>,
  inner: readonly string[] = [],
): string {
  const lines = attributeLines(Object.entries(attributes))
  const blocks = inner.map((block) => indent(block.trimEnd()))
  const parts = [...(lines === '' ? [] : [indent(lines)]), ...blocks]
  return parts.length === 0 ? `${head} {}\n` : `${head} {\n${parts.join('\n\n')}\n}\n`
}

/** A value as HCL writes it. */
export function hclValue(value: unknown): string {
  if (isText(value)) return value.expression
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) {
    const items = value.map(hclValue)
    const inLine = `[${items.join(', ')}]`
    return inLine.length <= 80 ? inLine : `[\n${indent(`${items.join(',\n')},`)}\n]`
  }
  if (typeof value === 'object' && value !== null) {
    return `{\n${indent(attributeLines(Object.entries(value)))}\n}`
  }
  return String(value)
}

/** `StreamArn` → `stream_arn`. */
export function snakeCase(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
}

function isText(value: unknown): value is HclText {
  return typeof value === 'object' && value !== null && 'expression' in value
}

/** `${` and `%{` would begin a template. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[$%](?=\{)/g, (sign) => sign + sign)
}

/** Equal signs stand below each other in lines that follow each other; a value of several lines stands for itself. */
function attributeLines(attributes: readonly (readonly [string, unknown])[]): string {
  const lines = attributes.map(([name, value]) => ({ name, text: hclValue(value) }))
  const isAlone = (at: number): boolean => lines[at]?.text.includes('\n') !== false
  const widthOf = (at: number): number => {
    let first = at
    let last = at
    while (!isAlone(at) && !isAlone(first - 1)) first--
    while (!isAlone(at) && !isAlone(last + 1)) last++
    return Math.max(...lines.slice(first, last + 1).map(({ name }) => name.length))
  }
  return lines.map(({ name, text }, at) => `${name.padEnd(widthOf(at))} = ${text}`).join('\n')
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`))
    .join('\n')
}
