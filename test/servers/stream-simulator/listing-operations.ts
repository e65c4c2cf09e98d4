import { keyHash } from './item-text.ts'
import type { Fault, SimulatedRequest } from './fault-plan.ts'
import { numberMember, objectMember, ServiceError, textMember } from './service-error.ts'
import type { SimulatedShard } from './simulated-stream.ts'
import { registerStreams, streamOf } from './simulator-state.ts'
import type { SimulatorState } from './simulator-state.ts'

type Body = SimulatedRequest['body']

/** ListStreams: all streams, of one table if asked for. */
export function listStreams(state: SimulatorState, body: Body): unknown {
  registerStreams(state)
  const name = body['TableName'] === undefined ? undefined : textMember(body, 'TableName')
  const entries = [...state.streams.values()].filter(({ table }) => name === undefined || table.name === name)
  return {
    Streams: entries.map(({ stream, table }) => ({
      StreamArn: stream.arn,
      TableName: table.name,
      StreamLabel: stream.label,
    })),
  }
}

/** DescribeStream: a page of shards, or the children of one. */
export function describeStream(state: SimulatorState, body: Body, fault: Fault | undefined): unknown {
  const { stream, table } = streamOf(state, textMember(body, 'StreamArn'))
  const limit = numberMember(body, 'Limit') ?? 100
  if (limit > 100) throw new ServiceError('LimitExceededException', 'Limit must be at most 100')
  const parentShardId = childFilter(state, body)
  const candidates =
    stream.status === 'ENABLING'
      ? []
      : stream.shards.filter((shard) => parentShardId === undefined || shard.parentShardId === parentShardId)
  const cursor = body['ExclusiveStartShardId'] === undefined ? undefined : textMember(body, 'ExclusiveStartShardId')
  const { page, next, again } = pageOf(state, candidates, cursor, Math.min(limit, state.settings.pageShards))
  const shown = fault?.kind === 'dropped-page' ? [] : [...again, ...page.filter((shard) => isShown(state, shard))]
  return {
    StreamDescription: {
      StreamArn: stream.arn,
      StreamLabel: stream.label,
      StreamStatus: stream.status,
      StreamViewType: stream.viewType,
      CreationRequestDateTime: stream.createdAtMs / 1000,
      TableName: table.name,
      KeySchema: table.keySchema.map(({ name }, i) => ({ AttributeName: name, KeyType: i === 0 ? 'HASH' : 'RANGE' })),
      Shards: shown.map((shard) => wireShard(shard, !again.includes(shard))),
      ...(next === undefined ? {} : { LastEvaluatedShardId: next }),
    },
  }
}

function childFilter(state: SimulatorState, body: Body): string | undefined {
  const filter = objectMember(body, 'ShardFilter')
  if (filter === undefined || state.settings.shardFilter === 'ignored') return undefined
  if (state.settings.shardFilter === 'refused' || filter['Type'] !== 'CHILD_SHARDS') {
    throw new ServiceError('ValidationException', 'Unknown parameter: ShardFilter')
  }
  return textMember(filter, 'ShardId')
}

/** The page behind a cursor, and the shards of earlier pages that are to show up on it again. */
function pageOf(
  state: SimulatorState,
  shards: readonly SimulatedShard[],
  cursor: string | undefined,
  size: number,
): {
  readonly page: readonly SimulatedShard[]
  readonly next: string | undefined
  readonly again: readonly SimulatedShard[]
} {
  const place = (shardId: string): string =>
    (state.settings.isListingScrambled ? `${keyHash(shardId)}`.padStart(10, '0') : '') + shardId
  const ordered = shards.toSorted((a, b) => (place(a.shardId) < place(b.shardId) ? -1 : 1))
  if (
    cursor !== undefined &&
    state.settings.lostCursor === 'refused' &&
    !shards.some((shard) => shard.shardId === cursor)
  ) {
    throw new ServiceError('ValidationException', 'Invalid ExclusiveStartShardId')
  }
  const rest = cursor === undefined ? ordered : ordered.filter((shard) => place(shard.shardId) > place(cursor))
  const page = rest.slice(0, size)
  const again =
    cursor === undefined ? [] : ordered.slice(0, ordered.length - rest.length).filter((shard) => shard.lies.isTwice)
  return { page, again, next: rest.length > size ? page.at(-1)?.shardId : undefined }
}

/** Also counts: a shard that is hidden for three calls is shown in the fourth that it belongs to. */
function isShown(state: SimulatorState, shard: SimulatedShard): boolean {
  if (shard.lies.hiddenCalls > 0) {
    shard.lies.hiddenCalls--
    return false
  }
  return state.clock.now() >= shard.lies.hiddenUntilMs
}

function wireShard(shard: SimulatedShard, isFirstSight: boolean): unknown {
  const { lies } = shard
  const isShownOpen = isFirstSight && (lies.isTwice || lies.openCalls > 0)
  if (isFirstSight && lies.openCalls > 0) lies.openCalls--
  return {
    ShardId: shard.shardId,
    SequenceNumberRange: {
      StartingSequenceNumber: shard.startingSequenceNumber,
      ...(shard.endingSequenceNumber === undefined || isShownOpen
        ? {}
        : { EndingSequenceNumber: shard.endingSequenceNumber }),
    },
    ...(shard.parentShardId === undefined ? {} : { ParentShardId: shard.parentShardId }),
  }
}
