import { numberMember, objectMember, ServiceError, textMember } from '../stream-simulator/service-error.ts'
import type { SimulatedKinesisShard } from './kinesis-shard.ts'
import { requestedStream, shardOf } from './kinesis-state.ts'
import type { Body, KinesisState } from './kinesis-state.ts'
import type { RecordDistribution, SimulatedKinesisStream } from './kinesis-stream.ts'

const hourMs = 3_600_000
const leastHours = 24
const mostHours = 8760

/** CreateStream. */
export function createStream(state: KinesisState, body: Body): string {
  const name = textMember(body, 'StreamName')
  if (state.streams.has(name)) throw new ServiceError('ResourceInUseException', `Stream ${name} already exists`)
  const mode = objectMember(body, 'StreamModeDetails')?.['StreamMode'] === 'ON_DEMAND' ? 'ON_DEMAND' : 'PROVISIONED'
  const shards = numberMember(body, 'ShardCount')
  if (mode === 'PROVISIONED' && (shards === undefined || shards < 1))
    throw new ServiceError('ValidationException', 'ShardCount must be given and positive')
  const stream = state.createStream({ name, mode, ...(shards === undefined ? {} : { shards }) })
  stream.status = 'CREATING'
  later(state, () => (stream.status = 'ACTIVE'))
  return ''
}

/** DeleteStream. */
export function deleteStream(state: KinesisState, body: Body): string {
  const stream = requestedStream(state, body)
  stream.status = 'DELETING'
  later(state, () => {
    if (state.streams.get(stream.name) === stream) state.streams.delete(stream.name)
  })
  return ''
}

/** SplitShard. */
export function splitShard(state: KinesisState, body: Body): string {
  const stream = changeable(state, body)
  const shard = openShard(stream, textMember(body, 'ShardToSplit'))
  const at = BigInt(textMember(body, 'NewStartingHashKey'))
  // A shard keeps more than one key on its left.
  if (at <= shard.from + 1n || at > shard.to)
    throw new ServiceError('InvalidArgumentException', `NewStartingHashKey ${at} is not within shard ${shard.shardId}`)
  change(state, stream, () => void stream.split(shard.shardId, at))
  return ''
}

/** MergeShards. */
export function mergeShards(state: KinesisState, body: Body): string {
  const stream = changeable(state, body)
  const merged = openShard(stream, textMember(body, 'ShardToMerge'))
  const adjacent = openShard(stream, textMember(body, 'AdjacentShardToMerge'))
  if (merged.to + 1n !== adjacent.from && adjacent.to + 1n !== merged.from)
    throw new ServiceError('InvalidArgumentException', 'The shards are not adjacent')
  change(state, stream, () => void stream.merge(merged.shardId, adjacent.shardId))
  return ''
}

/** UpdateShardCount, by rounds; to twice as many at most, and half as many at least. */
export function updateShardCount(state: KinesisState, body: Body): unknown {
  const stream = changeable(state, body)
  const current = stream.openShards().length
  const target = numberMember(body, 'TargetShardCount')
  if (target === undefined || target < 1 || target > 2 * current || target < current / 2)
    throw new ServiceError(
      'InvalidArgumentException',
      `TargetShardCount must be between ${current / 2} and ${2 * current}`,
    )
  const step = (): void => {
    if (stream.stepToShardCount(target)) state.agenda.add(state.now() + state.settings.changeMs, step)
    else stream.status = 'ACTIVE'
  }
  stream.status = 'UPDATING'
  later(state, step)
  return { StreamName: stream.name, CurrentShardCount: current, TargetShardCount: target }
}

/** IncreaseStreamRetentionPeriod. */
export function increaseRetention(state: KinesisState, body: Body): string {
  const stream = changeable(state, body)
  const hours = hoursOf(body)
  if (hours * hourMs < stream.retentionMs)
    throw new ServiceError('InvalidArgumentException', `Retention of ${hours} hours is less than there is`)
  change(state, stream, () => (stream.retentionMs = hours * hourMs))
  return ''
}

/** DecreaseStreamRetentionPeriod: what is older goes at once. */
export function decreaseRetention(state: KinesisState, body: Body): string {
  const stream = changeable(state, body)
  const hours = hoursOf(body)
  if (hours * hourMs > stream.retentionMs)
    throw new ServiceError('InvalidArgumentException', `Retention of ${hours} hours is more than there is`)
  change(state, stream, () => (stream.retentionMs = hours * hourMs))
  return ''
}

/** UpdateStreamMode. */
export function updateStreamMode(state: KinesisState, body: Body): string {
  const stream = changeable(state, body)
  const mode = objectMember(body, 'StreamModeDetails')?.['StreamMode']
  if (mode !== 'ON_DEMAND' && mode !== 'PROVISIONED')
    throw new ServiceError('ValidationException', 'Unknown StreamMode')
  change(state, stream, () => (stream.mode = mode))
  return ''
}

/** UpdateStreamRecordDistributionStrategy: from the next record on. */
export function updateDistribution(state: KinesisState, body: Body): string {
  const stream = requestedStream(state, body)
  const strategies: readonly RecordDistribution[] = ['AUTO', 'USER_PARTITION_KEY']
  const strategy = strategies.find((known) => known === body['RecordDistributionStrategy'])
  if (strategy === undefined) throw new ServiceError('ValidationException', 'Unknown RecordDistributionStrategy')
  if (strategy === 'AUTO' && stream.mode === 'PROVISIONED')
    throw new ServiceError('InvalidArgumentException', 'A provisioned stream has no AUTO distribution')
  stream.distribution = strategy
  return ''
}

function hoursOf(body: Body): number {
  const hours = numberMember(body, 'RetentionPeriodHours')
  if (hours !== undefined && hours >= leastHours && hours <= mostHours) return hours
  throw new ServiceError('InvalidArgumentException', `Retention is between ${leastHours} and ${mostHours} hours`)
}

function changeable(state: KinesisState, body: Body): SimulatedKinesisStream {
  const stream = requestedStream(state, body)
  if (stream.status === 'ACTIVE') return stream
  throw new ServiceError('ResourceInUseException', `Stream ${stream.name} is ${stream.status}`)
}

function openShard(stream: SimulatedKinesisStream, shardId: string): SimulatedKinesisShard {
  const shard = shardOf(stream, shardId)
  if (shard.closedAtMs === undefined) return shard
  throw new ServiceError('ResourceInUseException', `Shard ${shardId} in stream ${stream.name} is not open`)
}

function change(state: KinesisState, stream: SimulatedKinesisStream, work: () => void): void {
  stream.status = 'UPDATING'
  later(state, () => {
    work()
    if (stream.status === 'UPDATING') stream.status = 'ACTIVE'
  })
}

function later(state: KinesisState, work: () => void): void {
  state.agenda.add(state.now() + state.settings.changeMs, work)
  state.settle()
}
