import type { Fault } from '../stream-simulator/fault-plan.ts'
import { isObject, numberMember, objectMember, ServiceError, textMember } from '../stream-simulator/service-error.ts'
import type { SimulatedKinesisShard } from './kinesis-shard.ts'
import { requestedStreamInAnyState, streamNamed } from './kinesis-state.ts'
import type { Body, KinesisState } from './kinesis-state.ts'
import type { SimulatedKinesisStream } from './kinesis-stream.ts'

/** ListStreams, in order of names, up to a limit. */
export function listStreams(state: KinesisState, body: Body): unknown {
  const limit = numberMember(body, 'Limit') ?? 100
  const start = body['ExclusiveStartStreamName']
  const names = [...state.streams.keys()].sort().filter((name) => typeof start !== 'string' || name > start)
  return { HasMoreStreams: names.length > limit, StreamNames: names.slice(0, limit) }
}

/** DescribeStreamSummary. */
export function describeStreamSummary(state: KinesisState, body: Body): unknown {
  const stream = requestedStreamInAnyState(state, body)
  const isOnDemand = stream.mode === 'ON_DEMAND'
  return {
    StreamDescriptionSummary: {
      StreamName: stream.name,
      StreamARN: stream.arn,
      StreamStatus: stream.status,
      StreamModeDetails: { StreamMode: stream.mode },
      RetentionPeriodHours: stream.retentionMs / 3_600_000,
      StreamCreationTimestamp: stream.createdAtMs / 1000,
      EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
      EncryptionType: 'NONE',
      OpenShardCount: stream.openShards().length,
      ConsumerCount: 0,
      MaxRecordSizeInKiB: Math.floor(state.settings.mostRecordBytes / 1024),
      ...(isOnDemand ? { RecordDistributionStrategy: stream.distribution } : {}),
    },
  }
}

/** ListShards: a page. */
export function listShards(state: KinesisState, body: Body, fault: Fault | undefined): unknown {
  const { stream, after, filter } = placeOf(state, body)
  if (stream.status === 'CREATING' || stream.status === 'DELETING')
    throw new ServiceError('ResourceInUseException', `Stream ${stream.name} is ${stream.status}`)
  const { rates, settings } = state
  rates.take(
    `listings of ${stream.name}`,
    settings.listingsPerSecond,
    () => new ServiceError('LimitExceededException', `Rate exceeded for stream ${stream.name}`),
  )
  const asked = numberMember(body, 'MaxResults') ?? 1_000
  if (asked < 1 || asked > 10_000)
    throw new ServiceError('InvalidArgumentException', 'MaxResults must be between 1 and 10000')
  const wanted = filterOf(state, stream, filter)
  const rest = stream.shards.filter((shard) => (after === undefined || shard.shardId > after) && wanted(shard))
  const page = rest.slice(0, Math.min(asked, settings.pageShards))
  const last = page.at(-1)
  const shown = fault?.kind === 'dropped-page' ? [] : page.filter((shard) => isShown(state, shard))
  return {
    Shards: shown.map(wireShard),
    ...(rest.length > page.length && last !== undefined
      ? { NextToken: encodeToken({ ...tokenOf(state, stream), after: last.shardId, filter: filter ?? null }) }
      : {}),
  }
}

interface ListingToken {
  readonly stream: string
  readonly createdAtMs: number
  readonly issuedAtMs: number
  /** The last shard of the page before. */
  readonly after: string
  readonly filter: Readonly<Record<string, unknown>> | null
}

interface ListingPlace {
  readonly stream: SimulatedKinesisStream
  readonly after: string | undefined
  readonly filter: Readonly<Record<string, unknown>> | undefined
}

