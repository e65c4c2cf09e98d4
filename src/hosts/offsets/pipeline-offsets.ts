import { randomUUID } from 'node:crypto'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { LaneState } from '../../lanes/lane-state.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import { resetLedger } from '../../lanes/ledger-reset.ts'
import { alterShards } from '../../lanes/offset-alteration.ts'
import type { ShardWish } from '../../lanes/offset-alteration.ts'
import { resetTable } from '../../lanes/offset-change.ts'
import type { OffsetChange, ShardChange } from '../../lanes/offset-change.ts'
import type { LedgerAccess } from '../ledger/ledger-access.ts'
import { readPipelineLedger } from '../ledger/pipeline-ledger.ts'
import type { PipelineLedger } from '../ledger/pipeline-ledger.ts'
import { changeLedger, requireStandstill } from '../ledger/standing-pipeline.ts'
import { offsetsOfLedger, wishesOf } from './offset-json.ts'
import type { OffsetJson } from './offset-json.ts'
import type { PositionSight, Sighting } from './position-sight.ts'

/** How an alteration is checked before it is written. */
export interface AlterationRules {
  /** Who asks the source whether positions are there; undefined: nobody does, and a wrong one is found by whoever reads on. */
  readonly sight: PositionSight | undefined
  /** Positions whose following changes were trimmed are taken: what was trimmed is lost, and the table stops when it is read on. */
  readonly acceptsLoss: boolean
}

/** A change of positions that could be made now. */
export interface PreparedChange {
  /** What would become of shards; empty if all stand where they are to stand. */
  readonly shards: readonly ShardChange[]
  /**
   * Fences every lane, decides again over what they hold, and writes all of it in one transaction: a crash leaves all or
   * nothing. In `at_least_once` mode a crash may leave a part; the same again does the rest. Rejects with PIPELINE_ACTIVE if
   * somebody has begun to run the pipeline: then nothing is written.
   */
  apply(signal: AbortSignal): Promise<readonly ShardChange[]>
}

/** Every position that the ledger has, in Connect's form. Any time. PIPELINE_UNKNOWN before the pipeline's first start. */
export async function readOffsets(
  { config, kafka }: Pick<LedgerAccess, 'config' | 'kafka'>,
  signal: AbortSignal,
): Promise<readonly OffsetJson[]> {
  return offsetsOfLedger(await readPipelineLedger(config, kafka, signal))
}

/** {@link prepareAlteration}, carried out. */
export async function alterOffsets(
  access: LedgerAccess,
  request: AlterationRules & { readonly offsets: readonly OffsetJson[] },
  signal: AbortSignal,
): Promise<readonly ShardChange[]> {
  const prepared = await prepareAlteration(access, request, signal)
  return prepared.apply(signal)
}

/**
 * Sets the positions of shards, or forgets them: all or none. Only while nobody runs the pipeline (PIPELINE_ACTIVE). Rejects with
 * OFFSET_INVALID for what cannot be meant: an unknown table or shard, a sequence number that is none, one that is not in the
 * shard, a shard that waits for its parents; with OFFSET_LOST for a position whose following changes were trimmed.
 */
export async function prepareAlteration(
  access: LedgerAccess,
  { offsets, ...rules }: AlterationRules & { readonly offsets: readonly OffsetJson[] },
  signal: AbortSignal,
): Promise<PreparedChange> {
  const ledger = await readPipelineLedger(access.config, access.kafka, signal)
  const wishes = wishesOf(ledger, offsets)
  await requireStandstill(access.config, access.kafka, signal)
  return prepareWishes(access, { ledger, wishes, ...rules }, signal)
}

async function prepareWishes(
  access: LedgerAccess,
  request: AlterationRules & { readonly ledger: PipelineLedger; readonly wishes: readonly ShardWish[] },
  signal: AbortSignal,
): Promise<PreparedChange> {
  const { ledger, wishes, sight, acceptsLoss } = request
  const { clock } = access
  const decide = (lanes: readonly LaneState[]): OffsetChange => alterShards(lanes, wishes, clock.now())
  const { shards } = decide(ledger.lanes)
  if (sight !== undefined) {
    for (const change of shards) await refuseUnseen(change, { sight, acceptsLoss }, signal)
  }
  return prepared(access, { ledger, shards }, decide)
}

/** Forgets everything: the next start is as the first one. Only while nobody runs the pipeline. See `resetLedger`. */
export async function resetOffsets(access: LedgerAccess, signal: AbortSignal): Promise<readonly ShardChange[]> {
  const change = await prepareReset(access, signal)
  return change.apply(signal)
}

/** What {@link resetOffsets} would do. */
export async function prepareReset(access: LedgerAccess, signal: AbortSignal): Promise<PreparedChange> {
  const ledger = await readPipelineLedger(access.config, access.kafka, signal)
  await requireStandstill(access.config, access.kafka, signal)
  const decide = (lanes: readonly LaneState[]): OffsetChange =>
    resetLedger(lanes, { nowMs: access.clock.now(), idOf: randomUUID })
  return prepared(access, { ledger, shards: decide(ledger.lanes).shards }, decide)
}

/**
 * Forgets the positions of one table, so that all that its source still has is delivered again; also ends the standstill of a table
 * that has failed. `present` is the table as the source shows it now, where its stream was replaced. See `resetTable`.
 */
export async function prepareTableReset(
  access: LedgerAccess,
  { known, present }: { readonly known: TableEntry; readonly present: Table | undefined },
  signal: AbortSignal,
): Promise<PreparedChange> {
  const ledger = await readPipelineLedger(access.config, access.kafka, signal)
  await requireStandstill(access.config, access.kafka, signal)
  const decide = (lanes: readonly LaneState[]): OffsetChange =>
    resetTable(lanes, lanes[0]?.tables.get(known.table.arn) ?? known, { present, nowMs: access.clock.now() })
  return prepared(access, { ledger, shards: decide(ledger.lanes).shards }, decide)
}

function prepared(
  { config, kafka, clock, rng }: LedgerAccess,
  { ledger, shards }: { readonly ledger: PipelineLedger; readonly shards: readonly ShardChange[] },
  decide: (lanes: readonly LaneState[]) => OffsetChange,
): PreparedChange {
  return {
    shards,
    apply: async (signal) => {
      const holding = { config, kafka, context: { clock, rng, signal }, lanes: ledger.lanes.length }
      const change = await changeLedger(holding, decide)
      return change.shards
    },
  }
}

async function refuseUnseen(
  { shardId, streamArn, was, becomes }: ShardChange,
  { sight, acceptsLoss }: { readonly sight: PositionSight; readonly acceptsLoss: boolean },
  signal: AbortSignal,
): Promise<void> {
  if (becomes.kind !== 'moved' || becomes.after === undefined) return
  const { after } = becomes
  const seen = await sight.look({ streamArn, shardId, after, delivered: was.after }, signal)
  if (seen === 'there' || seen === 'unknown' || (seen === 'trimmed' && acceptsLoss)) return
  throw new TailraceError(seen === 'trimmed' ? 'OFFSET_LOST' : 'OFFSET_INVALID', wordsOf(seen, { shardId, after }))
}

function wordsOf(
  seen: Exclude<Sighting, 'there' | 'unknown'>,
  { shardId, after }: { readonly shardId: string; readonly after: string },
): string {
  const position = `sequence number ${after}`
  if (seen === 'trimmed')
    return `changes behind ${position} of shard ${shardId} were trimmed: reading on from there loses them`
  return seen === 'before'
    ? `${position} lies in front of the first change of shard ${shardId}`
    : `${position} lies behind the newest change of shard ${shardId}: what is written next would be skipped`
}
