import type { Clock } from '../../../src/async/clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import type { DeliveryQueue } from '../../../src/hosts/demo/delivery-queue.ts'
import type { SimulatedRequest } from '../stream-simulator/fault-plan.ts'
import { ServiceError } from '../stream-simulator/service-error.ts'
import type { SimulatedKinesisShard } from './kinesis-shard.ts'
import type { KinesisStreamDefinition, SimulatedKinesisStream } from './kinesis-stream.ts'
import type { RequestRates } from './request-rates.ts'

/** A request's body. */
export type Body = SimulatedRequest['body']

/** How the service behaves; may be changed at any time. Times in milliseconds. */
export interface KinesisSettings {
  /** How long creating, deleting, splitting and the like take when a request asks for them; each round of UpdateShardCount. */
  changeMs: number
  /** Shards per page of ListShards at most. */
  pageShards: number
  /** Records and bytes of data per page of GetRecords at most; one record is always given. */
  pageRecords: number
  pageBytes: number
  /** Where a closed shard's missing iterator comes: beside its last records, or on an empty page behind them. */
  nullIterator: 'with-last-records' | 'after-empty-page'
  /** Whether the end of a shard names its children. */
  namesChildren: boolean
  /** What becomes of a position whose number another shard or stream has given. */
  foreignNumber: 'refused' | 'accepted'
  iteratorLifetimeMs: number
  tokenLifetimeMs: number
  /** Requests per second: of a shard for records, of a shard for iterators, of a stream for listings. */
  readsPerSecond: number
  iteratorsPerSecond: number
  listingsPerSecond: number
  /** Bytes per second that a shard is read with. */
  readBytesPerSecond: number
  /** Probability that PutRecords refuses a record, and takes those beside it. */
  refusedPuts: number
  /** How far back a record's own time of arrival may lie, so that it runs backwards now and then. */
  arrivalSkewMs: number
  /** Largest data of a record. */
  mostRecordBytes: number
  /** Requests whose signing date differs more than this from the clock are refused; undefined: never. */
  maxSkewMs: number | undefined
}

/** The settings' beginning: as the service is documented, but nothing takes time. */
export function defaultKinesisSettings(): KinesisSettings {
  return {
    changeMs: 0,
    pageShards: 1_000,
    pageRecords: 10_000,
    pageBytes: 10 * 1024 * 1024,
    nullIterator: 'with-last-records',
    namesChildren: true,
    foreignNumber: 'refused',
    iteratorLifetimeMs: 5 * 60_000,
    tokenLifetimeMs: 5 * 60_000,
    readsPerSecond: 5,
    iteratorsPerSecond: 5,
    listingsPerSecond: 1_000,
    readBytesPerSecond: 2 * 1024 * 1024,
    refusedPuts: 0,
    arrivalSkewMs: 0,
    mostRecordBytes: 1024 * 1024,
    maxSkewMs: undefined,
  }
}

/** Everything that the operations share. */
export interface KinesisState {
  readonly clock: Clock
  readonly rng: Rng
  readonly region: string
  readonly account: string
  readonly settings: KinesisSettings
  readonly streams: Map<string, SimulatedKinesisStream>
  readonly rates: RequestRates
  /** What is to happen, by Clock.now. */
  readonly agenda: DeliveryQueue<() => void>
  /** Called before the agenda is looked at: whoever writes puts on it what has become due. */
  readonly writers: Set<() => void>
  /** Iterators of older generations are expired. */
  iteratorGeneration: number
  /** The moment at which what happens now happens: in the past while what was due then is being caught up with. */
  readonly now: () => number
  /** Lets happen what is due by now, in order. Called by every request and by every change. */
  readonly settle: () => void
  readonly createStream: (definition: KinesisStreamDefinition) => SimulatedKinesisStream
}

/** The stream that a request names or means by its ARN. Throws ResourceNotFoundException. */
export function requestedStream(state: KinesisState, body: Body): SimulatedKinesisStream {
  const stream = streamNamed(state, nameOf(state, body))
  if (stream.status === 'CREATING') throw notFound(state, stream.name)
  return stream
}

/** As `requestedStream`, also while the stream is being created. */
export function requestedStreamInAnyState(state: KinesisState, body: Body): SimulatedKinesisStream {
  return streamNamed(state, nameOf(state, body))
}

/** A stream by its name. Throws ResourceNotFoundException. */
export function streamNamed(state: KinesisState, name: string): SimulatedKinesisStream {
  const stream = state.streams.get(name)
  if (stream === undefined) throw notFound(state, name)
  stream.expire()
  return stream
}

/** A shard of a stream. Throws ResourceNotFoundException. */
export function shardOf(stream: SimulatedKinesisStream, shardId: string): SimulatedKinesisShard {
  if (stream.has(shardId)) return stream.shard(shardId)
  throw new ServiceError('ResourceNotFoundException', `Could not find shard ${shardId} in stream ${stream.name}`)
}

function nameOf(state: KinesisState, body: Body): string {
  const { StreamName: name, StreamARN: arn } = body
  if (typeof arn === 'string') {
    const prefix = `arn:aws:kinesis:${state.region}:${state.account}:stream/`
    const named = arn.startsWith(prefix) ? arn.slice(prefix.length) : undefined
    if (named === undefined || (typeof name === 'string' && name !== named)) throw notFound(state, arn)
    return named
  }
  if (typeof name === 'string' && name !== '') return name
  throw new ServiceError('InvalidArgumentException', 'Either StreamName or StreamARN must be given')
}

function notFound(state: KinesisState, name: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Stream ${name} under account ${state.account} not found.`)
}
