import { decodeLetterKey } from './letter-key.ts'
import type { LetterKey } from './letter-key.ts'
import { chunkHeaders, letterHeaders } from './letter-headers.ts'

/** A record of the dead-letter topic, read back. */
export interface LetterRecord {
  readonly offset: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [string, Buffer | null])[]
}

/** One dead letter as the topic shows it. */
export interface StoredLetter {
  readonly partition: number
  /** Of its first record, and of its last one where it was cut into several. */
  readonly offset: bigint
  readonly lastOffset: bigint
  readonly key: LetterKey
  readonly keyBytes: Buffer
  /** The table's name. */
  readonly table: string
  readonly code: string
  readonly stage: string
  readonly snapshot: 'initial' | 'incremental' | undefined
  readonly attempt: number
  /** Milliseconds; NaN where the header is not as we write it. */
  readonly createdAtMs: number
  readonly atMs: number
  /** How many letters of the same record there are; this is the newest. */
  readonly copies: number
  /** When the first of them was written. Milliseconds. */
  readonly firstAtMs: number
  /** What became of it in the end; undefined while it is open. */
  readonly replayed: string | undefined
}

/** What the letters of one partition are, from its records in offset order. */
export interface LetterFold {
  add(record: LetterRecord): void
  /** In the order in which they were first written. */
  readonly letters: Iterable<StoredLetter>
}

/**
 * Folds the records of one partition. Of several letters of one record of the source the newest counts, and a marker settles
 * those in front of it. Records that are not of this pipeline are passed over.
 */
export function createLetterFold(pipeline: string, partition: number): LetterFold {
  const letters = new Map<string, StoredLetter>()
  return {
    add: (record) => {
      const { key: keyBytes, value, headers, offset } = record
      if (keyBytes === null || headerOf(headers, letterHeaders.pipeline) !== pipeline) return
      const name = keyBytes.toString('latin1')
      const known = letters.get(name)
      if (value === null) {
        const replayed = headerOf(headers, letterHeaders.replayed)
        if (known !== undefined && replayed !== undefined) letters.set(name, { ...known, replayed })
        return
      }
      const index = Number(headerOf(headers, chunkHeaders.index) ?? 0)
      if (index > 0) {
        if (known !== undefined) letters.set(name, { ...known, lastOffset: offset })
        return
      }
      const letter = letterOf(record, keyBytes, partition)
      if (letter === undefined) return
      const before = known === undefined || known.replayed !== undefined ? undefined : known
      const copies = (before?.copies ?? 0) + 1
      letters.set(name, { ...letter, copies, firstAtMs: before?.firstAtMs ?? letter.atMs })
    },
    get letters() {
      return letters.values()
    },
  }
}

function letterOf({ offset, headers }: LetterRecord, keyView: Buffer, partition: number): StoredLetter | undefined {
  const key = decodeLetterKey(keyView)
  if (key === undefined) return undefined
  const text = (name: string): string => headerOf(headers, name) ?? ''
  const snapshot = text(letterHeaders.snapshot)
  const atMs = Date.parse(text(letterHeaders.at))
  return {
    partition,
    offset,
    lastOffset: offset,
    key,
    // A copy: a view would keep the whole answer that the record came in.
    keyBytes: Buffer.from(keyView),
    table: text(letterHeaders.table),
    code: text(letterHeaders.code),
    stage: text(letterHeaders.stage),
    snapshot: snapshot === 'initial' || snapshot === 'incremental' ? snapshot : undefined,
    attempt: Number(text(letterHeaders.attempt)),
    createdAtMs: Date.parse(text(letterHeaders.created)),
    atMs,
    copies: 1,
    firstAtMs: atMs,
    replayed: undefined,
  }
}

/** A header as text; undefined if there is none. */
export function headerOf(headers: LetterRecord['headers'], wanted: string): string | undefined {
  return headers.find(([name]) => name === wanted)?.[1]?.toString()
}
