import { parseJson } from '../../aws/exact-json.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { RowOutput, StageOutput, Stages, TopicPins } from '../../pipeline/stages.ts'
import { letterHeaders } from '../../rejection/letter-headers.ts'
import type { StoredLetter } from '../../rejection/stored-letter.ts'
import type { LetterContent } from './letter-log.ts'
import { isOfStream, recordOfLetter } from './stream-letters.ts'
import type { Claim } from './supersession.ts'

/** What comes of a letter on the way of a record as it is now, and what it must not stand behind. */
export interface ConvertedLetter {
  readonly output: StageOutput | RowOutput
  readonly claim: Claim
}

/** What a letter's record is converted with. */
interface Converting {
  readonly stages: Stages
  readonly entry: TableEntry
  readonly isTopicOfAnother: (topic: string) => boolean
  readonly pins: TopicPins
  readonly maxRecordBytes: number
  readonly nowMs: number
}

/** Takes a letter's record through the stages as the lane did that met it. Rejects when `signal` aborts. */
export async function convertLetter(
  letter: StoredLetter,
  content: LetterContent,
  how: Converting,
  signal: AbortSignal,
): Promise<ConvertedLetter> {
  const { stages, entry: table, ...limits } = how
  const { key } = letter
  if (key.deadLetter === 'change' && isOfStream(key)) return ofStream(letter, content, how, signal)
  const wire = parseJson(content.value)
  if (key.deadLetter === 'change') {
    const input = { table, shardId: key.shard, records: [wire], notBeforeMs: undefined, ...limits }
    const output = await stages.process(input, signal)
    const isPresent = key.stream === table.table.streamArn
    return {
      output,
      claim: {
        records: output.records,
        table: letter.table,
        sequenceNumber: isPresent ? key.seq : undefined,
        // As it is decoded now: a letter whose time could not be read has that of its reading.
        createdAtMs: output.last?.createdAtMs ?? letter.createdAtMs,
      },
    }
  }
  const readAtMs = letter.createdAtMs
  const output = await stages.processRows(
    {
      table,
      items: [wire],
      form: key.deadLetter,
      kind: letter.snapshot ?? 'initial',
      isFirst: false,
      isLast: false,
      readAtMs,
      isDisplaced: () => false,
      ...limits,
    },
    signal,
  )
  return {
    output,
    claim: { records: output.records, table: letter.table, sequenceNumber: undefined, createdAtMs: readAtMs },
  }
}

/**
 * Changes out of a Kinesis stream are compared by their times, which they have to the millisecond. What is delivered as it is
 * says nothing of an item's state, so that nothing can be newer.
 */
async function ofStream(
  letter: StoredLetter,
  content: LetterContent,
  { stages, entry: table, ...limits }: Converting,
  signal: AbortSignal,
): Promise<ConvertedLetter> {
  const shardId = letter.key.deadLetter === 'change' ? letter.key.shard : ''
  const records = [recordOfLetter(letter, content, table)]
  const output = await stages.process({ table, shardId, records, notBeforeMs: undefined, ...limits }, signal)
  const name = tableOf(output.records)
  return {
    output,
    claim: {
      records: name === undefined ? [] : output.records,
      table: name ?? letter.table,
      sequenceNumber: undefined,
      createdAtMs: output.last?.createdAtMs ?? letter.createdAtMs,
      isTimeExact: true,
    },
  }
}

/** The table of a change's records, by their header; undefined for records that are of none. */
function tableOf([first]: readonly ProducerRecord[]): string | undefined {
  return first?.headers.find(([name]) => name.toString() === letterHeaders.table)?.[1].toString()
}
