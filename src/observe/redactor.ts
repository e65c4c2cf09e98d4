/** Hides known secrets in texts. One per process: whoever resolves a secret adds it, whoever prints asks. */
export interface Redactor {
  /** From now on `secret` is hidden, also in its JSON, URL and Base64 spellings. */
  add(secret: string): void
  /** The text with every known secret replaced by `[hidden]`. */
  redact(text: string): string
}

/** Kafka's own word for a value that is not shown. */
export const hidden = '[hidden]'

/** Shorter ones would blank out half of every line, and protect nothing. */
const minimumLength = 4

/** Makes a redactor that knows no secret yet. */
export function createRedactor(): Redactor {
  const spellings = new Set<string>()
  let longestFirst: readonly string[] = []
  return {
    add: (secret) => {
      for (const spelling of spellingsOf(secret)) {
        if (spelling.length >= minimumLength) spellings.add(spelling)
      }
      longestFirst = [...spellings].sort((a, b) => b.length - a.length)
    },
    redact: (text) => {
      let result = text
      for (const spelling of longestFirst) {
        if (result.includes(spelling)) result = result.replaceAll(spelling, hidden)
      }
      return result
    },
  }
}

/** Multi-line secrets (private keys) are hidden line by line too: errors and stacks often show only one. */
function spellingsOf(secret: string): readonly string[] {
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('-----'))
  const base64 = Buffer.from(secret, 'utf8').toString('base64').replace(/=+$/, '')
  return [
    secret,
    secret.trim(),
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    base64,
    ...(lines.length > 1 ? lines : []),
  ]
}
