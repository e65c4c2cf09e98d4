/**
 * True if the whole text (the name of a table, of a variable) matches `pattern`, where `*` stands for any characters and `?` for one. The time is bounded by the
 * product of the two lengths: it goes back to the last `*` only, so no pattern is expensive.
 */
export function matchesNamePattern(pattern: string, text: string): boolean {
  let p = 0
  let t = 0
  let starAt = -1
  let resumeAt = 0
  while (t < text.length) {
    if (pattern[p] === '*') {
      starAt = p++
      resumeAt = t
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++
      t++
    } else if (starAt >= 0) {
      p = starAt + 1
      t = ++resumeAt
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** True if the text is a pattern rather than a name: it holds a wildcard. */
export function isNamePattern(text: string): boolean {
  return /[*?]/.test(text)
}
