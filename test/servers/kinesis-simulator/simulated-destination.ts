import type { Rng } from '../../../src/async/rng.ts'
import { parseJson } from '../../../src/aws/exact-json.ts'
import { isJsonObject } from '../../../src/aws/json-object.ts'
import { deliveryDelays, faultless } from '../../../src/hosts/demo/delivery-queue.ts'
import type { DeliveryFaults } from '../../../src/hosts/demo/delivery-queue.ts'
import { kinesisChange } from '../../../src/hosts/demo/kinesis-change.ts'
import type { CreationPrecision } from '../../../src/hosts/demo/kinesis-change.ts'
import type { SimulatedTable } from '../stream-simulator/simulated-table.ts'
import type { LedgerWrite } from '../stream-simulator/write-ledger.ts'
import type { KinesisRecordPlace } from './kinesis-stream.ts'
import type { ServedKinesis } from './kinesis-service.ts'

/** How changes are delivered; may be changed at any time. Of what was written before, it counts for what has not settled. */
export interface DestinationSettings {
  precision: CreationPrecision
  faults: DeliveryFaults
  /** Times of creation are rounded down to so many milliseconds, so that changes of an item share them. 0: they are not. */
  tieMs: number
  /** While true nothing is delivered; afterwards everything that was held back comes at once. */
  isHeldBack: boolean
}

/** What became of one change: for an oracle, beside the ledger, which has the true order. */
export interface DeliveredChange {
  readonly eventId: string
  readonly key: string
  readonly version: number
  /** As the record says it. Microseconds, also where the record says milliseconds. */
  readonly createdAtMicros: number
  /** In the order of delivery; empty until the first one, and for a change that is too large for Kinesis. */
  readonly places: readonly (KinesisRecordPlace & { readonly atMs: number })[]
}

/** A table's way into a Kinesis stream, as DynamoDB has it: at least once, and in no order. */
export interface SimulatedDestination {
  readonly settings: DestinationSettings
  /** By event id, in the order in which they were made. */
  readonly changes: ReadonlyMap<string, DeliveredChange>
  /** Deliveries that are still to come. */
  readonly waiting: number
  /** Changes that were left out because no record can hold them. */
  readonly tooLarge: readonly string[]
  /** What is written from now on is not delivered; what was written still is. */
  stop(): void
}

/** Whose changes go where. */
export interface DestinationOptions {
  readonly kinesis: ServedKinesis
  /** Name of the stream. One that is made anew under the name gets what is delivered from then on. */
  readonly stream: string
  /** With a stream of both images, which is read as changes are made; what it held before is not delivered. */
  readonly table: SimulatedTable
  /** The ledger of the table's service: changes are found there. */
  readonly ledger: readonly LedgerWrite[]
  /** Decides which changes are delivered badly. */
  readonly rng: Rng
  readonly settings?: Partial<DestinationSettings>
}

/**
 * Delivers a simulated table's changes into a simulated stream from now on. It has no timers: what was due is delivered, at its
 * time and in its order, when the service settles. While the stream does not exist, what is due is lost.
 */
export function createSimulatedDestination(options: DestinationOptions): SimulatedDestination {
  return new Destination(options)
}

type MutableChange = DeliveredChange & { readonly places: (KinesisRecordPlace & { readonly atMs: number })[] }

class Destination implements SimulatedDestination {
  readonly settings: DestinationSettings
  readonly changes = new Map<string, MutableChange>()
  readonly tooLarge: string[] = []
  readonly #options: DestinationOptions
  /** Records of each shard of the table's stream that were looked at. */
  readonly #seen = new Map<string, number>()
  #nextWrite: number
  #lastMicros = 0
  #waiting = 0

  constructor(options: DestinationOptions) {
    this.#options = options
    this.settings = { precision: 'MILLISECOND', faults: faultless, tieMs: 0, isHeldBack: false, ...options.settings }
    this.#nextWrite = options.ledger.length
    for (const stream of options.table.streams)
      for (const { shardId, records } of stream.shards) this.#seen.set(shardId, records.length)
    options.kinesis.state.writers.add(this.#take)
  }

  get waiting(): number {
    return this.#waiting
  }

  stop(): void {
    this.#options.kinesis.settle()
    this.#options.kinesis.state.writers.delete(this.#take)
  }

  readonly #take = (): void => {
    const { ledger, table } = this.#options
    if (this.settings.isHeldBack) return
    for (; this.#nextWrite < ledger.length; this.#nextWrite++) {
      const write = ledger[this.#nextWrite]
      if (write?.table === table.name && table.stream.arn === write.streamArn) this.#schedule(write)
    }
  }

  #schedule(write: LedgerWrite): void {
    const { kinesis, table, rng } = this.#options
    const { precision, faults } = this.settings
    const change: MutableChange = {
      eventId: write.eventId,
      key: write.key,
      version: write.version,
      createdAtMicros: this.#creationTime(write.writtenAtMs),
      places: [],
    }
    const context = { tableName: table.name, createdAtMicros: change.createdAtMicros, precision }
    const { partitionKey, data } = kinesisChange(this.#recordOf(write), context)
    this.changes.set(write.eventId, change)
    if (data.length + partitionKey.length > kinesis.settings.mostRecordBytes) {
      this.tooLarge.push(write.eventId)
      return
    }
    for (const delayMs of deliveryDelays(faults, rng)) {
      this.#waiting++
      kinesis.state.agenda.add(write.writtenAtMs + delayMs, () => {
        this.#waiting--
        const stream = kinesis.state.streams.get(this.#options.stream)
        if (stream === undefined) return
        change.places.push({ ...stream.put({ partitionKey, data }), atMs: kinesis.state.now() })
      })
    }
  }

  #recordOf({ shardId, sequenceNumber }: LedgerWrite): Readonly<Record<string, unknown>> {
    const { records } = this.#options.table.stream.shard(shardId)
    const index = this.#seen.get(shardId) ?? 0
    const stored = records[index]
    if (stored?.sequenceNumber !== sequenceNumber) throw new Error('the ledger and the stream of a table do not fit')
    this.#seen.set(shardId, index + 1)
    const record = parseJson(Buffer.from(stored.json))
    if (!isJsonObject(record)) throw new Error('a record is no object')
    return record
  }

  /** No two changes of a table are of one microsecond, unless ties are wanted. */
  #creationTime(writtenAtMs: number): number {
    this.#lastMicros = Math.max(this.#lastMicros + 1, Math.floor(writtenAtMs * 1000))
    const { tieMs } = this.settings
    return tieMs === 0 ? this.#lastMicros : this.#lastMicros - (this.#lastMicros % (tieMs * 1000))
  }
}
