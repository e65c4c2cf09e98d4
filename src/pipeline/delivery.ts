import type { ReaderNote } from '../change/shard.ts'
import type { TailraceError } from '../errors.ts'
import type { ProducerRecord } from '../kafka/kafka.ts'
import { retentionOf } from '../change/retention.ts'
import { endEntries, passOverEntries, progressEntry } from '../lanes/hand-over.ts'
import type { LaneContext } from '../lanes/hand-over.ts'
import type { LaneState, ShardState } from '../lanes/lane-state.ts'
import type { AddressedEntry, StopEntry, TableEntry } from '../lanes/ledger-entry.ts'
import type { PageMark } from '../sources/source.ts'
import { mayPassOverGaps } from '../lanes/snapshot-progress.ts'
import { orAbandon } from './attachments.ts'
import type { LaneEnvironment } from './lane-environment.ts'
import type { FeedBatch, FeedEnd } from './lane-feeds.ts'
import { isFromBefore, isLoss } from './loss.ts'
import { describeLostInterval, lostIntervalOf } from './lost-interval.ts'
import type { PipelineEvent, ShardProgress } from './pipeline-event.ts'
import type { RowMemory } from './snapshot/contained-changes.ts'
import { leftOutEvents } from './left-out-events.ts'
import type { Attachment, StageOutput, StagePosition, TopicPins } from './stages.ts'
import { convertWithin } from './topic-limits.ts'
import type { LaneTopics } from './topic-pins.ts'
import { topicsOfOthers } from './topics-of-others.ts'

/** One transaction in the making: what to write, and what to tell once it is durable. */
export interface Delivery {
  readonly output: readonly ProducerRecord[]
  readonly entries: readonly AddressedEntry[]
  readonly changes: number
  readonly bytes: number
  readonly progress: readonly ShardProgress[]
  /** To be reported after the commit. */
  readonly events: readonly PipelineEvent[]
  /** To be told of the transaction's fate. */
  readonly attachments: readonly Attachment[]
  /** Tables that must not be read on, with the version of the table entry that this decision was made under. */
  readonly halts: readonly { readonly tableArn: string; readonly version: number }[]
}

/** What conversion needs of a lane's surroundings. */
type Converting = Pick<LaneEnvironment, 'clock' | 'stages' | 'topicLimits'>

/**
 * Turns what the feeds yielded into one transaction. Reads the state, changes nothing. Rejects when a feed failed of what
 * this process lacks.
 */
export async function prepareDelivery(
  batch: FeedBatch,
  state: LaneState,
  parts: {
    readonly context: LaneContext
    readonly environment: Converting
    readonly signal: AbortSignal
    /** Hears of a table's records in the order in which they will be written. */
    readonly onRecords: (tableArn: string, records: readonly ProducerRecord[]) => void
    /** True for a table of which the same transaction says that its scan begins. */
    readonly isBaselined: (tableArn: string) => boolean
    /** Rows in front of a table's changes; undefined if they contain none, or none that is to be left out. */
    readonly rowsInFront: (tableArn: string) => RowMemory | undefined
    readonly topics: LaneTopics
  },
): Promise<Delivery> {
  refuseExhaustion(batch.failures)
  const draft = createDraft(state, parts.context)
  await orAbandon(draft.attachments, async () => {
    for (const { key, takePage } of batch.pages) {
      const known = draft.lookUp(key)
      if (known === undefined || draft.isHalted(known.shard)) continue
      const rows = parts.rowsInFront(known.table.table.arn)
      const isTopicOfAnother = topicsOfOthers(state, known.table)
      const page = takePage()
      const pins = parts.topics.ofTable(known.table.table.arn)
      const converted = await convert(known, page?.records ?? [], rows, { ...parts, isTopicOfAnother, pins })
      const output = page?.mark === undefined ? converted : marked(converted, page.mark)
      rows?.forget(output.caughtUp)
      draft.addOutput(key, known, output)
      parts.topics.keep(known.table.table.arn, output.records)
      parts.onRecords(known.table.table.arn, output.records)
      if (output.failure !== undefined) draft.stop(key, known, output.failure)
    }
  })
  for (const end of batch.ends) {
    const known = draft.lookUp(end.key)
    if (known !== undefined) draft.end(known, end)
  }
  for (const { key, error } of batch.failures) {
    const known = draft.lookUp(key)
    if (known === undefined) continue
    const { shard, table } = known
    if (isFromBefore(shard, error, parts.context.nowMs, retentionOf(table.table))) draft.passOver(known, error, false)
    else if (isLoss(error.code) && mayPassOverGaps(state, table) && !parts.isBaselined(table.table.arn))
      draft.passOver(known, error, true)
    else draft.stop(key, known, error)
  }
  return draft.finish()
}

