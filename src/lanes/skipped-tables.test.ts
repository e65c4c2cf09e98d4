import { describe, expect, it } from 'vitest'
import type { SkippedTable } from '../change/skipped-table.ts'
import { createLaneFold } from './lane-state.ts'
import { decodeEntry, encodeEntry } from './ledger-codec.ts'
import type { SkippedEntry } from './ledger-entry.ts'
import { skippedEntry } from './skipped-tables.ts'

const off = (name: string): SkippedTable => ({ name, arn: `arn/${name}`, code: 'STREAM_DISABLED', message: 'off' })
const made = (known: SkippedEntry | undefined, ...skipped: readonly SkippedTable[]): SkippedEntry => {
  const entry = skippedEntry(known, skipped, 7)
  if (entry === undefined) throw new Error('nothing is to be written')
  return entry
}

describe('what is written of skipped tables', () => {
  it('is nothing where nothing was skipped, or where the ledger says so already', () => {
    expect(skippedEntry(undefined, [], 7)).toBeUndefined()
    const first = made(undefined, off('b'), off('a'))
    expect(first).toEqual({ kind: 'skipped', version: 1, tables: [off('a'), off('b')], more: 0, atMs: 7 })
    expect(skippedEntry(first, [off('a'), off('b')], 8)).toBeUndefined()
    // As it comes back from Kafka.
    const stored = encodeEntry(first)
    const read = decodeEntry(stored.key, stored.value)
    expect(read).toEqual({ kind: 'entry', entry: first })
  })

  it('says it when it changes, and when nothing is skipped any more', () => {
    const first = made(undefined, off('a'))
    const other = made(first, { ...off('a'), code: 'STREAM_VIEW_TYPE' })
    expect(other).toMatchObject({ version: 2, tables: [{ code: 'STREAM_VIEW_TYPE' }] })
    const none = made(other)
    expect(none).toMatchObject({ version: 3, tables: [], more: 0 })
    expect(skippedEntry(none, [], 9)).toBeUndefined()
  })

  it('stays small, and counts what it leaves out', () => {
    const many = Array.from({ length: 237 }, (_, i) => ({ ...off(`t${1000 + i}`), message: 'x'.repeat(5_000) }))
    const entry = made(undefined, ...many, ...many)
    expect(entry.tables).toHaveLength(200)
    expect(entry.more).toBe(37)
    expect(encodeEntry(entry).value.length).toBeLessThan(200_000)
    expect(made(entry, ...many.slice(1))).toMatchObject({ version: 2, more: 36 })
  })

  it('is the newest that anybody has said, in whatever order it is read', () => {
    const [older, newer] = [made(undefined, off('a')), made(made(undefined, off('a')))]
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      const fold = createLaneFold()
      for (const entry of order) fold.apply({ kind: 'entry', entry })
      expect(fold.state.skipped).toEqual(newer)
    }
  })
})
