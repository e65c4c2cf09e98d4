import type { Item } from '../../src/change/attribute-value.ts'
import { createItemSource } from '../oracle/seeded-items.ts'
import { roundTrips } from './round-trips.ts'
import type { RoundTrip } from './round-trips.ts'

/** What became of the items of one form. */
export interface RoundTripCounts {
  readonly name: string
  /** Every attribute came back with its type and all its digits. */
  readonly equal: number
  /** Something else came back, and nothing said so. */
  readonly changed: number
  readonly threw: number
  /** The first item, as its block and its place there, that changed or threw, and what was thrown. */
  readonly first: string | undefined
}

/** So many items are made of one seed, which is the block's number. */
export const itemsPerBlock = 1_000

/** Runs the items of some blocks through every form. A block is made anew for each form, so nothing grows. */
export function countRoundTrips(blocks: readonly number[]): readonly RoundTripCounts[] {
  return roundTrips().map((trip) => countOne(trip, blocks))
}

/** The counts of two sets of items, form by form. */
export function addCounts(
  left: readonly RoundTripCounts[],
  right: readonly RoundTripCounts[],
): readonly RoundTripCounts[] {
  return left.map((one, index) => {
    const other = right[index]
    if (other?.name !== one.name) throw new Error('counts of different forms')
    return {
      name: one.name,
      equal: one.equal + other.equal,
      changed: one.changed + other.changed,
      threw: one.threw + other.threw,
      first: one.first ?? other.first,
    }
  })
}

function countOne(trip: RoundTrip, blocks: readonly number[]): RoundTripCounts {
  const counts = { equal: 0, changed: 0, threw: 0 }
  let first: string | undefined
  for (const block of blocks) {
    const source = createItemSource(block)
    for (let place = 0; place < itemsPerBlock; place++) {
      const { outcome, thrown } = tryOne(trip, source.item())
      counts[outcome]++
      if (outcome !== 'equal') first ??= `item ${block}/${place} ${thrown}`
    }
  }
  return { name: trip.name, ...counts, first }
}

function tryOne(
  trip: RoundTrip,
  item: Item,
): { readonly outcome: 'equal' | 'changed' | 'threw'; readonly thrown: string } {
  try {
    return { outcome: trip.isEqual(item) ? 'equal' : 'changed', thrown: '' }
  } catch (error) {
    return { outcome: 'threw', thrown: String(error) }
  }
}
