import { createHash } from 'node:crypto'

/** Everything that happens in a run, in order: a digest of it always, the lines themselves only if they are wanted. */
export interface Trace {
  note(line: string): void
  readonly lines: readonly string[]
  /** Of all lines so far. */
  digest(): string
}

/** An empty trace. `keep` = how many of the last lines to keep. */
export function createTrace(nowMs: () => number, keep: number): Trace {
  const hash = createHash('sha256')
  const lines: string[] = []
  return {
    lines,
    note: (text) => {
      const line = `${nowMs().toFixed(3)} ${text}\n`
      hash.update(line)
      if (keep === 0) return
      lines.push(line.trimEnd())
      if (lines.length > keep * 2) lines.splice(0, lines.length - keep)
    },
    digest: () => hash.copy().digest('hex'),
  }
}
