import { createBell } from '../../async/bell.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import type { Table } from '../../change/table.ts'
import type { ShardPage, Source } from '../../sources/source.ts'
import { createDeliveryQueue, deliveryDelays, faultless } from './delivery-queue.ts'
import type { DeliveryFaults } from './delivery-queue.ts'
import { followStream } from './follow-stream.ts'
import { kinesisChange } from './kinesis-change.ts'
import type { CreationPrecision, KinesisChange } from './kinesis-change.ts'
import { putChanges } from './kinesis-putter.ts'
import type { KinesisPutterOptions } from './kinesis-putter.ts'

/** From where to where changes go. `rng` decides what is delivered badly. */
export interface KinesisBridgeOptions extends KinesisPutterOptions {
  /** Whose tables are bridged; their streams must hold both images. */
  readonly source: Source
  readonly settings?: Partial<KinesisBridgeSettings>
}

/** How the bridge behaves; may be changed at any time, and counts for what is read from then on. */
export interface KinesisBridgeSettings {
  precision: CreationPrecision
  faults: DeliveryFaults
}

/** What a bridge has done. */
export interface KinesisBridgeCounts {
  /** Changes that were read. */
  readonly changes: number
  /** Records that Kinesis has. */
  readonly records: number
  /** Records that are still to be delivered. */
  readonly waiting: number
  /** Changes that Kinesis does not take, and that DynamoDB leaves out of a Kinesis stream, too. */
  readonly tooLarge: number
}

/** Stands in for DynamoDB's Kinesis destination, which DynamoDB Local does not have. */
export interface KinesisBridge {
  readonly settings: KinesisBridgeSettings
  readonly counts: KinesisBridgeCounts
  /**
   * Reads all that the tables' streams hold and then what is written, until the signal aborts; then it resolves, and what was
   * not delivered never will be. Rejects with whatever the source or Kinesis cannot do. Once only: it keeps no positions.
   */
  run(signal: AbortSignal): Promise<void>
}

/** A record's data and key together. */
const mostRecordBytes = 1024 * 1024
/** What is read waits while so many records are still to be delivered. */
const mostWaiting = 50_000
const waitMs = 20
/** A longest wait of the bell, which rings anyway. */
const idleMs = 1_000

/**
 * Makes a bridge. Streams tell the second of a change at best, so the bridge gives its own time: changes follow on one another
 * by a quarter of a millisecond at least, so in milliseconds some are equal.
 */
export function createKinesisBridge(options: KinesisBridgeOptions): KinesisBridge {
  const { source, clock, rng } = options
  const settings: KinesisBridgeSettings = { precision: 'MILLISECOND', faults: faultless, ...options.settings }
  const queue = createDeliveryQueue<KinesisChange>()
  const bell = createBell(clock)
  let [changes, records, tooLarge, lastMicros, underWay] = [0, 0, 0, 0, 0]

  const take = (table: Table, page: ShardPage): void => {
    for (const record of page.records) {
      if (!isJsonObject(record)) throw new Error('a record of DynamoDB Streams is not an object')
      lastMicros = Math.max(lastMicros + 250, Math.floor(clock.now() * 1000))
      const { precision, faults } = settings
      const change = kinesisChange(record, { tableName: table.name, createdAtMicros: lastMicros, precision })
      changes++
      if (change.data.length + change.partitionKey.length > mostRecordBytes) tooLarge++
      else for (const ms of deliveryDelays(faults, rng)) queue.add(clock.monotonic() + ms, change)
    }
    bell.ring()
  }
  const follow = async (table: Table, signal: AbortSignal): Promise<void> => {
    const onPage = async (page: ShardPage): Promise<void> => {
      take(table, page)
      while (queue.size > mostWaiting) await clock.sleep(waitMs, signal)
    }
    await followStream({ source, streamArn: table.streamArn, clock, onPage }, signal)
  }
  const deliver = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      const due = queue.takeDue(clock.monotonic(), 2_000)
      underWay = due.length
      if (due.length > 0) await putChanges(options, due, signal)
      else
        await bell.wait(
          Math.max(1, Math.min((queue.nextDueMs ?? Number.POSITIVE_INFINITY) - clock.monotonic(), idleMs)),
          signal,
        )
      records += due.length
      underWay = 0
    }
  }
  return {
    settings,
    get counts() {
      return { changes, records, waiting: queue.size + underWay, tooLarge }
    },
    run: async (signal) => {
      const failed = new AbortController()
      const end = AbortSignal.any([signal, failed.signal])
      const guarded = (work: Promise<void>): Promise<void> => work.catch((error: unknown) => failed.abort(error))
      const begin = async (): Promise<void> => {
        const tables = await source.findTables(end)
        await Promise.all(tables.map((table) => follow(table, end)))
      }
      await Promise.all([guarded(begin()), guarded(deliver(end))])
      if (!signal.aborted) failed.signal.throwIfAborted()
    },
  }
}
