import { keyAttributesOf } from '../../change/key-attributes.ts'
import { claimsToBeChange, kinesisChangeOf } from '../../change/kinesis-change.ts'
import type { KinesisChange, KinesisRecord } from '../../change/kinesis-record.ts'
import type { KeyAttribute } from '../../change/table.ts'
import type { LatePolicy } from './read-kinesis-unit.ts'

/** Records of a page that go one way together, in their order, each with its place in the page. */
export interface PagePart {
  readonly way: PageWay
  readonly records: KinesisRecord[]
  readonly places: number[]
}

/** Changes of a table whose keys are these; `unreadable`: they say they are changes, and cannot be read. */
export type PageWay =
  | { readonly kind: 'table'; readonly name: string; readonly attributes: readonly KeyAttribute[] }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'unreadable' }

/** Which changes of a stream are wanted. */
export interface WantedChanges {
  readonly isWanted: (table: string) => boolean
  readonly late: LatePolicy
}

/**
 * Takes a page apart. All changes of an item are in one part, since an item's key is of one table and has its attributes.
 * `dropped` counts those that nobody wants.
 */
export function splitPage(
  records: readonly unknown[],
  wanted: WantedChanges,
): { readonly parts: readonly PagePart[]; readonly dropped: number } {
  const parts = new Map<string, PagePart>()
  let last: PagePart | undefined
  let dropped = 0
  for (const [place, wire] of records.entries()) {
    const record = wire as KinesisRecord
    const way = wayOf(record, wanted, last?.way)
    if (way === 'dropped') {
      dropped++
      continue
    }
    if (last === undefined || way !== last.way) {
      const name = JSON.stringify(way)
      last = parts.get(name) ?? { way, records: [], places: [] }
      parts.set(name, last)
    }
    last.records.push(record)
    last.places.push(place)
  }
  return { parts: [...parts.values()], dropped }
}

const foreign: PageWay = { kind: 'foreign' }
const unreadable: PageWay = { kind: 'unreadable' }

/** Most changes go the way of the one in front of them, which costs less to see than to find a way. */
function isAlsoOf(way: PageWay | undefined, { tableName, keys }: KinesisChange): boolean {
  if (way?.kind !== 'table' || way.name !== tableName) return false
  const { attributes } = way
  return Object.keys(keys).length === attributes.length && attributes.every(({ name, type }) => isOf(type, keys[name]))
}

function isOf(type: KeyAttribute['type'], value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const [only, ...more] = Object.keys(value)
  return only === type && more.length === 0
}

function wayOf(
  record: KinesisRecord,
  { isWanted, late }: WantedChanges,
  last: PageWay | undefined,
): PageWay | 'dropped' {
  const change = kinesisChangeOf(record)
  if (change === undefined) {
    if (!claimsToBeChange(record)) return foreign
    const name = record.change?.['tableName']
    // What is wrong with the changes of other people's tables is not our concern.
    return typeof name === 'string' && !isWanted(name) ? 'dropped' : unreadable
  }
  const { tableName: name, keys } = change
  if (!isWanted(name) || (record.isLate && late === 'drop')) return 'dropped'
  if (last !== undefined && isAlsoOf(last, change)) return last
  const attributes = keyAttributesOf(keys)
  return attributes === undefined ? unreadable : { kind: 'table', name, attributes }
}
