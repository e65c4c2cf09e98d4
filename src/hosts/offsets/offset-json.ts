import { isSequenceNumber } from '../../change/sequence-number.ts'
import { TailraceError } from '../../errors.ts'
import type { ShardState } from '../../lanes/lane-state.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import { shardsOfLedger } from '../../lanes/ledger-shards.ts'
import type { PositionWish, ShardWish } from '../../lanes/offset-alteration.ts'
import { segmentsOf } from '../../lanes/snapshot-progress.ts'
import type { PipelineLedger } from '../ledger/pipeline-ledger.ts'

/** A position in the form of Connect's offsets; `null` forgets it. Structurally that of the REST API. */
export interface OffsetJson {
  readonly partition: Readonly<Record<string, unknown>>
  readonly offset: Readonly<Record<string, unknown>> | null
}

/**
 * Every position of a ledger: shards as `{table, stream_arn, shard_id}` with `{sequence_number, state, lane, …}`, where a
 * `sequence_number` of null is the trim horizon; then segments of snapshots that are not over, as `{table, stream_arn, snapshot, segment}`
 * with how far they are. No keys of items. Ordered by table, then by shard.
 */
export function offsetsOfLedger(ledger: PipelineLedger): readonly OffsetJson[] {
  const shards = [...shardsOfLedger(ledger.lanes).values()].toSorted((a, b) =>
    a.shard.shardId < b.shard.shardId ? -1 : 1,
  )
  return ledger.tables.flatMap((entry) => [
    ...shards
      .filter(({ shard }) => shard.tableArn === entry.table.arn)
      .map(({ lane, shard }) => shardJson(entry, shard, lane)),
    ...scanJsons(ledger, entry),
  ])
}

function shardJson({ table }: TableEntry, shard: ShardState, lane: number): OffsetJson {
  const { after, status, streamArn, shardId, createdAtMs, at } = shard
  return {
    partition: { table: table.name, stream_arn: streamArn, shard_id: shardId },
    offset: {
      sequence_number: after ?? null,
      state: status,
      lane,
      ...(createdAtMs === undefined ? {} : { created_at_ms: createdAtMs }),
      ...(at === undefined ? {} : { committed_at_ms: at.committedAtMs }),
    },
  }
}

function scanJsons({ lanes }: PipelineLedger, entry: TableEntry): readonly OffsetJson[] {
  const { snapshot, table } = entry
  if (snapshot === undefined || snapshot.state === 'completed' || snapshot.state === 'stopped') return []
  const all = lanes.map((lane) => segmentsOf(lane, entry, snapshot))
  return Array.from({ length: snapshot.segments }, (_, segment): OffsetJson => {
    const furthest = all.flatMap((segments) => segments[segment] ?? []).toSorted((a, b) => b.pages - a.pages)[0]
    return {
      partition: { table: table.name, stream_arn: table.streamArn, snapshot: snapshot.run, segment },
      offset: { pages: furthest?.pages ?? 0, items: furthest?.items ?? 0, done: furthest?.isDone ?? false },
    }
  })
}

/**
 * What a list of offsets asks for. What is about snapshots must be as it is: their progress cannot be set. Throws OFFSET_INVALID, with
 * the number of the entry, for anything that cannot be meant.
 */
export function wishesOf(ledger: PipelineLedger, offsets: readonly OffsetJson[]): readonly ShardWish[] {
  const shards = Map.groupBy(
    [...shardsOfLedger(ledger.lanes).values()].map(({ shard }) => shard),
    ({ shardId }) => shardId,
  )
  const scans = new Map(offsetsOfLedger(ledger).flatMap(({ partition, offset }) => scanKey(partition, offset)))
  return offsets.flatMap(({ partition, offset }, index) => {
    const where = `offsets[${index}]`
    if ('snapshot' in partition || 'segment' in partition) {
      const [key, progress] = scanKey(partition, offset)[0] ?? []
      if (key !== undefined && scans.get(key) === progress) return []
      throw invalid(`${where}: how far a snapshot is cannot be set; stop it, or begin a new one`)
    }
    return [wishOf(ledger, shards, { partition, offset, where })]
  })
}

function scanKey(
  partition: OffsetJson['partition'],
  offset: OffsetJson['offset'],
): readonly (readonly [string, string])[] {
  const { table, stream_arn: streamArn, snapshot, segment } = partition
  return snapshot === undefined
    ? []
    : [
        [
          JSON.stringify([table, streamArn, snapshot, segment]),
          JSON.stringify([offset?.['pages'], offset?.['items'], offset?.['done']]),
        ],
      ]
}

function wishOf(
  ledger: PipelineLedger,
  shards: ReadonlyMap<string, readonly ShardState[]>,
  given: OffsetJson & { readonly where: string },
): ShardWish {
  const { partition, offset, where } = given
  refuseStrange(partition, ['table', 'stream_arn', 'shard_id'], `${where}.partition`)
  const name = textOf(partition['table'], `${where}.partition.table`)
  const shardId = textOf(partition['shard_id'], `${where}.partition.shard_id`)
  const stream = partition['stream_arn']
  const streamArn = stream === undefined ? undefined : textOf(stream, `${where}.partition.stream_arn`)
  const found = ledger.tables.filter(({ table }) => table.name === name || table.arn === name)
  const isMeant = (shard: ShardState, { table }: TableEntry): boolean =>
    shard.tableArn === table.arn && shard.streamArn === (streamArn ?? table.streamArn)
  const meant = found.flatMap((entry) => (shards.get(shardId) ?? []).filter((shard) => isMeant(shard, entry)))
  const [shard, second] = meant
  if (found.length === 0) throw invalid(`${where}: the pipeline has no table ${name}`)
  if (shard === undefined) throw invalid(`${where}: the ledger knows no shard ${shardId} of table ${name}`)
  if (second !== undefined)
    throw invalid(`${where}: shard ${shardId} of table ${name} may be any of several; give its stream_arn`)
  return { tableArn: shard.tableArn, streamArn: shard.streamArn, shardId, to: positionOf(offset, where) }
}

const offsetMembers = ['sequence_number', 'state', 'lane', 'created_at_ms', 'committed_at_ms']

/** What is read besides the sequence number may be given back as it was; of it only the end of a shard says something. */
function positionOf(offset: OffsetJson['offset'], where: string): PositionWish {
  if (offset === null) return { kind: 'forgotten' }
  refuseStrange(offset, offsetMembers, `${where}.offset`)
  const kind = offset['state'] === 'end' ? 'end' : 'at'
  const number = offset['sequence_number']
  if (number === null) return { kind, after: undefined }
  if (typeof number === 'string' && isSequenceNumber(number)) return { kind, after: number }
  const hint = typeof number === 'number' ? ': a number in JSON is not exact enough, write it as text' : ''
  throw invalid(`${where}.offset.sequence_number must be a text of decimal digits, or null for the trim horizon${hint}`)
}

function refuseStrange(given: object, known: readonly string[], where: string): void {
  const strange = Object.keys(given).find((member) => !known.includes(member))
  if (strange !== undefined) throw invalid(`${where} has a member that it cannot have; it takes ${known.join(', ')}`)
}

function textOf(value: unknown, where: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalid(`${where} must be a text`)
}

function invalid(message: string): TailraceError {
  return new TailraceError('OFFSET_INVALID', message)
}
