import type { Source } from '../source.ts'

/** One region of one account, as a part of a source over several. */
export interface SourcePart {
  readonly region: string
  /** Undefined if only AWS knows: that of the credentials as they are. */
  readonly account: string | undefined
  /** For messages: which entry of the configuration it is. */
  readonly title: string
  /** What is asked of it: names, patterns and ARNs. */
  readonly tables: readonly string[]
  readonly source: Source
}
