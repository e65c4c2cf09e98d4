import type { Matches } from './match-records.ts'
import type { Delivery } from './oracle.ts'
import { textOfChange, textOfRecord } from './places.ts'
import type { ShardHistories } from './shard-histories.ts'
import type { Tally } from './tally.ts'

/**
 * The repetitions of a run that is at least once. Gives the number of those that are replays, and counts the others as
 * `bad-replay`; a repeated change whose position nobody knows is a `duplicate`.
 *
 * A shard's records in one partition are a path through the shard's changes. Where the path goes back, a reader has begun
 * anew behind a committed position. From there it must take every change of that partition again up to the newest one,
 * or be cut short by another beginning anew, which cannot lie further back, because positions never do. Where commits are
 * known, a beginning must have one right in front of it.
 */
export function judgeReplays(delivery: Delivery, matches: Matches, tally: Tally): number {
  const { written, delivered } = delivery
  const { changeOf, isRight } = matches
  const paths = layPaths(delivery, matches)
  const isSeen = new Uint8Array(written.length)
  let replayed = 0
  const condemn = ({ repeats, firstRepeat }: Path): void => {
    for (let count = 0; count < repeats; count++)
      tally.add(
        'bad-replay',
        () => `${textOfRecord(delivery, firstRepeat)} begins no whole replay, repeat ${count + 1}`,
      )
  }
  const settle = (path: Path, isGood: boolean): void => {
    if (isGood) replayed += path.repeats
    else condemn(path)
    path.repeats = 0
    path.isBad = false
  }
  for (const [record, { operation }] of delivered.entries()) {
    const change = changeOf[record] ?? -1
    if (isRight[record] !== 1 || operation === 'SNAPSHOT') continue
    const isRepeat = isSeen[change] === 1
    isSeen[change] = 1
    const path = paths.of(record)
    if (path === undefined) {
      if (isRepeat)
        tally.add('duplicate', () => `${textOfRecord(delivery, record)} repeats ${textOfChange(delivery, change)}`)
    } else if (path !== paths.firstOf(change))
      tally.add('bad-replay', () => `${textOfRecord(delivery, record)} repeats what is in another partition`)
    else step(path, { index: paths.indexOf(change), mayBegin: paths.mayBegin(change), record, isRepeat }, settle)
  }
  for (const path of paths.all) if (path.at < path.newest) settle(path, false)
  return replayed
}

/** One shard's way through one partition. Indexes count that shard's changes in that partition, in the shard's order. */
interface Path {
  at: number
  newest: number
  /** No reader can begin anew in front of where one has begun before. */
  floor: number
  /** The repetitions since the path last went back and was not at the newest change again. */
  repeats: number
  firstRepeat: number
  isBad: boolean
}

function step(
  path: Path,
  next: { readonly index: number; readonly mayBegin: boolean; readonly record: number; readonly isRepeat: boolean },
  settle: (path: Path, isGood: boolean) => void,
): void {
  const { index, mayBegin, record, isRepeat } = next
  const isBack = index <= path.at
  const isBroken = index > path.at + 1 && path.at < path.newest
  if (isBack || isBroken) {
    settle(path, isBack && !path.isBad)
    path.isBad = index < path.floor || !mayBegin
    path.floor = Math.max(path.floor, index)
  }
  if (isRepeat && path.repeats++ === 0) path.firstRepeat = record
  path.at = index
  path.newest = Math.max(path.newest, index)
  if (path.at === path.newest) settle(path, !path.isBad)
}

interface Paths {
  readonly all: readonly Path[]
  /** The path that a record is on; undefined if its change has no position. */
  of(record: number): Path | undefined
  /** The path that a change's first record is on, and its index there. */
  firstOf(change: number): Path | undefined
  indexOf(change: number): number
  /** True if a committed position lies between this change and the one in front of it on the path, as far as is known. */
  mayBegin(change: number): boolean
}

function layPaths(delivery: Delivery, { changeOf, isRight, placeOf, shards }: Matches): Paths {
  const { written, delivered } = delivery
  const all: Path[] = []
  const numbers = new Map<string, Map<number, number>>()
  const numberOf = (record: number): number => {
    const shardId = written[changeOf[record] ?? -1]?.position?.shardId
    if (shardId === undefined) return -1
    const places = numbers.get(shardId) ?? new Map<number, number>()
    numbers.set(shardId, places)
    const place = placeOf[record] ?? -1
    const known = places.get(place)
    if (known !== undefined) return known
    places.set(place, all.length)
    return all.push({ at: -1, newest: -1, floor: 0, repeats: 0, firstRepeat: -1, isBad: false }) - 1
  }
  const pathOf = new Int32Array(written.length).fill(-1)
  for (const [record, { operation }] of delivered.entries()) {
    const change = changeOf[record] ?? -1
    if (isRight[record] !== 1 || operation === 'SNAPSHOT' || pathOf[change] !== -1) continue
    pathOf[change] = numberOf(record)
  }
  const { indexOf, mayBegin } = numberSteps({ shards, pathOf, committed: committedCounts(delivery, shards) })
  return {
    all,
    of: (record) => all[numberOf(record)],
    firstOf: (change) => all[pathOf[change] ?? -1],
    indexOf: (change) => indexOf[change] ?? -1,
    mayBegin: (change) => mayBegin[change] === 1,
  }
}

/** Index of each change on its path, and whether a reader may begin anew there. */
function numberSteps(parts: {
  readonly shards: ShardHistories
  readonly pathOf: Int32Array
  readonly committed: ReadonlyMap<string, readonly number[]> | undefined
}): { readonly indexOf: Int32Array; readonly mayBegin: Uint8Array } {
  const { shards, pathOf, committed } = parts
  const indexOf = new Int32Array(pathOf.length)
  const mayBegin = new Uint8Array(pathOf.length)
  for (const [shardId, changes] of shards.shards) {
    const counts = committed?.get(shardId) ?? []
    const last = new Map<number, { index: number; rank: number }>()
    let next = 0
    for (const [rank, change] of changes.entries()) {
      while ((counts[next] ?? Number.POSITIVE_INFINITY) <= rank) next++
      const path = pathOf[change] ?? -1
      if (path < 0) continue
      const before = last.get(path)
      const isBehindCommit = before !== undefined && (counts[next - 1] ?? 0) > before.rank
      mayBegin[change] = committed === undefined || before === undefined || isBehindCommit ? 1 : 0
      indexOf[change] = before === undefined ? 0 : before.index + 1
      last.set(path, { index: indexOf[change] ?? 0, rank })
    }
  }
  return { indexOf, mayBegin }
}

/** How many of its shard's changes each committed position covers, rising; undefined where no commits are known. */
function committedCounts(
  { transactions }: Delivery,
  shards: ShardHistories,
): ReadonlyMap<string, readonly number[]> | undefined {
  if (transactions === undefined) return undefined
  const counts = new Map<string, number[]>()
  for (const { outcome, positions } of transactions) {
    if (outcome !== 'commit') continue
    for (const position of positions) {
      const count = shards.countUpTo(position)
      const known = counts.get(position.shardId)
      if (known === undefined) counts.set(position.shardId, [count])
      else known.push(count)
    }
  }
  for (const known of counts.values()) known.sort((a, b) => a - b)
  return counts
}
