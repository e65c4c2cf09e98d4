import type { Clock } from '../../async/clock.ts'
import { mapBounded } from '../../async/map-bounded.ts'
import type { ForeignPosition } from '../../change/foreign-position.ts'
import type { Shard } from '../../change/shard.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { TakenShard } from '../../lanes/take-over.ts'
import { movedLeases, positionOf } from '../../sources/kcl-leases/kcl-lease.ts'
import type { KclLease } from '../../sources/kcl-leases/kcl-lease.ts'
import { readLeases } from '../../sources/kcl-leases/read-leases.ts'
import type { Source } from '../../sources/source.ts'
import { refusalAt } from './stream-sight.ts'

/** Twice the library's default time of fail-over, in which each holder renews six times. Milliseconds. */
export const watchMs = 20_000

/** A table, its stream, and where the old connector was in it. */
export interface LeasedTable {
  readonly table: Table
  readonly leaseTable: string
  readonly listed: readonly Shard[]
  readonly positions: ReadonlyMap<string, ForeignPosition>
  /** Leases at a place that nobody knows (LATEST, AT_TIMESTAMP): their shards are read from what is left of them. */
  readonly unplaced: readonly string[]
}

const tablesAtOnce = 10

/**
 * Reads the lease tables of all tables twice, with `watchMs` in between. Throws LEASES_MOVING if a worker still renews any, and
 * LEASES_UNUSABLE if there is none to be read. Tables without a lease table are left out.
 */
export async function readStandingLeases(
  parts: { readonly source: Source; readonly prefix: string; readonly clock: Clock },
  tables: readonly Table[],
  signal: AbortSignal,
): Promise<readonly LeasedTable[]> {
  const { source, prefix, clock } = parts
  const look = (): Promise<readonly (ReadonlyMap<string, KclLease> | undefined)[]> =>
    mapBounded(tables, tablesAtOnce, (near) => readLeases(source, { name: prefix + near.name, near }, signal))
  const earlier = await look()
  if (earlier.every((leases) => leases === undefined || leases.size === 0)) {
    const names = tables.map(({ name }) => prefix + name).join(', ')
    throw new TailraceError('LEASES_UNUSABLE', `none of these tables exists with leases in it: ${names}`)
  }
  await clock.sleep(watchMs, signal)
  const later = await look()
  for (const [index, leases] of later.entries()) {
    const moved = movedLeases(earlier[index] ?? new Map(), leases ?? new Map())
    if (moved.length > 0) throw moving(prefix + (tables[index]?.name ?? ''), moved, leases)
  }
  const leased = tables.flatMap((table, index) => {
    const leases = later[index]
    return leases === undefined || leases.size === 0 ? [] : [{ table, leases }]
  })
  return mapBounded(leased, tablesAtOnce, async ({ table, leases }) => {
    const { shards } = await source.listShards(table.streamArn, signal)
    return leasedTable(table, prefix + table.name, { leases, listed: shards })
  })
}

function leasedTable(
  table: Table,
  leaseTable: string,
  { leases, listed }: { readonly leases: ReadonlyMap<string, KclLease>; readonly listed: readonly Shard[] },
): LeasedTable {
  const positions = new Map([...leases].map(([shardId, lease]) => [shardId, positionOf(lease)] as const))
  const unplaced = [...leases.values()].filter(({ checkpoint }) => /^(LATEST|AT_TIMESTAMP)$/.test(checkpoint))
  return { table, leaseTable, listed, positions, unplaced: unplaced.map(({ shardId }) => shardId) }
}

function moving(
  name: string,
  moved: readonly string[],
  leases: ReadonlyMap<string, KclLease> | undefined,
): TailraceError {
  const [first = ''] = moved
  const owner = leases?.get(first)?.owner
  const by = owner === undefined ? '' : ` by ${owner}`
  return new TailraceError(
    'LEASES_MOVING',
    `the lease of shard ${first} in ${name} is renewed${by}: the old connector runs`,
  )
}

/** Trustpilot's words for a load that has ended, and one that was not wanted. */
const loadedStates: ReadonlySet<string> = new Set(['FINISHED', 'SKIPPED'])

/**
 * Why the items of a table cannot count as delivered; undefined if they can. A connector that loads a table first has leases while it
 * does so, at the trim horizon: without its word (`loads`), what shows that it has begun to deliver changes is a sequence number in any of
 * them. A closed shard without changes is at its end even before.
 */
export function whyUnloaded(
  { table, positions }: Pick<LeasedTable, 'table' | 'positions'>,
  loads: ReadonlyMap<string, string> | undefined,
): string | undefined {
  if (loads === undefined) {
    const isDelivering = [...positions.values()].some(({ kind }) => kind === 'after')
    return isDelivering ? undefined : 'no lease of it has a sequence number, as none has before a first load has ended'
  }
  const state = loads.get(table.name)
  if (state === undefined) return 'the offsets do not say that it was loaded'
  return loadedStates.has(state) ? undefined : `the offsets say that its load is ${state}`
}

/** A shard of which changes were lost before they could be taken over. */
export interface LostShard {
  readonly shardId: string
  /** `gone`: it has left its stream. `trimmed`: what is left of it begins behind its position. */
  readonly why: 'gone' | 'trimmed'
}

/**
 * What can no longer be read from where the old connector was. Each shard that goes on is read from once. Throws LEASES_UNUSABLE while
 * the listing lacks a shard that is there.
 */
export async function lostShards(
  source: Source,
  { table: { streamArn }, listed, positions }: LeasedTable,
  taken: readonly TakenShard[],
  signal: AbortSignal,
): Promise<readonly LostShard[]> {
  const ids = new Set(listed.map(({ shardId }) => shardId))
  const lost: LostShard[] = []
  for (const [shardId, { kind }] of positions) {
    if (kind === 'end' || ids.has(shardId)) continue
    if (await source.hasShard(streamArn, shardId, signal))
      throw new TailraceError('LEASES_UNUSABLE', `the listing of the stream still lacks shard ${shardId}: try again`)
    lost.push({ shardId, why: 'gone' })
  }
  for (const { shardId, becomes, after, begunAtMs } of taken) {
    if (becomes !== 'open') continue
    const refusal = await refusalAt(source, { streamArn, shardId, after, unreadSinceMs: begunAtMs }, signal)
    if (refusal === 'SHARD_NOT_FOUND') lost.push({ shardId, why: 'gone' })
    else if (refusal === 'STREAM_GAP') lost.push({ shardId, why: 'trimmed' })
  }
  return lost
}