function placeOf(state: KinesisState, body: Body): ListingPlace {
  const text = body['NextToken']
  if (text === undefined) {
    const stream = requestedStreamInAnyState(state, body)
    const created = body['StreamCreationTimestamp']
    if (typeof created === 'number' && Math.round(created * 1000) !== Math.round(stream.createdAtMs))
      throw new ServiceError('ResourceNotFoundException', `Stream ${stream.name} was not made at that time`)
    const after = body['ExclusiveStartShardId'] === undefined ? undefined : textMember(body, 'ExclusiveStartShardId')
    return { stream, after, filter: objectMember(body, 'ShardFilter') }
  }
  for (const name of ['StreamName', 'StreamARN', 'ExclusiveStartShardId', 'StreamCreationTimestamp', 'ShardFilter'])
    if (body[name] !== undefined)
      throw new ServiceError('InvalidArgumentException', `NextToken and ${name} cannot be provided together.`)
  const token = typeof text === 'string' ? decodeToken(text) : undefined
  if (token === undefined) throw new ServiceError('InvalidArgumentException', 'Invalid NextToken')
  if (state.now() - token.issuedAtMs > state.settings.tokenLifetimeMs)
    throw new ServiceError('ExpiredNextTokenException', 'The NextToken has expired.')
  const stream = streamNamed(state, token.stream)
  if (stream.createdAtMs !== token.createdAtMs)
    throw new ServiceError('InvalidArgumentException', 'The NextToken is of another stream')
  return { stream, after: token.after, filter: token.filter ?? undefined }
}

function tokenOf(
  state: KinesisState,
  stream: SimulatedKinesisStream,
): Pick<ListingToken, 'stream' | 'createdAtMs' | 'issuedAtMs'> {
  return { stream: stream.name, createdAtMs: stream.createdAtMs, issuedAtMs: state.now() }
}

function encodeToken(token: ListingToken): string {
  return Buffer.from(JSON.stringify(token)).toString('base64')
}

function decodeToken(text: string): ListingToken | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64').toString())
    return isToken(value) ? value : undefined
  } catch {
    // Anything that is not of ours is an invalid token.
    return undefined
  }
}

function isToken(value: unknown): value is ListingToken {
  return isObject(value) && typeof value['stream'] === 'string' && typeof value['after'] === 'string'
}

type ShardFilter = (shard: SimulatedKinesisShard) => boolean

function filterOf(
  state: KinesisState,
  stream: SimulatedKinesisStream,
  filter: Readonly<Record<string, unknown>> | undefined,
): ShardFilter {
  if (filter === undefined) return () => true
  const horizonMs = state.now() - stream.retentionMs
  const timestampMs = (): number => {
    const seconds = filter['Timestamp']
    if (typeof seconds !== 'number') throw new ServiceError('InvalidArgumentException', 'The filter has no Timestamp')
    return seconds * 1000
  }
  switch (filter['Type']) {
    case 'AFTER_SHARD_ID': {
      const after = textMember(filter, 'ShardId')
      return ({ shardId }) => shardId > after
    }
    case 'AT_TRIM_HORIZON':
      return wasOpenAt(Math.max(horizonMs, stream.createdAtMs))
    case 'FROM_TRIM_HORIZON':
      return isOpenSince(horizonMs)
    case 'AT_LATEST':
      return ({ closedAtMs }) => closedAtMs === undefined
    case 'AT_TIMESTAMP':
      return wasOpenAt(timestampMs())
    case 'FROM_TIMESTAMP':
      return isOpenSince(timestampMs())
    default:
      throw new ServiceError('InvalidArgumentException', 'Unknown ShardFilter')
  }
}

function wasOpenAt(ms: number): ShardFilter {
  return ({ createdAtMs, closedAtMs }) => createdAtMs <= ms && (closedAtMs === undefined || closedAtMs > ms)
}

function isOpenSince(ms: number): ShardFilter {
  return ({ closedAtMs }) => closedAtMs === undefined || closedAtMs > ms
}

/** Also counts: a shard that is hidden for three calls is shown in the fourth that it belongs to. */
function isShown(state: KinesisState, { lies }: SimulatedKinesisShard): boolean {
  if (lies.hiddenCalls > 0) {
    lies.hiddenCalls--
    return false
  }
  return state.now() >= lies.hiddenUntilMs
}

function wireShard(shard: SimulatedKinesisShard): unknown {
  const { lies, parents } = shard
  const isShownOpen = shard.endingSequenceNumber !== undefined && lies.openCalls > 0
  if (isShownOpen) lies.openCalls--
  return {
    ShardId: shard.shardId,
    ...(parents[0] === undefined ? {} : { ParentShardId: parents[0] }),
    ...(parents[1] === undefined ? {} : { AdjacentParentShardId: parents[1] }),
    HashKeyRange: { StartingHashKey: shard.from.toString(), EndingHashKey: shard.to.toString() },
    SequenceNumberRange: {
      StartingSequenceNumber: shard.startingSequenceNumber,
      ...(shard.endingSequenceNumber === undefined || isShownOpen
        ? {}
        : { EndingSequenceNumber: shard.endingSequenceNumber }),
    },
  }
}