/** What this process alone cannot read must not stop a table for everybody: the worker leaves instead. */
export function refuseExhaustion(failures: readonly { readonly error: TailraceError }[]): void {
  const exhausted = failures.find(({ error }) => error.code === 'OUT_OF_FILE_HANDLES')
  if (exhausted !== undefined) throw exhausted.error
}

function convert(
  { shard, table }: Known,
  records: readonly unknown[],
  rows: RowMemory | undefined,
  parts: {
    readonly environment: Converting
    readonly signal: AbortSignal
    readonly isTopicOfAnother: (topic: string) => boolean
    readonly pins: TopicPins
  },
): Promise<StageOutput> {
  const { environment, signal, isTopicOfAnother, pins } = parts
  const { topicLimits, stages, clock } = environment
  const { shardId, generation, notBeforeMs } = shard
  const rowInFront = rows === undefined ? undefined : (item: string) => rows.rowOf(item)
  const page = { table, shardId, generation, records, notBeforeMs, rowInFront, isTopicOfAnother, pins }
  const process = (maxRecordBytes: number): Promise<StageOutput> =>
    stages.process({ ...page, maxRecordBytes, nowMs: clock.now() }, signal)
  // Where each record has a topic of its own, the topics' own limits count.
  if (table.topic === '') return process(Number.MAX_SAFE_INTEGER)
  return convertWithin(topicLimits, table.topic, process, signal)
}

/** A page whose position does not follow from its records is delivered whole, or not at all. */
function marked(output: StageOutput, { after, createdAtMs, note }: PageMark): Positioned {
  if (output.failure === undefined) return { ...output, last: { sequenceNumber: after, createdAtMs, note } }
  for (const attachment of output.attachments) attachment.settle('aborted')
  return { ...nothingOf(output), failure: output.failure }
}

function nothingOf(output: StageOutput): StageOutput {
  const left = { dropped: 0, rejected: [] }
  return { ...output, records: [], bytes: 0, changes: 0, contained: 0, read: 0, last: undefined, left, attachments: [] }
}

/** What came of a page, with what its reader left behind. */
type Positioned = Omit<StageOutput, 'last'> & { readonly last: NotedPosition | undefined }
type NotedPosition = Omit<StagePosition, 'createdAtMs'> & {
  readonly createdAtMs: number | undefined
  readonly note?: ReaderNote
}

interface Known {
  readonly shard: ShardState
  readonly table: TableEntry
}

interface Reached {
  readonly known: Known
  readonly position: NotedPosition
  readonly changes: number
  readonly read: number
}

interface Draft {
  readonly attachments: readonly Attachment[]
  lookUp(key: string): Known | undefined
  isHalted(shard: ShardState): boolean
  addOutput(key: string, known: Known, stage: Positioned): void
  end(known: Known, end: FeedEnd): void
  /** What is missing is about to be made up for, and told of; or it is not wanted. */
  passOver(known: Known, error: TailraceError, isWanted: boolean): void
  stop(key: string, known: Known, error: TailraceError): void
  finish(): Delivery
}

function passOver({ shard, table }: Known, { code }: TailraceError, context: LaneContext): readonly AddressedEntry[] {
  return passOverEntries(shard, code !== 'SHARD_NOT_FOUND', { ...context, retentionMs: retentionOf(table.table) })
}

