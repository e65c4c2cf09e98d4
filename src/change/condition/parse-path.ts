/** A step of a path with wildcards: a member's name, a place in a list, every member (`*`), every element (`[*]`). */
export type PathStep = string | number | { readonly every: 'member' | 'element' }

/** A path as far as it reached, and the character behind it. */
export interface PathRead {
  readonly steps: readonly PathStep[]
  readonly end: number
}

const name = /(?:"((?:[^"]|"")+)"|([A-Za-z_][\w-]*)|(\*))/y
const bracket = /\[(?:(\d{1,6})|(\*))\]/y

/** Reads `a.b[0]`, `"with spaces".*`, `list[*].x` from `at`; undefined if no name stands there. */
export function readPath(text: string, at: number): PathRead | undefined {
  const first = nameAt(text, at)
  if (first === undefined) return undefined
  const steps: PathStep[] = [first.step]
  let { end } = first
  for (;;) {
    bracket.lastIndex = end
    const [found, index] = bracket.exec(text) ?? []
    const next = found === undefined && text[end] === '.' ? nameAt(text, end + 1) : undefined
    if (found !== undefined) {
      steps.push(index === undefined ? { every: 'element' } : Number(index))
      end += found.length
    } else if (next !== undefined) {
      steps.push(next.step)
      end = next.end
    } else return { steps, end }
  }
}

function nameAt(text: string, at: number): { readonly step: PathStep; readonly end: number } | undefined {
  name.lastIndex = at
  const [found, quoted, word] = name.exec(text) ?? []
  if (found === undefined) return undefined
  const step: PathStep = quoted?.replaceAll('""', '"') ?? word ?? { every: 'member' }
  return { step, end: at + found.length }
}
