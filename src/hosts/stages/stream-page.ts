import { keyAttributesOf } from '../../change/key-attributes.ts'
import { claimsToBeChange, kinesisChangeOf } from '../../change/kinesis-change.ts'
import type { KinesisRecord } from '../../change/kinesis-record.ts'
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
    const way = wayOf(record, wanted)
    if (way === 'dropped') {
      dropped++
      continue
    }
    if (last === undefined || !isSameWay(last.way, way)) {
      const name = JSON.stringify(way)
      last = parts.get(name) ?? { way, records: [], places: [] }
      parts.set(name, last)
    }
    last.records.push(record)
    last.places.push(place)
  }
  return { parts: [...parts.values()], dropped }
}

/** Most records go the way of the one in front of them. */
function isSameWay(a: PageWay, b: PageWay): boolean {
  if (a.kind !== 'table' || b.kind !== 'table') return a.kind === b.kind
  if (a.name !== b.name || a.attributes.length !== b.attributes.length) return false
  return a.attributes.every(({ name, type }, at) => name === b.attributes[at]?.name && type === b.attributes[at].type)
}

function wayOf(record: KinesisRecord, { isWanted, late }: WantedChanges): PageWay | 'dropped' {
  const change = kinesisChangeOf(record)
  if (change === undefined) {
    if (!claimsToBeChange(record)) return { kind: 'foreign' }
    const name = record.change?.['tableName']
    // What is wrong with the changes of other people's tables is not our concern.
    return typeof name === 'string' && !isWanted(name) ? 'dropped' : { kind: 'unreadable' }
  }
  const { tableName: name, keys } = change
  if (!isWanted(name) || (record.isLate && late === 'drop')) return 'dropped'
  const attributes = keyAttributesOf(keys)
  return attributes === undefined ? { kind: 'unreadable' } : { kind: 'table', name, attributes }
}
