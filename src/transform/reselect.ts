import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import { itemKeyIdentity } from '../change/item-key.ts'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import { changeError } from './change-place.ts'
import type { ChangeTransform, RoutedChange, TransformOutcome } from './change-transform.ts'

/** What re-reading needs of a source: `sources/table-items/item-reader.ts` has it. */
export interface ReselectedItems {
  /** By `itemKeyIdentity`; keys without an item are left out. */
  read(table: Table, keys: readonly Item[], signal: AbortSignal): Promise<ReadonlyMap<string, Item>>
}

/**
 * Reads items anew where a stream has no new images, once a page. What is read may be newer than the change, and then
 * the changes in between show it, too: the last one is right, since it is read after it was made. A delete has no new image
 * and is left alone.
 */
export function createReselect(items: ReselectedItems): ChangeTransform {
  return {
    apply: async (changes, table, signal) => {
      const missing = changes.filter(({ event }) => isWithoutImage(event, table))
      if (missing.length === 0) return changes.map(asItIs)
      try {
        const keys = missing.map(({ event }) => event.keys)
        const found = await items.read(table, keys, signal)
        return changes.map((change) =>
          isWithoutImage(change.event, table) ? filled(change, table, found) : asItIs(change),
        )
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof TailraceError)) throw error
        // With the table its items are gone; its stream lives on for a day.
        if (error.code === 'TABLE_NOT_FOUND')
          return changes.map((change) =>
            isWithoutImage(change.event, table) ? filled(change, table, new Map()) : asItIs(change),
          )
        if (error.policy !== 'stop-table') throw error
        return changes.map((change) =>
          isWithoutImage(change.event, table) ? refused(change, table, error) : asItIs(change),
        )
      }
    },
  }
}

function isWithoutImage({ operation, newImage }: ChangeEvent, { viewType }: Table): boolean {
  const hasImages = viewType === 'NEW_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES'
  return !hasImages && operation !== 'REMOVE' && newImage === undefined
}

function filled(change: RoutedChange, { keySchema }: Table, found: ReadonlyMap<string, Item>): TransformOutcome {
  const identity = itemKeyIdentity(change.event.keys, keySchema)
  const item = identity === undefined ? undefined : found.get(identity)
  const event: ChangeEvent =
    item === undefined
      ? { ...change.event, reselected: 'missing' }
      : { ...change.event, newImage: item, reselected: 'found' }
  return { kind: 'passed', changes: [{ ...change, event }] }
}

function refused({ event }: RoutedChange, table: Table, cause: TailraceError): TransformOutcome {
  const error = changeError('RESELECT_REFUSED', `cannot be read anew: ${cause.message}`, { event, table, cause })
  return { kind: 'failed', error }
}

function asItIs(change: RoutedChange): TransformOutcome {
  return { kind: 'passed', changes: [change] }
}
