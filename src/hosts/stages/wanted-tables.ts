import { matchesNamePattern } from '../../change/name-pattern.ts'

/** Tells by its name whether the changes of a table are wanted. `tables` are names, ARNs of tables, and patterns of names. */
export function wantedTables(tables: readonly string[]): (name: string) => boolean {
  const patterns = tables.map((text) => /^arn:[^:]+:dynamodb:[^:]*:[^:]*:table\/([^/]+)$/.exec(text)?.[1] ?? text)
  const known = new Map<string, boolean>()
  return (name) => {
    const found = known.get(name)
    if (found !== undefined) return found
    const isWanted = patterns.some((pattern) => matchesNamePattern(pattern, name))
    // Whoever writes into the stream makes up names.
    if (known.size < mostNames) known.set(name, isWanted)
    return isWanted
  }
}

const mostNames = 10_000
