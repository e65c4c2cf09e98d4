import { mapBounded } from '../async/map-bounded.ts'
import type { Shard } from '../change/shard.ts'
import { TailraceError } from '../errors.ts'
import { beginnableShards, discoveryEntries } from '../lanes/discovery-gate.ts'
import { forgettableEntries } from '../lanes/forgetting.ts'
import { shardKey } from '../lanes/lane-state.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { AddressedEntry, TableEntry } from '../lanes/ledger-entry.ts'
import { reportFailure } from './coordination.ts'
import type { Coordination } from './coordination.ts'

/** Streams that are listed at the same time; each has a budget of requests of its own. */
const listingsAtOnce = 10

/** Shards whose `begin`s go into one transaction. */
const shardsAtOnce = 500

interface Listed {
  readonly table: TableEntry
  readonly shards: readonly Shard[]
}

/**
 * Lists each stream in full, begins what passes the gate, and forgets what is long over. A stream that cannot be listed does
 * not hold up the others: its failure is thrown when they are done, or only told if that will pass, or the stream is gone. Tables that rest are listed,
 * too: what is begun is read when they go on. `only`: the ARNs of the tables that are meant; default: all.
 */
export async function discoverShards(
  coordination: Coordination,
  signal: AbortSignal,
  only?: ReadonlySet<string>,
): Promise<void> {
  const { environment, ledger, session } = coordination
  const isMeant = (arn: string): boolean => only === undefined || only.has(arn)
  const tables = [...session.state.tables.values()].filter(
    ({ status, table }) => status.kind === 'streaming' && isMeant(table.arn),
  )
  const failures: unknown[] = []
  const list = async (table: TableEntry): Promise<readonly Listed[]> => {
    try {
      return [{ table, shards: (await environment.source.listShards(table.table.streamArn, signal)).shards }]
    } catch (error) {
      // One account of several that does not answer: the listings that follow will see. Where a stream is gone there is nothing to be begun,
      // and whoever reads its shards, or finds that its table is gone, decides what becomes of the table.
      const isBearable =
        error instanceof TailraceError && (error.policy === 'retry' || error.code === 'STREAM_NOT_FOUND')
      if (isBearable && !signal.aborted) reportFailure(coordination, error, coordination.tuning.listingMs)
      else failures.push(error)
      return []
    }
  }
  const listings = (await mapBounded(tables, listingsAtOnce, list)).flat()
  signal.throwIfAborted()
  // Ledgers after listing: a parent that ended in between is then seen as ended.
  const ledgers = await ledger.refresh(signal)
  await beginListed(coordination, { listings, ledgers }, signal)
  for (const { table, shards } of listings) {
    const listed = new Set(shards.map((shard) => shard.shardId))
    const tombstones = forgettableEntries(table.table.streamArn, listed, ledgers, environment.clock.now())
    await coordination.write(tombstones)
    if (tombstones.length > 0)
      environment.onEvent({ kind: 'shards-forgotten', table: table.table.name, tombstones: tombstones.length })
  }
  if (failures.length > 0) throw failures[0]
}

/**
 * The entry of a table for all lanes and, where its stream is begun with it, what begins the stream's shards: one
 * transaction, so that nobody goes on with the table before it is known where its changes are read from.
 */
export async function tableEntries(
  { environment, ledger, session }: Coordination,
  entry: TableEntry,
  signal: AbortSignal,
): Promise<readonly AddressedEntry[]> {
  const { lanes } = environment.identity
  const forAll = Array.from({ length: lanes }, (_, lane): AddressedEntry => ({ lane, entry }))
  const known = session.state.tables.get(entry.table.arn)
  const isNew = known?.status.kind === 'loading' || known?.table.streamArn !== entry.table.streamArn
  if (entry.status.kind !== 'streaming' || !isNew) return forAll
  const { shards } = await environment.source.listShards(entry.table.streamArn, signal)
  const ledgers = await ledger.refresh(signal)
  const candidates = beginnableShards(entry, shards, ledgers)
  const begun = await withoutHiddenParents({ environment }, { table: entry, candidates, shards, ledgers }, signal)
  return [...forAll, ...discoveryEntries(entry, begun, { lanes, nowMs: environment.clock.now(), ledgers })]
}

async function beginListed(
  coordination: Coordination,
  parts: { readonly listings: readonly Listed[]; readonly ledgers: readonly LaneState[] },
  signal: AbortSignal,
): Promise<void> {
  const { identity, clock } = coordination.environment
  let waiting: AddressedEntry[] = []
  for (const { table, shards } of parts.listings) {
    const candidates = beginnableShards(table, shards, parts.ledgers)
    const begun = await withoutHiddenParents(
      coordination,
      { table, candidates, shards, ledgers: parts.ledgers },
      signal,
    )
    const { ledgers } = parts
    waiting.push(...discoveryEntries(table, begun, { lanes: identity.lanes, nowMs: clock.now(), ledgers }))
    const name = table.table.name
    coordination.environment.onEvent({
      kind: 'shards-discovered',
      table: name,
      listed: shards.length,
      begun: begun.length,
    })
    if (waiting.length < shardsAtOnce) continue
    await coordination.write(waiting)
    waiting = []
  }
  await coordination.write(waiting)
}

/**
 * A parent that is absent from the listing counts as trimmed, but listings are eventually consistent: a shard that is only
 * hidden would be read after its children. So the parent itself is asked for, and its children wait for a better listing.
 */
async function withoutHiddenParents(
  { environment: { source } }: Pick<Coordination, 'environment'>,
  parts: {
    readonly table: TableEntry
    readonly candidates: readonly Shard[]
    readonly shards: readonly Shard[]
    readonly ledgers: readonly LaneState[]
  },
  signal: AbortSignal,
): Promise<readonly Shard[]> {
  const { streamArn } = parts.table.table
  const listed = new Set(parts.shards.map(({ shardId }) => shardId))
  const isKnown = (shardId: string): boolean =>
    listed.has(shardId) || parts.ledgers.some(({ shards }) => shards.has(shardKey(streamArn, shardId)))
  const absent = new Set(parts.candidates.flatMap(({ parents }) => parents).filter((parent) => !isKnown(parent)))
  const hidden = new Set<string>()
  for (const parent of absent) if (await source.hasShard(streamArn, parent, signal)) hidden.add(parent)
  return parts.candidates.filter(({ parents }) => !parents.some((parent) => hidden.has(parent)))
}
