import type { Clock } from '../../async/clock.ts'
import { compareSequenceNumbers } from '../../change/sequence-number.ts'
import { TailraceError } from '../../errors.ts'
import { progressEntry } from '../../lanes/hand-over.ts'
import { shardKey } from '../../lanes/lane-state.ts'
import type { LaneState, ShardState } from '../../lanes/lane-state.ts'
import type { AddressedEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import { abandon, settled } from '../attachments.ts'
import type { StageOutput, Stages, TopicPins } from '../stages.ts'
import { convertWithin } from '../topic-limits.ts'
import type { TopicLimits } from '../topic-limits.ts'
import { createLaneTopics } from '../topic-pins.ts'
import { topicsOfOthers } from '../topics-of-others.ts'
import type { PushedBatch, PushedOutcome, PushedRecord } from './pushed-batch.ts'
import type { HeldShard } from './ready-ledger.ts'

/** What delivery needs besides the shard. */
export interface BatchParts {
  readonly stages: Stages
  readonly topicLimits: TopicLimits
  readonly clock: Clock
  readonly keepsPositions: boolean
}

/**
 * Drops what the shard's position covers, and writes what came of the rest together with the new position. Of a batch
 * with a record that cannot pass, everything in front of it is written. A rejection leaves the outcome open: the shard must be
 * taken anew.
 */
export async function deliverBatch(
  batch: PushedBatch,
  { session, table }: HeldShard,
  parts: BatchParts,
  signal: AbortSignal,
): Promise<PushedOutcome> {
  const { keepsPositions, clock } = parts
  refuseDisorder(batch)
  const shard = shardOf(session.state, batch, keepsPositions)
  const unread = keepsPositions ? unreadOf(batch.records, shard) : batch.records
  const fresh = wantedOf(unread, shard, table)
  const counts = { records: batch.records.length, repeated: batch.records.length - unread.length }
  if (fresh.length === 0) return { ...counts, changes: 0, left: { dropped: 0, rejected: [] }, failure: undefined }
  const isTopicOfAnother = topicsOfOthers(session.state, table)
  const { lane, state } = session
  const topics = createLaneTopics(state, { lane, lanes: state.identity?.lanes ?? 0 })
  const convert = (records: readonly PushedRecord[]): Promise<StageOutput> => {
    const pins = topics.ofTable(table.table.arn)
    return convertRecords(records, { ...parts, shard, table, isTopicOfAnother, pins }, signal)
  }
  const { output, delivered } = await convertWhatPasses(fresh, convert)
  topics.keep(table.table.arn, output.records)
  const last = delivered.at(-1)
  const entries: AddressedEntry[] = [...topics.entries]
  if (keepsPositions && last !== undefined) {
    const position = { sequenceNumber: last.sequenceNumber, createdAtMs: output.last?.createdAtMs }
    entries.push(progressEntry(shard, position, { lane, lanes: 0, nowMs: clock.now() }))
  }
  await settled(output.attachments, session, () => session.commit({ output: output.records, entries }, signal))
  const { changes, left, failure: error } = output
  const refused = fresh[delivered.length]
  const failure =
    error === undefined || refused === undefined ? undefined : { error, sequenceNumber: refused.sequenceNumber }
  return { ...counts, changes, left, failure }
}

/** Within a shard numbers grow; anything else is no batch of Lambda's, and a position would not say what it covers. */
function refuseDisorder({ records, shardId }: PushedBatch): void {
  let before: string | undefined
  for (const { sequenceNumber } of records) {
    if (before !== undefined && compareSequenceNumbers(sequenceNumber, before) <= 0) {
      throw new TailraceError(
        'LAMBDA_EVENT_MIXED',
        `a batch of shard ${shardId} holds sequence number ${sequenceNumber} behind ${before}`,
      )
    }
    before = sequenceNumber
  }
}

/** As the ledger has it; of a shard that is met for the first time, nothing is delivered. */
function shardOf(
  { shards }: LaneState,
  { streamArn, shardId, tableArn }: PushedBatch,
  keepsPositions: boolean,
): ShardState {
  const known = shards.get(shardKey(streamArn, shardId))
  if (known?.status === 'moved' && keepsPositions)
    throw new TailraceError('WAY_CONFLICT', `shard ${shardId} was moved to another lane, as only workers do`)
  if (known !== undefined) return known
  return {
    tableArn,
    streamArn,
    shardId,
    generation: 0,
    status: 'open',
    after: undefined,
    createdAtMs: undefined,
    notBeforeMs: undefined,
    endedParents: new Set(),
    parents: [],
    sinceMs: undefined,
    begunAtMs: undefined,
    note: undefined,
    inherited: undefined,
    at: undefined,
  }
}

/** A worker that has read a shard to its end has delivered all of it. */
function unreadOf(records: readonly PushedRecord[], { status, after }: ShardState): readonly PushedRecord[] {
  if (status === 'end') return []
  if (after === undefined) return records
  return records.filter(({ sequenceNumber }) => compareSequenceNumbers(sequenceNumber, after) > 0)
}

/** Of a shard that nothing was delivered of, what was written before the configured start is not wanted. */
function wantedOf(records: readonly PushedRecord[], shard: ShardState, table: TableEntry): readonly PushedRecord[] {
  const notBeforeMs = laterOf(shard.notBeforeMs, table.notBeforeMs)
  if (notBeforeMs === undefined || shard.after !== undefined) return records
  return records.filter(({ writtenAtMs }) => writtenAtMs === undefined || writtenAtMs >= notBeforeMs)
}

async function convertRecords(
  records: readonly PushedRecord[],
  of: BatchParts & {
    readonly shard: ShardState
    readonly table: TableEntry
    readonly isTopicOfAnother: (topic: string) => boolean
    readonly pins: TopicPins
  },
  signal: AbortSignal,
): Promise<StageOutput> {
  const { shard, table, stages, topicLimits, clock, isTopicOfAnother, pins } = of
  const { shardId, generation } = shard
  const notBeforeMs = laterOf(shard.notBeforeMs, table.notBeforeMs)
  const page = { table, shardId, generation, records: records.flatMap(({ wires }) => wires), notBeforeMs }
  const process = (maxRecordBytes: number): Promise<StageOutput> =>
    stages.process({ ...page, isTopicOfAnother, pins, maxRecordBytes, nowMs: clock.now() }, signal)
  if (table.topic === '') return process(Number.MAX_SAFE_INTEGER)
  return convertWithin(topicLimits, table.topic, process, signal)
}

/**
 * Some stages take a page whole or not at all, and what was packed in one record must not be torn apart. Then what is in
 * front of the record that cannot pass is converted by itself, so that it is not held up together with it.
 */
async function convertWhatPasses(
  records: readonly PushedRecord[],
  convert: (records: readonly PushedRecord[]) => Promise<StageOutput>,
): Promise<{ readonly output: StageOutput; readonly delivered: readonly PushedRecord[] }> {
  const damagedAt = records.findIndex(({ damage }) => damage !== undefined)
  if (damagedAt >= 0) {
    const { output, delivered } = await convertWhatPasses(records.slice(0, damagedAt), convert)
    return { output: { ...output, failure: output.failure ?? records[damagedAt]?.damage }, delivered }
  }
  const output = await convert(records)
  const { failure, read } = output
  if (failure === undefined) return { output, delivered: records }
  const front = records.slice(0, read > 0 ? wholeRecords(records, read) : placeOf(failure, records))
  if (wiresOf(front) === read) return { output, delivered: front }
  abandon(output.attachments)
  if (front.length === 0) return { output: nothingOf(output), delivered: [] }
  const passed = await convert(front)
  if (passed.failure === undefined) return { output: { ...passed, failure }, delivered: front }
  abandon(passed.attachments)
  return { output: nothingOf(passed), delivered: [] }
}

/** Of the records that were packed of so many wires, how many are dealt with as a whole. */
function wholeRecords(records: readonly PushedRecord[], wires: number): number {
  let sum = 0
  const stop = records.findIndex(({ wires: own }) => {
    sum += own.length
    return sum > wires
  })
  return stop < 0 ? records.length : stop
}

function wiresOf(records: readonly PushedRecord[]): number {
  return records.reduce((sum, { wires }) => sum + wires.length, 0)
}

/** Where the record is that an error names; 0 where it names none of these. */
function placeOf({ details }: TailraceError, records: readonly PushedRecord[]): number {
  // Of a packed record also its place in the package is named.
  const named = String(details['sequenceNumber'] ?? '').split('/')[0]
  return Math.max(
    0,
    records.findIndex(({ sequenceNumber }) => sequenceNumber === named),
  )
}

function nothingOf(output: StageOutput): StageOutput {
  return { ...output, records: [], bytes: 0, changes: 0, read: 0, last: undefined, attachments: [] }
}

function laterOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a
}