function createDraft(state: LaneState, context: LaneContext): Draft {
  const output: (readonly ProducerRecord[])[] = []
  const last = new Map<string, Reached>()
  const entries: AddressedEntry[] = []
  const events: PipelineEvent[] = []
  const attachments: Attachment[] = []
  const halts = new Map<string, number>()
  let changes = 0
  let bytes = 0
  return {
    attachments,
    lookUp: (key) => {
      const shard = state.shards.get(key)
      const table = shard === undefined ? undefined : state.tables.get(shard.tableArn)
      return shard === undefined || table === undefined ? undefined : { shard, table }
    },
    isHalted: (shard) => halts.has(shard.tableArn),
    addOutput: (key, known, stage) => {
      output.push(stage.records)
      changes += stage.changes
      bytes += stage.bytes
      attachments.push(...stage.attachments)
      events.push(...skipsOf(known, stage, context))
      if (stage.last !== undefined) last.set(key, reachedBy(stage, stage.last, known, last.get(key)))
    },
    end: (known, { children, readUpToMs }) => {
      entries.push(...endEntries(known.shard, children, context, readUpToMs))
      const names = children.map(({ shardId }) => shardId)
      events.push({ kind: 'shard-ended', shard: nameOf(known, context.lane), children: names })
    },
    passOver: (known, error, isWanted) => {
      const { shard } = known
      entries.push(...passOver(known, error, context))
      if (!isWanted) return
      const lost = lostIntervalOf(error, shard, shard.after, context.nowMs)
      events.push({ kind: 'stream-gap', shard: nameOf(known, context.lane), error, lost, isPassedOver: true })
    },
    stop: (key, known, error) => {
      halts.set(known.shard.tableArn, known.table.version)
      const after = last.get(key)?.position.sequenceNumber ?? known.shard.after
      const { entry, event } = stopOf({ known, error, after, context })
      entries.push({ lane: 0, entry })
      events.push(event)
    },
    finish: () => ({
      output: output.length === 1 ? (output[0] ?? []) : output.flat(),
      entries: [
        ...[...last.values()].map(({ known, position }) => progressEntry(known.shard, position, context)),
        ...entries,
      ],
      changes,
      bytes,
      progress: [...last.values()].map((reached) => progressOf(reached, context)),
      events,
      attachments,
      halts: [...halts].map(([tableArn, version]) => ({ tableArn, version })),
    }),
  }
}

function reachedBy(
  { changes, read }: Positioned,
  position: NotedPosition,
  known: Known,
  before: Reached | undefined,
): Reached {
  return { known, position, changes: (before?.changes ?? 0) + changes, read: (before?.read ?? 0) + read }
}

function skipsOf({ table }: Known, { contained, left }: Positioned, { lane }: LaneContext): readonly PipelineEvent[] {
  const { name } = table.table
  const others = leftOutEvents(left, lane, name)
  if (contained === 0) return others
  return [{ kind: 'contained-changes-skipped', lane, table: name, changes: contained }, ...others]
}

function nameOf({ shard, table }: Known, lane: number): ShardProgress['shard'] {
  const { name, arn } = table.table
  return { lane, table: name, arn, shardId: shard.shardId }
}

function progressOf({ known, position, ...counts }: Reached, { lane, nowMs }: LaneContext): ShardProgress {
  return { shard: nameOf(known, lane), ...counts, lastCreatedAtMs: position.createdAtMs ?? nowMs, committedAtMs: nowMs }
}

/** What is written and told of a shard that stops its table; of a gap also what is lost. */
function stopOf({
  known,
  error,
  after,
  context: { lane, nowMs },
}: {
  readonly known: Known
  readonly error: TailraceError
  readonly after: string | undefined
  readonly context: LaneContext
}): { readonly entry: StopEntry; readonly event: PipelineEvent } {
  const shard = nameOf(known, lane)
  const { code, message } = error
  if (!isLoss(code)) {
    const entry = stopEntry(known, { code, reason: message, after }, nowMs)
    return { entry, event: { kind: 'record-refused', shard, error } }
  }
  const lost = lostIntervalOf(error, known.shard, after, nowMs)
  const entry = stopEntry(known, { code, reason: `${message}; ${describeLostInterval(lost)}`, after }, nowMs)
  return { entry, event: { kind: 'stream-gap', shard, error, lost, isPassedOver: false } }
}

function stopEntry(
  { shard, table }: Known,
  why: Pick<StopEntry, 'code' | 'reason' | 'after'>,
  nowMs: number,
): StopEntry {
  return {
    kind: 'stop',
    tableArn: shard.tableArn,
    streamArn: shard.streamArn,
    shardId: shard.shardId,
    tableVersion: table.version,
    ...why,
    atMs: nowMs,
  }
}
