import { orAbandon } from '../../pipeline/attachments.ts'
import { topicsOfOthers } from '../../pipeline/topics-of-others.ts'
import { compareSequenceNumbers } from '../../change/sequence-number.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { Attachment, Stages, TopicPins } from '../../pipeline/stages.ts'
import type { StoredLetter } from '../../rejection/stored-letter.ts'
import { convertLetter } from './convert-letter.ts'
import type { LetterLog } from './letter-log.ts'
import { entryOfLetter, isOfStream } from './stream-letters.ts'
import { settlingMarker } from './letter-marker.ts'
import { supersededClaims } from './supersession.ts'
import type { Claim, OutputLog } from './supersession.ts'

/** What replaying needs. The pipeline stands still: nobody else writes. */
export interface ReplayParts {
  readonly letters: Pick<LetterLog, 'content'>
  /** The way of a record as it is configured now, without dead letters. */
  readonly stages: Stages
  /** By ARN. */
  readonly tables: ReadonlyMap<string, TableEntry>
  /** Topics, besides the tables' own, as records were sent to them; by the table's ARN. */
  readonly pinsOf: (tableArn: string) => TopicPins
  readonly maxRecordBytes: (topic: string, signal: AbortSignal) => Promise<number>
  readonly output: OutputLog
  /** Writes records and markers in one transaction. Not called by a dry run. */
  readonly commit: (records: readonly ProducerRecord[], markers: readonly ProducerRecord[]) => Promise<void>
  readonly pipeline: string
  readonly topic: string
  readonly now: () => number
}

/** How to replay. */
export interface ReplayMode {
  /** Also writes what is older than what the output holds. */
  readonly isForced: boolean
  /** Writes nothing. */
  readonly isDry: boolean
}

/**
 * What became of a letter: `written`; `dropped`, if the configuration wants nothing of it; both settle it. The others stay
 * open: `superseded` by something newer in the output; `failed` again; `lost`, if the topic does not hold all of it.
 */
export interface ReplayOutcome {
  readonly letter: StoredLetter
  readonly kind: 'written' | 'dropped' | 'superseded' | 'failed' | 'lost'
  /** Records that were written, or would be. */
  readonly records: number
  /** Of a failed one; for people, without item values. */
  readonly code: string | undefined
  readonly reason: string | undefined
}

/** A transaction takes no further letter beyond these. */
const mostLetters = 10_000
const mostBytes = 8 * 1024 * 1024

/**
 * Takes letters once more through the stages, oldest first, and writes what comes out. Letters that are in one transaction
 * are settled by it, so one that is interrupted is gone on with by replaying again. `onOutcome` hears of each letter once its
 * fate is durable.
 */
export async function replayLetters(
  letters: readonly StoredLetter[],
  parts: ReplayParts,
  mode: ReplayMode & { readonly onOutcome: (outcome: ReplayOutcome) => void },
  signal: AbortSignal,
): Promise<void> {
  let batch: Converted[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    const converted = batch
    batch = []
    bytes = 0
    if (converted.length > 0) await settle(converted, parts, mode, signal)
  }
  try {
    for (const letter of inOrder(letters)) {
      const converted = await convert(letter, parts, signal)
      batch.push(converted)
      bytes += converted.bytes
      if (batch.length >= mostLetters || bytes >= mostBytes) await flush()
    }
    await flush()
  } finally {
    // Empty unless something failed on the way.
    for (const { attachments } of batch) for (const attachment of attachments) attachment.settle('aborted')
  }
}

/**
 * Changes by their positions, which grow with time for each item; rows by their time, and changes out of Kinesis streams;
 * merged by time. Of one record the newest letter is the only one there is.
 */
export function inOrder(letters: readonly StoredLetter[]): readonly StoredLetter[] {
  const isChange = ({ key }: StoredLetter): boolean => key.deadLetter === 'change' && !isOfStream(key)
  const changes = letters.filter(isChange).toSorted((a, b) => comparePositions(a, b))
  const rows = letters.filter((letter) => !isChange(letter)).toSorted((a, b) => a.createdAtMs - b.createdAtMs)
  const merged: StoredLetter[] = []
  let row = 0
  for (const change of changes) {
    for (let next = rows[row]; next !== undefined && next.createdAtMs < change.createdAtMs; next = rows[row]) {
      merged.push(next)
      row++
    }
    merged.push(change)
  }
  return [...merged, ...rows.slice(row)]
}

