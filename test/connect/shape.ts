/** What is recorded of an answer's body: members and types, and of the members below the words themselves. */
export type Shape = string | number | null | readonly Shape[] | { readonly [name: string]: Shape }

/** Members whose values tools decide by. */
const telling: ReadonlySet<string> = new Set([
  'error_code',
  'message',
  'state',
  'type',
  'name',
  'connector',
  'id',
  'task',
  'status',
  'level',
])

/** Members that hold a map: which names there are is the peer's own affair. */
const maps: ReadonlySet<string> = new Set(['config', 'partition', 'offset'])

/** The shape of a body; in texts that are kept, `rename` puts words of the conversation for the peer's own names. */
export function shapeOf(
  body: unknown,
  show: 'values' | 'definitions' | 'map',
  rename: (text: string) => string,
): Shape {
  if (show === 'map') return mapShape(body, rename)
  return valueShape(body, { keeps: show === 'values', rename, member: undefined })
}

interface Inside {
  readonly keeps: boolean
  readonly rename: (text: string) => string
  readonly member: string | undefined
}

function valueShape(value: unknown, inside: Inside): Shape {
  if (Array.isArray(value)) {
    if (!inside.keeps) return value.length === 0 ? [] : [value.map((each) => valueShape(each, inside)).reduce(merged)]
    return value.map((each) => valueShape(each, inside))
  }
  if (typeof value === 'object' && value !== null) {
    if (inside.member !== undefined && maps.has(inside.member)) return mapShape(value, inside.rename)
    const entries = Object.entries(value).map(
      ([name, each]) => [name, valueShape(each, { ...inside, member: name })] as const,
    )
    return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }
  const isKept = inside.keeps && (inside.member === undefined || telling.has(inside.member))
  if (isKept && typeof value === 'string') return inside.rename(value)
  if (isKept && typeof value === 'number') return value
  return `<${value === null ? 'null' : typeof value}>`
}

function mapShape(value: unknown, rename: (text: string) => string): Shape {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return valueShape(value, { keeps: true, rename, member: undefined })
  const shapes = Object.values(value).map((each) => valueShape(each, { keeps: false, rename, member: undefined }))
  return shapes.length === 0 ? {} : { '*': shapes.reduce(merged) }
}

/** What two elements of a list have together: types that differ stand side by side. */
function merged(a: Shape, b: Shape): Shape {
  if (Array.isArray(a) && Array.isArray(b)) {
    const all: readonly Shape[] = [...a, ...b]
    return all.length === 0 ? [] : [all.reduce(merged)]
  }
  if (isObject(a) && isObject(b)) {
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted()
    return Object.fromEntries(
      names.map((name) => {
        const [left, right] = [a[name], b[name]]
        if (left === undefined) return [name, right ?? null]
        return [name, right === undefined ? left : merged(left, right)]
      }),
    )
  }
  const types = new Set(
    [a, b].flatMap((shape) => (typeof shape === 'string' ? shape.split('|') : [JSON.stringify(shape)])),
  )
  return [...types].toSorted().join('|')
}

function isObject(shape: Shape): shape is { readonly [name: string]: Shape } {
  return typeof shape === 'object' && shape !== null && !Array.isArray(shape)
}
