import { createHash } from 'node:crypto'
import type { Item } from '../../change/attribute-value.ts'
import { canonicalItem } from '../../change/canonical-item.ts'
import type { ChangeEvent } from '../../change/change-event.ts'
import { itemKeyIdentity } from '../../change/item-key.ts'
import type { Table } from '../../change/table.ts'
import { containmentOf } from '../../pipeline/snapshot/contained-changes.ts'
import type { RowImage, StageInput } from '../../pipeline/stages.ts'

/** Tells which changes of a page are contained in rows in front of it. Changes nothing: what it found is to be handed on. */
export interface ContainedChanges {
  /** To be asked once of each change, in order. */
  isContained(event: ChangeEvent): boolean
  /** Changes that were. */
  readonly count: number
  /** Items whose rows contain nothing that follows. */
  readonly caughtUp: readonly string[]
}

/** Undefined if nothing is to be left out. */
export function createContainedChanges({ table, rowInFront }: StageInput): ContainedChanges | undefined {
  if (rowInFront === undefined) return undefined
  const caughtUp = new Set<string>()
  let count = 0
  return {
    isContained: (event) => {
      const item = itemKeyIdentity(event.keys, table.table.keySchema)
      if (item === undefined || caughtUp.has(item)) return false
      const row = rowInFront(item)
      if (row === undefined) return false
      const { operation, oldImage, newImage, createdAtMs } = event
      const containment = containmentOf(row, {
        createdAtMs,
        before: () => (operation === 'INSERT' ? null : digestOf(oldImage)),
        after: () => (operation === 'REMOVE' ? null : digestOf(newImage)),
      })
      if (containment !== 'contained') caughtUp.add(item)
      if (containment === 'new') return false
      count++
      return true
    },
    get count() {
      return count
    },
    get caughtUp() {
      return [...caughtUp]
    },
  }
}

/**
 * What is remembered of a delivered row. By the item and not by the record's key: were one key to stand for several items,
 * the row of one would swallow changes of another. Undefined if it cannot be compared; then nothing is left out behind it.
 */
export function rowImageOf({ keys, newImage }: ChangeEvent, { keySchema }: Table): RowImage | undefined {
  const item = itemKeyIdentity(keys, keySchema)
  const image = digestOf(newImage)
  return item === undefined || image === undefined ? undefined : { item, image }
}

/**
 * SHA-256, because two images with one digest would mean a change that is left out for ever, and whoever writes items would
 * choose them. Of UTF-16: in UTF-8 all lone surrogates are alike.
 */
function digestOf(image: Item | undefined): string | undefined {
  const text = image === undefined ? undefined : canonicalItem(image)
  return text === undefined ? undefined : createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('base64')
}
