import { parseJson } from '../../aws/exact-json.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { RowOutput, StageOutput, Stages } from '../../pipeline/stages.ts'
import type { StoredLetter } from '../../rejection/stored-letter.ts'
import type { Claim } from './supersession.ts'

/** What comes of a letter on the way of a record as it is now, and what it must not stand behind. */
export interface ConvertedLetter {
  readonly output: StageOutput | RowOutput
  readonly claim: Claim
}

/** Takes a letter's record through the stages as the lane did that met it. Rejects when `signal` aborts. */
export async function convertLetter(
  letter: StoredLetter,
  value: Buffer,
  how: {
    readonly stages: Stages
    readonly entry: TableEntry
    readonly isTopicOfAnother: (topic: string) => boolean
    readonly maxRecordBytes: number
    readonly nowMs: number
  },
  signal: AbortSignal,
): Promise<ConvertedLetter> {
  const { stages, entry: table, ...limits } = how
  const { key } = letter
  const wire = parseJson(value)
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
