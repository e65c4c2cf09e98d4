import type { ProducerRecord } from '../kafka/kafka.ts'
import type { LaneContext } from '../lanes/hand-over.ts'
import type { LaneCommit } from '../lanes/lane-session.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { AddressedEntry } from '../lanes/ledger-entry.ts'
import { orAbandon } from './attachments.ts'
import { prepareDelivery } from './delivery.ts'
import type { Delivery } from './delivery.ts'
import type { LaneEnvironment } from './lane-environment.ts'
import type { FeedBatch } from './lane-feeds.ts'
import type { LaneScans, ScanBatch } from './snapshot/lane-scans.ts'
import { createLaneTopics } from './topic-pins.ts'
import { prepareRows } from './snapshot/row-delivery.ts'
import type { RowDelivery } from './snapshot/row-delivery.ts'

/** Everything that one transaction of a lane is made of. */
export interface LaneWork {
  /** What others asked this lane to write, and what it owes. */
  readonly entries: readonly AddressedEntry[]
  /** What those others want to be told together with it. */
  readonly told: readonly ProducerRecord[]
  readonly batch: FeedBatch
  readonly scanned: ScanBatch
}

/** A transaction that is ready to be written, and what it was made of. */
export interface LaneTransaction extends LaneCommit {
  readonly delivery: Delivery
  readonly rows: RowDelivery
  readonly isEmpty: boolean
  /** True if nothing but positions moves: no shard and no scan begins or ends with it. */
  readonly isPlain: boolean
}

/** Changes first, then the rows behind them, which they displace. Changes nothing but what the scans remember. */
export async function prepareTransaction(
  work: LaneWork,
  state: LaneState,
  parts: {
    readonly context: LaneContext
    readonly environment: LaneEnvironment
    readonly scans: LaneScans
    readonly signal: AbortSignal
  },
): Promise<LaneTransaction> {
  const { baselines } = work.scanned
  const topics = createLaneTopics(state, parts.context)
  const delivery = await prepareDelivery(work.batch, state, {
    ...parts,
    isBaselined: (arn) => baselines.some(({ tableArn }) => tableArn === arn),
    onRecords: (tableArn, records) => parts.scans.note(tableArn, records),
    rowsInFront: (tableArn) => parts.scans.rowsInFront(tableArn),
    topics,
  })
  const withImages = (arn: string): boolean => parts.scans.rowsInFront(arn) !== undefined
  const rows = await orAbandon(delivery.attachments, () =>
    prepareRows(work.scanned, state, { ...parts, withImages, topics }),
  )
  const noted = baselines.map((entry) => ({ lane: parts.context.lane, entry }))
  const entries = [...work.entries, ...noted, ...topics.entries, ...delivery.entries, ...rows.entries]
  const more = [...rows.output, ...work.told]
  const output = more.length === 0 ? delivery.output : [...delivery.output, ...more]
  return {
    delivery,
    rows,
    output,
    entries,
    isEmpty: entries.length === 0 && output.length === 0,
    isPlain: entries.length === delivery.progress.length + rows.advanced && rows.reopen.length === 0,
  }
}
