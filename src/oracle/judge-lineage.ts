import type { Matches } from './match-records.ts'
import type { Delivery } from './oracle.ts'
import { textOfRecord } from './places.ts'
import type { Tally } from './tally.ts'

/** The records of one shard in one partition: the first one, and the last one that is no repetition. */
interface Stretch {
  readonly first: number
  last: number
}

/**
 * `child-before-parent`, once for each shard and partition: the first records of a shard's changes must stand behind
 * those of the nearest ancestor that has any in that partition.
 */
export function judgeLineage(delivery: Delivery, matches: Matches, tally: Tally): void {
  const { parents } = delivery
  if (parents === undefined) return
  const shards = stretchesOf(delivery, matches)
  for (const [shardId, places] of shards) {
    for (const [place, { first }] of places) {
      const ancestor = ancestorsOf(shardId, parents)
        .map((id) => shards.get(id)?.get(place))
        .find((stretch) => stretch !== undefined)
      if (ancestor === undefined || ancestor.last < first) continue
      const parent = textOfRecord(delivery, ancestor.last)
      tally.add('child-before-parent', () => `${textOfRecord(delivery, first)} is in front of its parent's ${parent}`)
    }
  }
}

function stretchesOf({ written, delivered }: Delivery, matches: Matches): Map<string, Map<number, Stretch>> {
  const shards = new Map<string, Map<number, Stretch>>()
  const isSeen = new Uint8Array(written.length)
  for (const [record, { position, operation }] of delivered.entries()) {
    const change = matches.changeOf[record] ?? -1
    if (change < 0 || operation === 'SNAPSHOT' || isSeen[change] === 1) continue
    isSeen[change] = 1
    const shardId = written[change]?.position?.shardId ?? position?.shardId
    if (shardId === undefined) continue
    let places = shards.get(shardId)
    if (places === undefined) shards.set(shardId, (places = new Map()))
    const place = matches.placeOf[record] ?? -1
    const stretch = places.get(place)
    if (stretch === undefined) places.set(place, { first: record, last: record })
    else stretch.last = record
  }
  return shards
}

/** Nearest first. A lineage that runs in a circle ends where it would begin again. */
function ancestorsOf(shardId: string, parents: ReadonlyMap<string, string | undefined>): readonly string[] {
  const known = new Set<string>()
  for (let id = parents.get(shardId); id !== undefined && !known.has(id); id = parents.get(id)) known.add(id)
  return [...known]
}
