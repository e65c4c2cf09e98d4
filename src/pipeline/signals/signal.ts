import { parseFilterExpression } from '../../change/filter-expression.ts'
import type { FilterExpression } from '../../change/filter-expression.ts'
import type { SnapshotRun } from '../../lanes/ledger-entry.ts'

/** What somebody asks of a running pipeline, in Debezium's words. */
export type Signal =
  | {
      readonly type: 'execute-snapshot'
      readonly snapshot: SnapshotRun['kind']
      /** Names, patterns and ARNs of tables; at least one. */
      readonly collections: readonly string[]
      readonly filters: readonly CollectionFilter[]
    }
  | {
      readonly type: 'pause-snapshot' | 'resume-snapshot' | 'stop-snapshot'
      /** Undefined: every snapshot that is not over. */
      readonly collections: readonly string[] | undefined
    }
  | { readonly type: 'log'; readonly message: string }

/** Which items of the tables that it names are wanted. */
export interface CollectionFilter {
  readonly collection: string
  readonly filter: FilterExpression
}

/** A signal as it was read; or why it is none, for people: never with anything of its data, which may hold item values. */
export interface ReadSignal {
  /** What the sender calls it; undefined if it does not say, or nothing that can be used. */
  readonly id: string | undefined
  readonly outcome: Signal | { readonly problem: string }
}

/** The largest signal that is looked at. Bytes. */
export const maxSignalBytes: number = 65_536

const maxCollections = 1_000
const maxIdLength = 200

/** Reads the bytes of one signal, `{"id"?, "type", "data"?}`. Total: any bytes give a signal or a problem. */
export function readSignal(bytes: Uint8Array): ReadSignal {
  if (bytes.length > maxSignalBytes)
    return { id: undefined, outcome: { problem: `it is larger than ${maxSignalBytes.toLocaleString('en-US')} bytes` } }
  const value = jsonOf(bytes)
  if (!isObject(value)) return { id: undefined, outcome: { problem: 'it is not a JSON object' } }
  const { id } = value
  if (id !== undefined && id !== null && !isId(id)) {
    const problem = `id must be a text of 1 to ${maxIdLength} characters`
    return { id: undefined, outcome: { problem } }
  }
  return { id: isId(id) ? id : undefined, outcome: outcomeOf(value['type'], value['data']) }
}

function outcomeOf(type: unknown, given: unknown): Signal | { readonly problem: string } {
  // Debezium's table of signals holds the data as text.
  const data = typeof given === 'string' ? jsonOf(given) : (given ?? {})
  if (!isObject(data)) return { problem: 'data must be a JSON object' }
  switch (type) {
    case 'execute-snapshot':
      return executionOf(data)
    case 'pause-snapshot':
    case 'resume-snapshot':
    case 'stop-snapshot': {
      const collections = collectionsOf(data)
      if ('problem' in collections) return collections
      return { type, collections: collections.names.length === 0 ? undefined : collections.names }
    }
    case 'log': {
      const { message } = data
      if (typeof message !== 'string') return { problem: 'data.message must be a text' }
      return { type, message: message.slice(0, 1_000) }
    }
    default:
      return { problem: `type must be one of execute-snapshot, pause-snapshot, resume-snapshot, stop-snapshot, log` }
  }
}

function executionOf(data: JsonObject): Signal | { readonly problem: string } {
  const word = data['type'] ?? 'INCREMENTAL'
  const kind = typeof word === 'string' ? word.toUpperCase() : undefined
  if (kind !== 'INCREMENTAL' && kind !== 'BLOCKING') return { problem: 'data.type must be INCREMENTAL or BLOCKING' }
  const collections = collectionsOf(data)
  if ('problem' in collections) return collections
  if (collections.names.length === 0) return { problem: 'data.data-collections names no table' }
  const filters = filtersOf(data)
  if ('problem' in filters) return filters
  const snapshot = kind === 'BLOCKING' ? 'initial' : 'incremental'
  return { type: 'execute-snapshot', snapshot, collections: collections.names, filters: filters.filters }
}

function collectionsOf(data: JsonObject): { readonly names: readonly string[] } | { readonly problem: string } {
  const given = data['data-collections'] ?? []
  if (!Array.isArray(given) || given.length > maxCollections)
    return { problem: `data.data-collections must be a list of at most ${maxCollections} tables` }
  const names: string[] = []
  for (const name of given as readonly unknown[]) {
    if (!isCollection(name)) return { problem: 'data.data-collections holds something that is no name of a table' }
    names.push(name.trim())
  }
  return { names }
}

function filtersOf(data: JsonObject): { readonly filters: readonly CollectionFilter[] } | { readonly problem: string } {
  const old = data['additional-condition']
  const conditions: unknown = data['additional-conditions'] ?? []
  if (!Array.isArray(conditions) || conditions.length > maxCollections)
    return { problem: `data.additional-conditions must be a list of at most ${maxCollections} conditions` }
  if (old !== undefined && old !== null && typeof old !== 'string')
    return { problem: 'data.additional-condition must be a text' }
  const isOldGiven = typeof old === 'string' && old.trim() !== ''
  const given: readonly unknown[] = isOldGiven ? [{ 'data-collection': '*', filter: old }] : conditions
  const filters: CollectionFilter[] = []
  for (const [index, condition] of given.entries()) {
    const where = isOldGiven ? 'data.additional-condition' : `data.additional-conditions[${index}]`
    if (!isObject(condition)) return { problem: `${where} must be a JSON object` }
    const { 'data-collection': collection, filter: text } = condition
    if (!isCollection(collection)) return { problem: `${where} has no data-collection` }
    if (typeof text !== 'string') return { problem: `${where} has no filter` }
    const filter = parseFilterExpression(text)
    // What is wrong would be told with a character of the filter.
    if ('problem' in filter) return { problem: `the filter of ${where} is wrong at character ${filter.at + 1}` }
    filters.push({ collection: collection.trim(), filter })
  }
  return { filters }
}

function isCollection(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= 1_000
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxIdLength
}

type JsonObject = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Undefined for what is no JSON, and for bytes that are no UTF-8. */
function jsonOf(given: Uint8Array | string): unknown {
  try {
    const text = typeof given === 'string' ? given : new TextDecoder('utf-8', { fatal: true }).decode(given)
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
