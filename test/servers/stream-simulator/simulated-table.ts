import type { Clock } from '../../../src/async/clock.ts'
import type { Item } from '../../../src/change/attribute-value.ts'
import type { KeyAttribute, StreamViewType } from '../../../src/change/table.ts'
import { canonicalItem, itemSize, keyHash, keyText, pick } from './item-text.ts'
import { createSimulatedStream } from './simulated-stream.ts'
import type { SimulatedStream } from './simulated-stream.ts'
import { createTableHistory } from './table-history.ts'
import type { RecoveryOptions, TableHistory } from './table-history.ts'
import type { LedgerWrite } from './write-ledger.ts'

/** What a table is made of. */
export interface TableDefinition {
  readonly name: string
  readonly keySchema: readonly KeyAttribute[]
  /** No stream if absent. */
  readonly viewType?: StreamViewType
  /** Shards that are open at the beginning; 1 by default. */
  readonly openShards?: number
  /** Sequence numbers grow by a digit each time so many were given; 500 by default. */
  readonly growSequenceEvery?: number
}

/** A table with its streams, old ones included. */
export interface SimulatedTable {
  readonly name: string
  readonly arn: string
  readonly id: string
  readonly createdAtMs: number
  readonly keySchema: readonly KeyAttribute[]
  /** Live items by key text, with the hash that decides shard and segment. */
  readonly items: ReadonlyMap<string, StoredItem>
  /** Oldest first. */
  readonly streams: readonly SimulatedStream[]
  /** The newest stream; throws if there is none. */
  readonly stream: SimulatedStream
  /** What point-in-time recovery keeps; undefined while it is off. */
  readonly history: TableHistory | undefined
  /** Where an item or key belongs, see `keyHash`. */
  hashOf(key: Item): number
  /** Writes an item. Writing what is already there makes no stream record. Returns the ledger's entry, if any. */
  put(item: Item): LedgerWrite | undefined
  /** Deletes an item, if it exists; `asTimeToLive` marks the record as DynamoDB's own delete. */
  delete(key: Item, options?: { readonly asTimeToLive?: boolean }): LedgerWrite | undefined
  /** Changes some attributes, making the item if it does not exist. */
  update(key: Item, set: Item, remove?: readonly string[]): LedgerWrite | undefined
  /** Makes a new stream with a new ARN. */
  enableStream(viewType: StreamViewType): SimulatedStream
  /** Ends the stream; it stays readable. */
  disableStream(): void
  /** Switches point-in-time recovery on: from now on the table can be exported. Anew, it forgets what it had. */
  enableRecovery(options?: RecoveryOptions): void
  disableRecovery(): void
}

/** An item and where it belongs. */
export interface StoredItem {
  readonly item: Item
  readonly hash: number
}

/** What a table shares with its simulator. */
export interface TableSurroundings {
  readonly clock: Clock
  readonly region: string
  readonly account: string
  /** Different for each table ever made. */
  readonly serial: number
  /** Labels are times of creation and must differ, whatever the clock says. */
  readonly nextLabel: () => string
  readonly ledger: LedgerWrite[]
}

/** Makes a table. */
export function createSimulatedTable(definition: TableDefinition, surroundings: TableSurroundings): SimulatedTable {
  return new Table(definition, surroundings)
}

class Table implements SimulatedTable {
  readonly name: string
  readonly arn: string
  readonly id: string
  readonly createdAtMs: number
  readonly keySchema: readonly KeyAttribute[]
  readonly items = new Map<string, StoredItem>()
  readonly streams: SimulatedStream[] = []
  history: TableHistory | undefined
  readonly #keyNames: readonly string[]
  readonly #versions = new Map<string, number>()
  readonly #definition: TableDefinition
  readonly #surroundings: TableSurroundings

  constructor(definition: TableDefinition, surroundings: TableSurroundings) {
    this.#definition = definition
    this.#surroundings = surroundings
    this.name = definition.name
    this.arn = `arn:aws:dynamodb:${surroundings.region}:${surroundings.account}:table/${definition.name}`
    this.id = `00000000-0000-4000-8000-${surroundings.serial.toString(16).padStart(12, '0')}`
    this.createdAtMs = surroundings.clock.now()
    this.keySchema = definition.keySchema
    this.#keyNames = definition.keySchema.map((attribute) => attribute.name)
    if (definition.viewType !== undefined) this.enableStream(definition.viewType)
  }

  get stream(): SimulatedStream {
    const newest = this.streams.at(-1)
    if (newest === undefined) throw new Error(`table ${this.name} has no stream`)
    return newest
  }

