import type { Rng } from '../../../src/async/rng.ts'
import { hashKeyOf, lastHashKey, uniformRanges } from './hash-keys.ts'
import type { HashKeyRange } from './hash-keys.ts'
import { closeKinesisShard, createKinesisShard, nextSequenceNumber } from './kinesis-shard.ts'
import type { SimulatedKinesisShard } from './kinesis-shard.ts'
import { shardCountRound } from './shard-count.ts'

/** Whether the partition key decides about the shard, or nothing that a producer says. */
export type RecordDistribution = 'USER_PARTITION_KEY' | 'AUTO'

/** What a stream begins as. */
export interface KinesisStreamDefinition {
  readonly name: string
  /** Open shards at the beginning; 1 by default, 4 of an on-demand stream. */
  readonly shards?: number
  /** `PROVISIONED` by default. */
  readonly mode?: 'PROVISIONED' | 'ON_DEMAND'
  readonly distribution?: RecordDistribution
  /** 24 hours by default. */
  readonly retentionMs?: number
}

/** A record to be written. `explicitHashKey` decides about the shard instead of the partition key's hash. */
export interface KinesisInput {
  readonly partitionKey: string
  readonly data: Buffer
  readonly explicitHashKey?: string
}

/** Where a record went. */
export interface KinesisRecordPlace {
  readonly shardId: string
  readonly sequenceNumber: string
}

/** A stream: shards that are split and merged. Every method first lets happen what was due. */
export interface SimulatedKinesisStream {
  readonly name: string
  readonly arn: string
  readonly createdAtMs: number
  status: 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING'
  mode: 'PROVISIONED' | 'ON_DEMAND'
  distribution: RecordDistribution
  /** A smaller one counts at once, for all records and closed shards. */
  retentionMs: number
  /** In order of creation, which is that of their ids. Forgotten shards are not here any more. */
  readonly shards: readonly SimulatedKinesisShard[]
  shard(shardId: string): SimulatedKinesisShard
  has(shardId: string): boolean
  openShards(): readonly SimulatedKinesisShard[]
  put(input: KinesisInput): KinesisRecordPlace
  /** Ends a shard; two children take its range over, the second one from the given hash key (by default the middle). */
  split(shardId: string, at?: bigint): readonly [SimulatedKinesisShard, SimulatedKinesisShard]
  /** Ends two neighbours; one child takes both ranges over. */
  merge(shardId: string, adjacent: string): SimulatedKinesisShard
  /** One round of `updateShardCount`; false if there was nothing left to do. */
  stepToShardCount(target: number): boolean
  /** Splits and merges until there are so many open shards of one size. */
  updateShardCount(target: number): void
  /** Deletes the oldest records of a shard: so many, or all. */
  trim(shardId: string, records: number | 'all'): void
  /** Deletes a shard: it is neither listed nor readable. */
  forget(shardId: string): void
  /** What the service does all the time: what is older than the retention goes, and shards that closed so long ago. */
  expire(): void
  /** Leaves a shard out of listings for some calls, or some time. */
  listLate(shardId: string, until: { readonly calls?: number; readonly ms?: number }): void
  /** Shows a closed shard as open for some calls. */
  listAsOpen(shardId: string, calls: number): void
}

/** What a stream shares with its service. */
export interface KinesisSurroundings {
  /** The moment at which what happens now happens. Milliseconds. */
  readonly now: () => number
  /** Lets happen what is due by now. */
  readonly settle: () => void
  readonly rng: Rng
  readonly region: string
  readonly account: string
  /** How far back a record's own time of arrival may lie. Milliseconds. */
  readonly arrivalSkewMs: () => number
}

const dayMs = 24 * 3_600_000

/** Makes a stream, active at once. */
export function createSimulatedKinesisStream(
  definition: KinesisStreamDefinition,
  surroundings: KinesisSurroundings,
): SimulatedKinesisStream {
  return new Stream(definition, surroundings)
}

class Stream implements SimulatedKinesisStream {
  readonly name: string
  readonly arn: string
  readonly createdAtMs: number
  status: SimulatedKinesisStream['status'] = 'ACTIVE'
  mode: SimulatedKinesisStream['mode']
  distribution: RecordDistribution
  retentionMs: number
  readonly shards: SimulatedKinesisShard[] = []
  readonly #byId = new Map<string, SimulatedKinesisShard>()
  readonly #open = new Set<SimulatedKinesisShard>()
  readonly #surroundings: KinesisSurroundings
  #made = 0

  constructor(definition: KinesisStreamDefinition, surroundings: KinesisSurroundings) {
    this.#surroundings = surroundings
    this.name = definition.name
    this.arn = `arn:aws:kinesis:${surroundings.region}:${surroundings.account}:stream/${definition.name}`
    this.createdAtMs = surroundings.now()
    this.mode = definition.mode ?? 'PROVISIONED'
    this.distribution = definition.distribution ?? 'USER_PARTITION_KEY'
    this.retentionMs = definition.retentionMs ?? dayMs
    for (const range of uniformRanges(definition.shards ?? (this.mode === 'ON_DEMAND' ? 4 : 1))) this.#make(range, [])
  }

  shard(shardId: string): SimulatedKinesisShard {
    const shard = this.#byId.get(shardId)
    if (shard === undefined) throw new Error(`no shard ${shardId}`)
    return shard
  }

