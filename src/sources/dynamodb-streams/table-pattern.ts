/** True if `text` is a pattern rather than a name or an ARN. `*` stands for any characters, `?` for exactly one. */
export function isTablePattern(text: string): boolean {
  return text.includes('*') || text.includes('?')
}

/** True if the whole name matches the pattern. Takes time in proportion to name × pattern at worst, whatever they are. */
export function matchesTablePattern(pattern: string, name: string): boolean {
  let patternAt = 0
  let nameAt = 0
  /** Where the last `*` was, and how much of the name it stands for so far: the only place to go back to. */
  let starAt = -1
  let starNameAt = 0
  while (nameAt < name.length) {
    if (pattern[patternAt] === '*') {
      starAt = patternAt++
      starNameAt = nameAt
    } else if (pattern[patternAt] === '?' || pattern[patternAt] === name[nameAt]) {
      patternAt++
      nameAt++
    } else if (starAt >= 0) {
      patternAt = starAt + 1
      nameAt = ++starNameAt
    } else {
      return false
    }
  }
  while (pattern[patternAt] === '*') patternAt++
  return patternAt === pattern.length
}