function comparePositions({ key: a }: StoredLetter, { key: b }: StoredLetter): number {
  if (a.deadLetter !== 'change' || b.deadLetter !== 'change') return 0
  return compareSequenceNumbers(a.seq, b.seq)
}

/** A letter on its way: nothing of it is written yet. */
interface Converted {
  readonly letter: StoredLetter
  readonly records: readonly ProducerRecord[]
  readonly bytes: number
  readonly attachments: readonly Attachment[]
  /** Undefined if it stays open whatever the output holds. */
  readonly claim: Claim | undefined
  readonly refusal: Pick<ReplayOutcome, 'kind' | 'code' | 'reason'> | undefined
}

async function convert(letter: StoredLetter, parts: ReplayParts, signal: AbortSignal): Promise<Converted> {
  const refused = (refusal: Converted['refusal']): Converted => {
    return { letter, records: [], bytes: 0, attachments: [], claim: undefined, refusal }
  }
  const entry = entryOfLetter(letter.key, parts.tables)
  if (entry === undefined) {
    const reason = 'the pipeline does not have its table any more'
    return refused({ kind: 'failed', code: 'TABLE_NOT_FOUND', reason })
  }
  const content = await parts.letters.content(letter, signal)
  if (content === undefined) return refused({ kind: 'lost', code: undefined, reason: 'it is not whole any more' })
  // Where each record has a topic of its own, the topics' own limits count.
  const maxRecordBytes = entry.topic === '' ? Number.MAX_SAFE_INTEGER : await parts.maxRecordBytes(entry.topic, signal)
  const isTopicOfAnother = topicsOfOthers(parts, entry)
  const pins = parts.pinsOf(entry.table.arn)
  const how = { stages: parts.stages, entry, isTopicOfAnother, pins, maxRecordBytes, nowMs: parts.now() }
  const { output, claim } = await convertLetter(letter, content, how, signal)
  const { records, bytes, attachments, failure } = output
  if (failure === undefined) return { letter, records, bytes, attachments, claim, refusal: undefined }
  for (const attachment of attachments) attachment.settle('aborted')
  return refused({ kind: 'failed', code: failure.code, reason: failure.message })
}

/** One transaction, if anything of the batch is to be settled. */
async function settle(
  batch: readonly Converted[],
  parts: ReplayParts,
  mode: ReplayMode & { readonly onOutcome: (outcome: ReplayOutcome) => void },
  signal: AbortSignal,
): Promise<void> {
  const claims = batch.flatMap(({ claim }) => (claim === undefined ? [] : [claim]))
  const superseded = await orAbandon(
    batch.flatMap(({ attachments }) => attachments),
    async () => (mode.isForced ? new Set<Claim>() : await supersededClaims(claims, parts.output, signal)),
  )
  const isHeldBack = ({ claim }: Converted): boolean => claim === undefined || superseded.has(claim)
  const settled = batch.filter((one) => !isHeldBack(one))
  const attachments = settled.flatMap((one) => one.attachments)
  const undone = batch.filter(isHeldBack).flatMap((one) => one.attachments)
  for (const attachment of mode.isDry ? [...undone, ...attachments] : undone) attachment.settle('aborted')
  if (settled.length > 0 && !mode.isDry) {
    const { pipeline, topic } = parts
    const nowMs = parts.now()
    const markers = settled.map(({ letter, records }) =>
      settlingMarker(letter, { pipeline, topic, replayed: records.length === 0 ? 'dropped' : 'written', nowMs }),
    )
    try {
      await parts.commit(
        settled.flatMap(({ records }) => records),
        markers,
      )
    } catch (error) {
      for (const attachment of attachments) attachment.settle('unknown')
      throw error
    }
    for (const attachment of attachments) attachment.settle('committed')
  }
  for (const one of batch) mode.onOutcome(outcomeOf(one, isHeldBack(one)))
}

function outcomeOf({ letter, records, refusal }: Converted, isHeldBack: boolean): ReplayOutcome {
  if (refusal !== undefined) return { letter, records: 0, ...refusal }
  const told = { letter, records: records.length, code: undefined, reason: undefined }
  if (!isHeldBack) return { ...told, kind: records.length === 0 ? 'dropped' : 'written' }
  return { ...told, kind: 'superseded', reason: 'the output has something newer, or of the same moment, under its key' }
}
