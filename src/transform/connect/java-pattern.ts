/** A Java regular expression as far as JavaScript has the same. */
export interface JavaPattern {
  /** True if the whole text is matched. */
  isMatch(text: string): boolean
  /** With the first match within the text replaced, which may be less than the whole. */
  replaceFirst(text: string, replacement: JavaReplacement): string
  readonly groups: number
  readonly names: ReadonlySet<string>
}

/** Parts of a replacement: literal text, or a group by number or name. */
export type JavaReplacement = readonly (string | { readonly group: number | string })[]

/** Undefined for what JavaScript does not read the same way; a leading `(?i)` is understood. */
export function javaPattern(text: string): JavaPattern | undefined {
  const isCaseFree = text.startsWith('(?i)')
  const source = translated(isCaseFree ? text.slice(4) : text)
  const flags = isCaseFree ? 'iu' : 'u'
  try {
    const part = new RegExp(source, flags)
    const whole = new RegExp(`^(?:${source})$`, flags)
    const probe = new RegExp(`(?:${source})|`, flags).exec('')
    return {
      isMatch: (candidate) => whole.test(candidate),
      replaceFirst: (candidate, replacement) => {
        const match = part.exec(candidate)
        if (match === null) return candidate
        const put = replacement.map((piece) => (typeof piece === 'string' ? piece : groupOf(match, piece.group)))
        return candidate.slice(0, match.index) + put.join('') + candidate.slice(match.index + match[0].length)
      },
      groups: (probe?.length ?? 1) - 1,
      names: new Set(Object.keys(probe?.groups ?? {})),
    }
  } catch {
    return undefined
  }
}

/**
 * Reads `$1`, `${name}` and `\x` as Java does: a number takes further digits as long as there is such a group. Undefined if
 * a group is not there.
 */
export function javaReplacement(text: string, { groups, names }: JavaPattern): JavaReplacement | undefined {
  const parts: (string | { readonly group: number | string })[] = []
  let at = 0
  while (at < text.length) {
    const char = text[at] ?? ''
    if (char === '\\') {
      if (at + 1 === text.length) return undefined
      parts.push(text[at + 1] ?? '')
      at += 2
    } else if (char === '$') {
      const reference = referenceAt(text.slice(at), groups)
      if (reference === undefined) return undefined
      if (typeof reference.group === 'string' && !names.has(reference.group)) return undefined
      parts.push({ group: reference.group })
      at += reference.length
    } else {
      parts.push(char)
      at++
    }
  }
  return parts
}

function referenceAt(
  text: string,
  groups: number,
): { readonly group: number | string; readonly length: number } | undefined {
  const name = /^\$\{([a-zA-Z][a-zA-Z0-9]*)\}/.exec(text)
  if (name !== null) return { group: name[1] ?? '', length: name[0].length }
  const digits = /^\$(\d+)/.exec(text)?.[1]
  if (digits === undefined) return undefined
  let length = 1
  if (Number(digits.slice(0, 1)) > groups) return undefined
  while (length < digits.length && Number(digits.slice(0, length + 1)) <= groups) length++
  return { group: Number(digits.slice(0, length)), length: length + 1 }
}

/** A group that took no part is empty. */
function groupOf(match: RegExpExecArray, group: number | string): string {
  return (typeof group === 'number' ? match[group] : match.groups?.[group]) ?? ''
}

/** Java takes a backslash in front of every sign (`\-`, `\_`), JavaScript in front of those that need it. */
function translated(text: string): string {
  return text.replaceAll(/\\(.)/gsu, (whole, sign: string) => {
    if (sign === '-') return String.raw`\x2d`
    return /[a-zA-Z0-9^$\\.*+?()[\]{}|/]/.test(sign) ? whole : sign
  })
}
