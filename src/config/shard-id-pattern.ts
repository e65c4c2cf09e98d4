/** A pattern that an id must match as a whole; undefined if it is no regular expression. */
export function parseShardIdPattern(text: string): RegExp | undefined {
  if (text.length > 1_000) return undefined
  try {
    // By itself first: `a)|(b` is none, although it would be one between the parentheses.
    const { source } = new RegExp(text, 'u')
    return new RegExp(`^(?:${source})$`, 'u')
  } catch {
    // The platform's message quotes the text.
    return undefined
  }
}
