import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import type { IdentityEntry } from '../../lanes/ledger-entry.ts'
import { createLaneFold } from '../../lanes/lane-state.ts'
import type { LaneState } from '../../lanes/lane-state.ts'
import { hasDelivered, loadedEntry, takeOver } from '../../lanes/take-over.ts'
import type { TakenShard } from '../../lanes/take-over.ts'
import { requireWay } from '../../lanes/way.ts'
import { admitToLedger } from '../../pipeline/admission.ts'
import type { Source } from '../../sources/source.ts'
import { admissionOf } from '../first-start-of.ts'
import type { CommandContext } from './command-context.ts'
import { lostShards, readStandingLeases, whyUnloaded } from './leases.ts'
import type { LeasedTable, LostShard } from './leases.ts'
import { readPipelineLedger } from '../ledger/pipeline-ledger.ts'
import { holdLedger, requireStandstill } from '../ledger/standing-pipeline.ts'

/** What taking positions over stands on. */
export interface LeaseParts {
  readonly config: PipelineConfig
  readonly kafka: KafkaApi
  readonly source: Source
  readonly context: Pick<CommandContext, 'clock' | 'rng' | 'signal'>
  /** What the names of lease tables begin with. */
  readonly prefix: string
  /** How far the old connector was with loading each table, by its name: see `config/migrate/load-states.ts`. Undefined: nobody says. */
  readonly loads?: ReadonlyMap<string, string> | undefined
}

/** What is to be taken over. */
export interface LeasePlan {
  readonly tables: readonly PlannedTable[]
  /** Tables of the pipeline that the old connector has no leases for: they begin as new ones do. */
  readonly without: readonly Table[]
}

/** One table of it. */
export interface PlannedTable extends LeasedTable {
  readonly shards: readonly TakenShard[]
  readonly lost: readonly LostShard[]
  /** Why its items cannot count as delivered, for people; undefined: the old connector has delivered them all. */
  readonly unloaded: string | undefined
}

/**
 * Finds out where the old connector was, which must have stopped, and what of that the pipeline can go on with. Writes nothing. Throws
 * LEASES_MOVING, LEASES_UNUSABLE, PIPELINE_STARTED and PIPELINE_ACTIVE.
 */
export async function planLeases(parts: LeaseParts): Promise<LeasePlan> {
  const { config, kafka, source, context } = parts
  const { signal, clock } = context
  refuseUnfit(config)
  await requireStandstill(config, kafka, signal)
  const ledgers = await presentLedgers(config, kafka, signal)
  refuseStarted(ledgers, config)
  const tables = await source.findTables(signal)
  const leased = await readStandingLeases({ source, prefix: parts.prefix, clock }, tables, signal)
  const planned: PlannedTable[] = []
  for (const one of leased) {
    const { shards } = takeOver(ledgers, { ...one, nowMs: clock.now() })
    const lost = await lostShards(source, one, shards, signal)
    planned.push({ ...one, shards, lost, unloaded: whyUnloaded(one, parts.loads) })
  }
  const known = new Set(leased.map(({ table }) => table.arn))
  return { tables: planned, without: tables.filter(({ arn }) => !known.has(arn)) }
}

/**
 * Writes what was planned into the pipeline's ledger, which is made if there is none, in one transaction. The first worker that starts
 * finds the shards begun. What the pipeline is like is not settled before that: until then its file may still be changed.
 */
export async function carryOutLeases({ config, kafka, context }: LeaseParts, plan: LeasePlan): Promise<void> {
  const { clock, rng, signal } = context
  const admission = { ...admissionOf(config, { kafka, clock, rng, onEvent: () => {} }), epoch: config.epoch - 1 }
  const identity = await admitToLedger(admission, signal)
  await using held = await holdLedger({ config, kafka, context, lanes: identity.lanes })
  const { states } = held
  refuseStarted(states, config)
  const entries = plan.tables.flatMap((one) => takeOver(states, { ...one, nowMs: clock.now() }).entries)
  const loaded = plan.tables.map((one) => loadedEntry(one.table.arn, isLoaded(one)))
  await held.write([...missingIdentity(states, identity), ...loaded, ...entries])
}

/**
 * True if the table's items count as delivered, so that it gets no first snapshot. One that has lost changes is not as it should be: its first
 * snapshot makes up for them, where the configuration wants one.
 */
export function isLoaded({ lost, unloaded }: Pick<PlannedTable, 'lost' | 'unloaded'>): boolean {
  return lost.length === 0 && unloaded === undefined
}

function missingIdentity(
  states: readonly LaneState[],
  entry: IdentityEntry,
): readonly { readonly lane: number; readonly entry: IdentityEntry }[] {
  return states.flatMap((state, lane) => (state.identity === undefined ? [{ lane, entry }] : []))
}

/** Of a pipeline that has never run: as many lanes that know nothing. */
async function presentLedgers(
  config: PipelineConfig,
  kafka: KafkaApi,
  signal: AbortSignal,
): Promise<readonly LaneState[]> {
  try {
    return (await readPipelineLedger(config, kafka, signal)).lanes
  } catch (error) {
    if (!(error instanceof TailraceError && error.code === 'PIPELINE_UNKNOWN')) throw error
    return Array.from({ length: config.lanes }, () => createLaneFold().state)
  }
}

function refuseStarted(ledgers: readonly LaneState[], { pipeline }: PipelineConfig): void {
  for (const { way } of ledgers) requireWay(way, 'worker', pipeline)
  if (hasDelivered(ledgers)) throw new TailraceError('PIPELINE_STARTED', `pipeline ${pipeline} has delivered changes`)
}

function refuseUnfit({ source, snapshot }: PipelineConfig): void {
  if (source.type === 'kinesis') throw unfit('reads a Kinesis stream')
  // Whatever begins later would drop what lies between the old position and that moment.
  if (source.start.kind !== 'trim-horizon') throw unfit('has another `source.start` than TRIM_HORIZON')
  if (snapshot.mode === 'only') throw unfit('reads no streams (`snapshot.mode: only`)')
}

function unfit(why: string): TailraceError {
  return new TailraceError('LEASES_UNUSABLE', `the pipeline ${why}: it cannot go on from positions in streams`)
}
