/**
 * What a dead letter is of, as its record key: the same record of the source has the same key, however often it is met.
 * The text is JSON that begins with a member no item's key begins with.
 */
export type LetterKey = ChangeLetterKey | RowLetterKey

/** A change, by its position. */
export interface ChangeLetterKey {
  readonly deadLetter: 'change'
  /** ARNs. */
  readonly table: string
  readonly stream: string
  readonly shard: string
  readonly seq: string
}

/** A row has no position: it is known by what it holds. */
export interface RowLetterKey {
  readonly deadLetter: 'items' | 'export-lines'
  /** ARN. */
  readonly table: string
  /** Of the letter's value, in hexadecimal digits. */
  readonly sha256: string
}

/** The key's bytes. */
export function encodeLetterKey(key: LetterKey): Buffer {
  return Buffer.from(JSON.stringify(key))
}

/** Undefined for bytes that are no dead letter's key. */
export function decodeLetterKey(bytes: Buffer): LetterKey | undefined {
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof parsed !== 'object' || parsed === null) return undefined
    const read = (name: string): string => {
      const value: unknown = Reflect.get(parsed, name)
      if (typeof value !== 'string') throw new SyntaxError(`no ${name}`)
      return value
    }
    const deadLetter = read('deadLetter')
    const table = read('table')
    if (deadLetter === 'change')
      return { deadLetter, table, stream: read('stream'), shard: read('shard'), seq: read('seq') }
    if (deadLetter !== 'items' && deadLetter !== 'export-lines') return undefined
    return { deadLetter, table, sha256: read('sha256') }
  } catch {
    // Somebody else's record.
    return undefined
  }
}
