import { TailraceError } from '../errors.ts'
import type { FetchedRecord } from '../kafka/kafka.ts'
import type { ConnectorEntry, RestartWish } from './service-state.ts'

/** Format of the values in a service's topics. Greater ones are refused by name (SERVICE_LOG_FORMAT), smaller ones are read. */
export const serviceFormat = 1

/** What one record of a service's log says. */
export type ServiceRecord =
  /** Whose log it is; written once, by the first transaction. */
  | { readonly kind: 'identity'; readonly group: string }
  /** In every transaction: who wrote it, and its number. */
  | { readonly kind: 'head'; readonly process: string; readonly revision: number }
  | { readonly kind: 'connector'; readonly entry: ConnectorEntry }

/** The key under which a record is stored; the newest record of a key replaces all older ones. */
export function serviceKey(record: ServiceRecord): string {
  return record.kind === 'connector' ? connectorKey(record.entry.name) : record.kind
}

/** The key of a connector, whose tombstone forgets it. */
export function connectorKey(name: string): string {
  return `${connectorPrefix}${name}`
}

/** The name of the connector that a key is of; undefined for the log's other keys, and for those of others. */
export function connectorOfKey(key: string): string | undefined {
  return key.startsWith(connectorPrefix) ? key.slice(connectorPrefix.length) : undefined
}

const connectorPrefix = 'connector/'

/** The stored bytes of a record: `{"v":<format>,"e":<body>}`. */
export function encodeServiceRecord(record: ServiceRecord): { readonly key: Buffer; readonly value: Buffer } {
  const { kind, ...body } = record
  const stored = { v: serviceFormat, e: kind === 'connector' ? record.entry : body }
  return { key: Buffer.from(serviceKey(record)), value: Buffer.from(JSON.stringify(stored)) }
}

/**
 * Reads a record that has a value. Throws SERVICE_LOG_FORMAT for a newer format, SERVICE_LOG_UNREADABLE for what no version writes; both name the
 * offset and the key, and nothing of the value.
 */
export function decodeServiceRecord(record: FetchedRecord, topic: string): ServiceRecord {
  const key = record.key?.toString() ?? ''
  const refuse: Refuse = (code, what) => {
    const where = `offset ${record.offset} of ${topic}, key ${JSON.stringify(key.slice(0, 200))}`
    return new TailraceError(code, `${where}: ${what}`, { details: { topic, offset: String(record.offset) } })
  }
  const read = readBody(key, storedBody(record.value, refuse))
  if (read === undefined) throw refuse('SERVICE_LOG_UNREADABLE', 'no version of tailrace writes this')
  return read
}

type Refuse = (code: 'SERVICE_LOG_UNREADABLE' | 'SERVICE_LOG_FORMAT', what: string) => TailraceError

/** What stands behind the format, which must be one that this version knows. */
function storedBody(value: Buffer | null, refuse: Refuse): unknown {
  let stored: unknown
  try {
    stored = JSON.parse(value?.toString() ?? '')
  } catch {
    // Without its cause: it would show a part of the value.
    throw refuse('SERVICE_LOG_UNREADABLE', 'its value is not JSON')
  }
  if (!isObject(stored) || typeof stored['v'] !== 'number' || !Number.isInteger(stored['v']) || stored['v'] < 1) {
    throw refuse('SERVICE_LOG_UNREADABLE', 'its value has no format')
  }
  if (stored['v'] > serviceFormat) {
    throw refuse('SERVICE_LOG_FORMAT', `its format is ${stored['v']}, this version knows ${serviceFormat}`)
  }
  return stored['e']
}

function readBody(key: string, body: unknown): ServiceRecord | undefined {
  if (!isObject(body)) return undefined
  if (key === 'identity') {
    const { group } = body
    return typeof group === 'string' ? { kind: 'identity', group } : undefined
  }
  if (key === 'head') {
    const { process, revision } = body
    if (typeof process !== 'string' || !Number.isSafeInteger(revision)) return undefined
    return { kind: 'head', process, revision: revision as number }
  }
  const entry = readEntry(body)
  return entry !== undefined && connectorKey(entry.name) === key ? { kind: 'connector', entry } : undefined
}

function readEntry({ name, config, configId, target, restart, earlierRestarts }: Fields): ConnectorEntry | undefined {
  if (typeof name !== 'string' || typeof configId !== 'string') return undefined
  if (target !== 'RUNNING' && target !== 'PAUSED' && target !== 'STOPPED') return undefined
  if (!isTexts(config)) return undefined
  if (restart === undefined) return { name, config, configId, target }
  const wish = readWish(restart)
  if (wish === undefined) return undefined
  const entry: ConnectorEntry = { name, config, configId, target, restart: wish }
  if (earlierRestarts === undefined) return entry
  const earlier = Array.isArray(earlierRestarts) ? earlierRestarts.map(readWish) : [undefined]
  const isWhole = earlier.every((one) => one !== undefined)
  return isWhole ? { ...entry, earlierRestarts: earlier } : undefined
}

function readWish(wish: unknown): RestartWish | undefined {
  if (!isObject(wish)) return undefined
  const { id, onlyFailed, process } = wish
  if (typeof id !== 'string' || typeof onlyFailed !== 'boolean') return undefined
  if (process === undefined) return { id, onlyFailed }
  return typeof process === 'string' ? { id, onlyFailed, process } : undefined
}

type Fields = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string')
}