  has(shardId: string): boolean {
    return this.#byId.has(shardId)
  }

  openShards(): readonly SimulatedKinesisShard[] {
    return [...this.#open]
  }

  put(input: KinesisInput): KinesisRecordPlace {
    const { settle, now, rng, arrivalSkewMs } = this.#surroundings
    settle()
    const shard = this.#shardFor(input)
    const arrivedAtMs = now()
    const sequenceNumber = nextSequenceNumber(shard, arrivedAtMs)
    const skewMs = arrivalSkewMs()
    const shownMs = Math.floor(skewMs === 0 ? arrivedAtMs : arrivedAtMs - rng.next() * skewMs)
    const { partitionKey, data } = input
    const json = JSON.stringify({
      SequenceNumber: sequenceNumber,
      ApproximateArrivalTimestamp: shownMs / 1000,
      Data: data.toString('base64'),
      PartitionKey: partitionKey,
      EncryptionType: 'NONE',
    })
    shard.records.push({ sequenceNumber, arrivedAtMs, partitionKey, data, json })
    return { shardId: shard.shardId, sequenceNumber }
  }

  split(shardId: string, at?: bigint): readonly [SimulatedKinesisShard, SimulatedKinesisShard] {
    this.#surroundings.settle()
    const parent = this.shard(shardId)
    const middle = at ?? (parent.from + parent.to + 1n) / 2n
    if (middle <= parent.from || middle > parent.to) throw new Error(`shard ${shardId} cannot be split there`)
    this.#end(parent)
    return [
      this.#make({ from: parent.from, to: middle - 1n }, [parent]),
      this.#make({ from: middle, to: parent.to }, [parent]),
    ]
  }

  merge(shardId: string, adjacent: string): SimulatedKinesisShard {
    this.#surroundings.settle()
    const parents = [this.shard(shardId), this.shard(adjacent)] as const
    const [left, right] = parents.toSorted((a, b) => (a.from < b.from ? -1 : 1))
    if (left === undefined || right === undefined || left.to + 1n !== right.from)
      throw new Error(`shards ${shardId} and ${adjacent} are no neighbours`)
    for (const parent of parents) this.#end(parent)
    return this.#make({ from: left.from, to: right.to }, parents)
  }

  stepToShardCount(target: number): boolean {
    this.#surroundings.settle()
    const round = shardCountRound(this.openShards(), target)
    for (const { shard, at } of round?.splits ?? []) this.split(shard.shardId, at)
    for (const [left, right] of round?.merges ?? []) this.merge(left.shardId, right.shardId)
    return round !== undefined
  }

  updateShardCount(target: number): void {
    for (let isOver = false; !isOver;) isOver = !this.stepToShardCount(target)
  }

  trim(shardId: string, records: number | 'all'): void {
    this.#surroundings.settle()
    const shard = this.shard(shardId)
    const wanted = records === 'all' ? shard.records.length : shard.trimmed + records
    shard.trimmed = Math.min(wanted, shard.records.length)
  }

  forget(shardId: string): void {
    this.#surroundings.settle()
    const shard = this.shard(shardId)
    this.shards.splice(this.shards.indexOf(shard), 1)
    this.#byId.delete(shardId)
    this.#open.delete(shard)
  }

  expire(): void {
    const horizonMs = this.#surroundings.now() - this.retentionMs
    if (horizonMs <= this.createdAtMs) return
    for (const shard of this.shards.filter(({ closedAtMs }) => closedAtMs !== undefined && closedAtMs < horizonMs))
      this.forget(shard.shardId)
    for (const shard of this.shards) {
      while ((shard.records[shard.trimmed]?.arrivedAtMs ?? Number.POSITIVE_INFINITY) < horizonMs) shard.trimmed++
    }
  }

  listLate(shardId: string, until: { readonly calls?: number; readonly ms?: number }): void {
    const { lies } = this.shard(shardId)
    lies.hiddenCalls = until.calls ?? 0
    lies.hiddenUntilMs = until.ms === undefined ? 0 : this.#surroundings.now() + until.ms
  }

  listAsOpen(shardId: string, calls: number): void {
    this.shard(shardId).lies.openCalls = calls
  }

  #make(range: HashKeyRange, parents: readonly SimulatedKinesisShard[]): SimulatedKinesisShard {
    const shard = createKinesisShard(range, parents, { index: this.#made++, nowMs: this.#surroundings.now() })
    this.shards.push(shard)
    this.#byId.set(shard.shardId, shard)
    this.#open.add(shard)
    return shard
  }

  #end(shard: SimulatedKinesisShard): void {
    if (!this.#open.delete(shard)) throw new Error(`shard ${shard.shardId} is not open`)
    closeKinesisShard(shard, this.#surroundings.now())
  }

  #shardFor({ partitionKey, explicitHashKey }: KinesisInput): SimulatedKinesisShard {
    if (this.distribution === 'AUTO') {
      const open = this.openShards()
      const chosen = open[Math.floor(this.#surroundings.rng.next() * open.length)]
      if (chosen !== undefined) return chosen
    }
    const key = explicitHashKey === undefined ? hashKeyOf(partitionKey) : BigInt(explicitHashKey)
    if (key > lastHashKey) throw new Error('a hash key has 128 bits')
    for (const shard of this.#open) if (key >= shard.from && key <= shard.to) return shard
    throw new Error('no open shard owns the hash key')
  }
}