  hashOf(key: Item): number {
    return keyHash(keyText(key, this.#keyNames.slice(0, 1)))
  }

  put(item: Item): LedgerWrite | undefined {
    const key = keyText(item, this.#keyNames)
    const old = this.items.get(key)
    if (old !== undefined && canonicalItem(old.item) === canonicalItem(item)) return undefined
    const hash = old?.hash ?? this.hashOf(item)
    this.items.set(key, { item, hash })
    return this.#record(key, hash, { old: old?.item, new: item })
  }

  delete(key: Item, options?: { readonly asTimeToLive?: boolean }): LedgerWrite | undefined {
    const text = keyText(key, this.#keyNames)
    const old = this.items.get(text)
    if (old === undefined) return undefined
    this.items.delete(text)
    return this.#record(text, old.hash, { old: old.item, new: undefined, isTimeToLive: options?.asTimeToLive ?? false })
  }

  update(key: Item, set: Item, remove: readonly string[] = []): LedgerWrite | undefined {
    const old = this.items.get(keyText(key, this.#keyNames))
    const kept = Object.entries(old?.item ?? key).filter(([name]) => !remove.includes(name))
    return this.put(Object.fromEntries([...kept, ...Object.entries(set)]))
  }

  enableStream(viewType: StreamViewType): SimulatedStream {
    const { clock } = this.#surroundings
    const stream = createSimulatedStream({
      clock,
      tableArn: this.arn,
      viewType,
      openShards: this.#definition.openShards ?? 1,
      label: this.#surroundings.nextLabel(),
      growEvery: this.#definition.growSequenceEvery,
    })
    this.streams.push(stream)
    return stream
  }

  disableStream(): void {
    this.stream.disable()
  }

  enableRecovery(options?: RecoveryOptions): void {
    const begin = [...this.items].map(([key, { item, hash }]) => ({
      key,
      keys: pick(item, this.#keyNames),
      hash,
      after: item,
    }))
    this.history = createTableHistory(this.#surroundings.clock, begin, options)
  }

  disableRecovery(): void {
    this.history = undefined
  }

  #record(key: string, hash: number, change: ItemChange): LedgerWrite | undefined {
    const keys = pick(change.new ?? change.old ?? {}, this.#keyNames)
    this.history?.note({ key, keys, hash, after: change.new })
    const stream = this.streams.at(-1)
    const version = (this.#versions.get(key) ?? 0) + 1
    this.#versions.set(key, version)
    if (stream === undefined || stream.status === 'DISABLED') return undefined
    const shard = stream.owner(hash)
    const { clock, ledger, region } = this.#surroundings
    const write: LedgerWrite = {
      table: this.name,
      streamArn: stream.arn,
      shardId: shard.shardId,
      sequenceNumber: stream.numbers.next(),
      eventId: ledger.length.toString(16).padStart(32, '0'),
      operation: change.new === undefined ? 'REMOVE' : change.old === undefined ? 'INSERT' : 'MODIFY',
      key,
      version,
      writtenAtMs: clock.now(),
    }
    ledger.push(write)
    shard.records.push({
      sequenceNumber: write.sequenceNumber,
      writtenAtMs: write.writtenAtMs,
      json: JSON.stringify(wireRecord(write, change, { region, viewType: stream.viewType, keyNames: this.#keyNames })),
    })
    return write
  }
}

interface ItemChange {
  readonly old: Item | undefined
  readonly new: Item | undefined
  readonly isTimeToLive?: boolean
}

interface RecordContext {
  readonly region: string
  readonly viewType: StreamViewType
  readonly keyNames: readonly string[]
}

function wireRecord(write: LedgerWrite, change: ItemChange, context: RecordContext): unknown {
  const { viewType } = context
  const keys = pick(change.new ?? change.old ?? {}, context.keyNames)
  const newImage = viewType === 'NEW_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES' ? change.new : undefined
  const oldImage = viewType === 'OLD_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES' ? change.old : undefined
  return {
    eventID: write.eventId,
    eventName: write.operation,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: context.region,
    ...(change.isTimeToLive === true
      ? { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }
      : {}),
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(write.writtenAtMs / 1000),
      Keys: keys,
      ...(newImage === undefined ? {} : { NewImage: newImage }),
      ...(oldImage === undefined ? {} : { OldImage: oldImage }),
      SequenceNumber: write.sequenceNumber,
      SizeBytes: itemSize(keys) + itemSize(newImage ?? {}) + itemSize(oldImage ?? {}),
      StreamViewType: viewType,
    },
  }
}
