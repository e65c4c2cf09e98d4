import type { KinesisRecord } from '../../change/kinesis-record.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { abandon, orAbandon } from '../../pipeline/attachments.ts'
import type { Attachment, LeftOut, StageInput, StageOutput, Stages } from '../../pipeline/stages.ts'
import { convertWithin } from '../../pipeline/topic-limits.ts'
import type { TopicLimits } from '../../pipeline/topic-limits.ts'
import { processPage } from './change-stages.ts'
import { providePinned } from './pinned-topics.ts'
import { plainUnitsOf, processPlain, rejectedPlain } from './plain-records.ts'
import { createKinesisReading, foreignUnit, placeOfRecord, unreadableUnit } from './read-kinesis-unit.ts'
import type { ReadUnit } from './read-stream-unit.ts'
import type { OtherTopics, RecordStagesOptions } from './stage-parts.ts'
import { splitPage } from './stream-page.ts'
import type { PagePart, PageWay, WantedChanges } from './stream-page.ts'
import { createStreamTables } from './stream-tables.ts'
import type { StreamTables } from './stream-tables.ts'
import type { TableKeys } from './table-keys.ts'
import { asTailraceError } from './unit.ts'

/** What becomes of records that are no changes of tables. */
export type ForeignPolicy =
  | { readonly policy: 'fail' | 'dead-letter' }
  | { readonly policy: 'pass'; readonly topic: string }

/** The way of the records of a Kinesis stream. */
export interface StreamStagesOptions extends RecordStagesOptions, WantedChanges {
  /** `raw`: every record is delivered as it is, into the stream's own topic; what follows counts for `dynamodb` alone. */
  readonly records: 'dynamodb' | 'raw'
  readonly foreign: ForeignPolicy
  readonly keys: TableKeys
  /** The name of a table's own topic. */
  readonly topicOf: (table: Table) => string
  readonly limits: TopicLimits
  /** Here it also makes the topics of tables ready, and that of foreign records. */
  readonly otherTopics: OtherTopics
}

/**
 * Pages of a Kinesis stream, in which changes of several tables stand side by side: each table's go the ordinary way, into
 * its own topic. A page fails as a whole, with the error of the first record that cannot pass: positions of such streams
 * do not follow from records. Snapshots are not made of streams.
 */
export function createStreamStages(options: StreamStagesOptions): Stages {
  const { otherTopics, foreign } = options
  const mayShare = otherTopics.mayShare ?? false
  const parts: Parts = {
    options,
    tables: createStreamTables({
      ...options,
      mayShare,
      foreignTopic: foreign.policy === 'pass' ? foreign.topic : undefined,
    }),
    readUnit: createKinesisReading(options.late),
  }
  return {
    process: (input, signal) =>
      options.records === 'raw'
        ? processPlain(plainUnitsOf(input.records, input.shardId), input, options, signal)
        : processStreamPage(input, parts, signal),
    processRows: noSnapshot,
    processVanished: noSnapshot,
    presenceOf: () => 'foreign',
  }
}

function noSnapshot(): Promise<never> {
  return Promise.reject(new TailraceError('INTERNAL', 'a Kinesis stream has no snapshots'))
}

interface Parts {
  readonly options: StreamStagesOptions
  readonly tables: StreamTables
  readonly readUnit: ReadUnit
}

async function processStreamPage(input: StageInput, parts: Parts, signal: AbortSignal): Promise<StageOutput> {
  const split = splitPage(input.records, parts.options)
  const attachments: Attachment[] = []
  const outputs: PartOutput[] = []
  return orAbandon(attachments, async () => {
    for (const part of split.parts) {
      const output = await orFailure(() => processPart(part, input, parts, signal), signal)
      attachments.push(...output.attachments)
      outputs.push({ part, output })
    }
    const failure = firstFailure(outputs)
    if (failure === undefined) return merged(outputs, input, split.dropped)
    abandon(attachments)
    return { ...nothing, failure }
  })
}

interface PartOutput {
  readonly part: PagePart
  readonly output: StageOutput
}

