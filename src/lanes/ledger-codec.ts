import { crc32 } from 'node:zlib'
import { TailraceError } from '../errors.ts'
import type { LedgerEntry } from './ledger-entry.ts'

/**
 * Format of the ledger's values. A worker refuses entries of a greater format by name (LEDGER_FORMAT); it reads all
 * smaller ones.
 */
export const ledgerFormat = 1

/** What one record of the ledger says: an entry, or that its key is forgotten. */
export type LedgerRecord =
  | { readonly kind: 'entry'; readonly entry: LedgerEntry }
  | { readonly kind: 'forget'; readonly key: string }

/**
 * The key under which an entry is stored; two entries with one key replace each other in compaction. ARNs hold
 * slashes, so keys are never taken apart: the value holds every part.
 */
export function ledgerKey(entry: LedgerEntry): string {
  switch (entry.kind) {
    case 'identity':
      return 'identity'
    case 'way':
      return 'way'
    case 'skipped':
      return 'skipped'
    case 'table':
      return `table/${entry.table.arn}`
    case 'begin':
      return `begin/${entry.streamArn}/${entry.shardId}/${entry.generation}/${entry.parent ?? '-'}`
    case 'at':
      return `at/${entry.streamArn}/${entry.shardId}`
    case 'stop':
      return `stop/${entry.streamArn}/${entry.shardId}`
    case 'answer':
      return `answer/${entry.tableArn}/${entry.run}/${entry.lane}`
    case 'scan':
      return `scan/${entry.tableArn}/${entry.run}/${entry.segment}`
    case 'request':
      return `request/${entry.id}`
    case 'baseline':
      return `baseline/${entry.tableArn}/${entry.run}`
    case 'signal':
      return `signal/${entry.source}/${entry.partition}`
    case 'topic':
      return `topic/${entry.tableArn}/${entry.writer}/${entry.topic}`
    case 'report':
      return `report/${entry.tableArn}/${entry.run}`
  }
}

/** The stored bytes of an entry: `{"v":<format>,"crc":<crc32 of format, key and body>,"e":<body>}`. */
export function encodeEntry(entry: LedgerEntry): { readonly key: Buffer; readonly value: Buffer } {
  const key = ledgerKey(entry)
  const body = JSON.stringify(entry)
  return {
    key: Buffer.from(key),
    value: Buffer.from(`{"v":${ledgerFormat},"crc":${checksum(ledgerFormat, key, body)},"e":${body}}`),
  }
}

/**
 * Reads one record of the ledger. Throws LEDGER_FORMAT for a newer format, LEDGER_CORRUPT for a checksum that does not
 * fit and for anything that this version cannot have written.
 */
export function decodeEntry(key: Buffer | null, value: Buffer | null): LedgerRecord {
  if (key === null) throw corrupt('a record without a key')
  const keyText = key.toString()
  if (value === null) return { kind: 'forget', key: keyText }
  const stored = parseStored(keyText, value)
  const entry = stored.e as LedgerEntry
  if (checksum(stored.v, keyText, JSON.stringify(entry)) !== stored.crc) throw corrupt(`checksum of ${keyText}`)
  if (ledgerKey(entry) !== keyText) throw corrupt(`the value under ${keyText} is not its own`)
  return { kind: 'entry', entry }
}

interface Stored {
  readonly v: number
  readonly e: unknown
  readonly crc: unknown
}

function parseStored(key: string, value: Buffer): Stored {
  let stored: unknown
  try {
    stored = JSON.parse(value.toString())
  } catch (cause) {
    throw corrupt(`value of ${key} is not JSON`, cause)
  }
  if (typeof stored !== 'object' || stored === null || !('v' in stored)) throw corrupt(`value of ${key} has no format`)
  const format = stored.v
  if (typeof format !== 'number' || !Number.isInteger(format) || format < 1) {
    throw corrupt(`value of ${key} has a format that no version has`)
  }
  if (format > ledgerFormat) {
    throw new TailraceError('LEDGER_FORMAT', `the ledger holds format ${format}; this version knows ${ledgerFormat}`, {
      details: { key },
    })
  }
  if (!('e' in stored) || !('crc' in stored) || typeof stored.e !== 'object' || stored.e === null) {
    throw corrupt(`value of ${key} is incomplete`)
  }
  return { v: format, e: stored.e, crc: stored.crc }
}

function checksum(format: number, key: string, body: string): number {
  return crc32(body, crc32(key, format))
}

function corrupt(what: string, cause?: unknown): TailraceError {
  return new TailraceError('LEDGER_CORRUPT', `the ledger cannot be read: ${what}`, { cause })
}
