import { describe, expect, it } from 'vitest'
import { decodeEntry, encodeEntry, ledgerFormat } from './ledger-codec.ts'
import { createLaneFold } from './lane-state.ts'
import type { BeginEntry } from './ledger-entry.ts'

const begin: BeginEntry = {
  kind: 'begin',
  tableArn: 'arn:aws:dynamodb:eu-west-1:000000000000:table/orders',
  streamArn: 'arn:aws:dynamodb:eu-west-1:000000000000:table/orders/stream/2026-01-01T00:00:00.000',
  shardId: 'shardId-00000001',
  generation: 3,
  parent: 'shardId-00000000',
  parents: ['shardId-00000000'],
  after: '000000000000000000021',
  notBeforeMs: undefined,
  sinceMs: undefined,
}

describe('ledger codec', () => {
  it('gives back what was stored', () => {
    const { key, value } = encodeEntry(begin)
    expect(decodeEntry(key, value)).toEqual({ kind: 'entry', entry: begin })
  })

  it('reads entries of older versions, which do not say since when changes are awaited', () => {
    // As version 0.1.0 wrote it.
    const stored = encodeEntry({ ...begin, after: undefined })
    expect(stored.value.toString()).not.toContain('begunAtMs')
    const fold = createLaneFold()
    fold.apply(decodeEntry(stored.key, stored.value))
    expect([...fold.state.shards.values()]).toMatchObject([{ shardId: begin.shardId, begunAtMs: undefined }])
    const { key, value } = encodeEntry({ ...begin, begunAtMs: 1_800_000_000_000 })
    expect(decodeEntry(key, value)).toEqual({ kind: 'entry', entry: { ...begin, begunAtMs: 1_800_000_000_000 } })
  })

  it('reads a tombstone as forgetting the key', () => {
    const { key } = encodeEntry(begin)
    expect(decodeEntry(key, null)).toEqual({ kind: 'forget', key: key.toString() })
  })

  it('refuses every flipped bit of a value, by name', () => {
    const { key, value } = encodeEntry(begin)
    for (let bit = 0; bit < value.length * 8; bit++) {
      const flipped = Buffer.from(value)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(() => decodeEntry(key, flipped), `bit ${bit}`).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^LEDGER_(CORRUPT|FORMAT)$/) }),
      )
    }
  })

  it('refuses a value that stands under a foreign key', () => {
    const other = encodeEntry({ ...begin, shardId: 'shardId-00000002' })
    expect(() => decodeEntry(other.key, encodeEntry(begin).value)).toThrow(
      expect.objectContaining({ code: 'LEDGER_CORRUPT' }),
    )
  })

  it.each(['-1', '0', '0.5', '"1"', 'null'])('refuses a format that no version has: %s', (format) => {
    const { key, value } = encodeEntry(begin)
    const damaged = Buffer.from(value.toString().replace(`"v":${ledgerFormat}`, `"v":${format}`))
    expect(() => decodeEntry(key, damaged)).toThrow(expect.objectContaining({ code: 'LEDGER_CORRUPT' }))
  })

  it('refuses a newer format and says which it knows', () => {
    const { key, value } = encodeEntry(begin)
    const newer = Buffer.from(value.toString().replace(`"v":${ledgerFormat}`, `"v":${ledgerFormat + 1}`))
    expect(() => decodeEntry(key, newer)).toThrow(expect.objectContaining({ code: 'LEDGER_FORMAT' }))
  })
})