async function processPart(
  { way, records }: PagePart,
  input: StageInput,
  parts: Parts,
  signal: AbortSignal,
): Promise<StageOutput> {
  const { options } = parts
  if (way.kind === 'table') return processTable(way, { ...input, records }, parts, signal)
  if (way.kind === 'foreign' && options.foreign.policy === 'pass') {
    const { topic } = options.foreign
    const units = plainUnitsOf(records, input.shardId)
    const { partitions } = await providePinned(topic, { ...options, pins: input.pins }, signal)
    const table = { ...input.table, topic, topicPartitions: partitions }
    const process = (maxRecordBytes: number): Promise<StageOutput> =>
      processPlain(units, { ...input, table, maxRecordBytes }, options, signal)
    return convertWithin(options.limits, topic, process, signal)
  }
  const toDeadLetters = options.foreign.policy === 'dead-letter'
  const units = records.map((record) => {
    const unit = way.kind === 'foreign' ? foreignUnit(record, input, { toDeadLetters }) : unreadableUnit(record, input)
    return rejectedPlain(unit, record)
  })
  return processPlain(units, input, options, signal)
}

async function processTable(
  way: PageWay & { readonly kind: 'table' },
  input: StageInput,
  { options, tables, readUnit }: Parts,
  signal: AbortSignal,
): Promise<StageOutput> {
  const { table: stream } = input
  const { table, topic, envelope } = await tables.of(stream.table, way, signal)
  const { partitions } = await providePinned(topic, { ...options, pins: input.pins }, signal)
  const page = {
    ...input,
    table: { ...stream, table, topic, topicPartitions: partitions },
    // The reader has left out what was not wanted by the time of its arrival, and there are no rows in front.
    notBeforeMs: undefined,
    rowInFront: undefined,
    isTopicOfAnother: (other: string) =>
      tables.isTopicOfAnother(other, table.name) || input.isTopicOfAnother?.(other) === true,
  }
  const process = (maxRecordBytes: number): Promise<StageOutput> =>
    processPage({ ...page, maxRecordBytes }, { envelope, readUnit }, options, signal)
  return convertWithin(options.limits, topic, process, signal)
}

/** What stops a table in front of its first record, such as a topic that cannot be had. */
async function orFailure(work: () => Promise<StageOutput>, signal: AbortSignal): Promise<StageOutput> {
  try {
    return await work()
  } catch (error) {
    if (signal.aborted || !(error instanceof TailraceError)) throw error
    return { ...nothing, failure: asTailraceError(error, 'cannot be written') }
  }
}

/** That of the record that comes first in the page. */
function firstFailure(outputs: readonly PartOutput[]): TailraceError | undefined {
  const failed = outputs.flatMap(({ part, output: { failure, read } }) =>
    failure === undefined ? [] : [{ failure, place: part.places[read] ?? 0 }],
  )
  return failed.toSorted((a, b) => a.place - b.place)[0]?.failure
}

function merged(outputs: readonly PartOutput[], input: StageInput, dropped: number): StageOutput {
  const all = outputs.map(({ output }) => output)
  const newest = input.records.at(-1) as KinesisRecord | undefined
  const place = newest === undefined ? undefined : placeOfRecord(newest, input.shardId)
  const sum = (of: (output: StageOutput) => number): number => all.reduce((total, output) => total + of(output), 0)
  return {
    records: all.length === 1 ? (all[0]?.records ?? []) : all.flatMap(({ records }) => records),
    bytes: sum(({ bytes }) => bytes),
    changes: sum(({ changes }) => changes),
    contained: 0,
    caughtUp: [],
    read: input.records.length,
    last: place?.position,
    failure: undefined,
    left: { dropped: dropped + sum(({ left }) => left.dropped), rejected: rejectedIn(all) },
    attachments: all.flatMap(({ attachments }) => attachments),
    hasOversized: all.some(({ hasOversized }) => hasOversized === true),
  }
}

function rejectedIn(outputs: readonly StageOutput[]): LeftOut['rejected'] {
  const counts = new Map<string, LeftOut['rejected'][number]>()
  for (const rejected of outputs.flatMap(({ left }) => left.rejected)) {
    const name = `${rejected.stage} ${rejected.code}`
    counts.set(name, { ...rejected, count: (counts.get(name)?.count ?? 0) + rejected.count })
  }
  return [...counts.values()]
}

const nothing: StageOutput = {
  records: [],
  bytes: 0,
  changes: 0,
  contained: 0,
  caughtUp: [],
  read: 0,
  last: undefined,
  failure: undefined,
  left: { dropped: 0, rejected: [] },
  attachments: [],
}
