import { createCommittedReader } from '../../kafka/committed-reader.ts'
import type { FetchedRecord, KafkaApi } from '../../kafka/kafka.ts'
import { joinChunks } from '../../rejection/letter-chunks.ts'
import { chunkHeaders } from '../../rejection/letter-headers.ts'
import { createLetterFold, headerOf } from '../../rejection/stored-letter.ts'
import type { LetterRecord, StoredLetter } from '../../rejection/stored-letter.ts'

/** Whose letters, and where. */
export interface LetterPlace {
  readonly pipeline: string
  readonly topic: string
}

/** The dead letters of a pipeline, read back. */
export interface LetterLog {
  /**
   * All letters, settled ones too, in the order of partition and first writing; none if there is no topic. `settled`:
   * transactions that are open are waited for; otherwise what they hold is not seen.
   */
  letters(signal: AbortSignal, how?: { readonly settled: boolean }): Promise<readonly StoredLetter[]>
  /** One letter's value and headers; undefined where the topic does not hold all of it any more. */
  content(
    letter: Pick<StoredLetter, 'partition' | 'offset' | 'lastOffset' | 'keyBytes'>,
    signal: AbortSignal,
  ): Promise<LetterContent | undefined>
}

export interface LetterContent {
  /** The record as the source gave it, in JSON; of a Kinesis stream its bytes. */
  readonly value: Buffer
  readonly headers: LetterRecord['headers']
}

export function createLetterLog(
  kafka: Pick<KafkaApi, 'topics' | 'offsets' | 'fetch'>,
  { pipeline, topic }: LetterPlace,
): LetterLog {
  const read = async (
    range: { readonly partition: number; readonly from: bigint; readonly until: bigint },
    signal: AbortSignal,
    take: (record: FetchedRecord) => void,
  ): Promise<void> => {
    for await (const { records } of createCommittedReader({ kafka, topic, ...range, maxWaitMs: 100 }).read(signal))
      for (const record of records) take(record)
  }
  return {
    letters: async (signal, { settled } = { settled: false }) => {
      const partitions = (await kafka.topics([topic], signal)).get(topic)?.partitions ?? 0
      const found: StoredLetter[] = []
      for (let partition = 0; partition < partitions; partition++) {
        const fold = createLetterFold(pipeline, partition)
        const { logStart, lastStable, highWatermark } = await kafka.offsets(topic, partition, signal)
        const range = { partition, from: logStart, until: settled ? highWatermark : lastStable }
        await read(range, signal, (record) => fold.add(record))
        found.push(...fold.letters)
      }
      return found
    },
    content: async ({ partition, offset, lastOffset, keyBytes }, signal) => {
      const parts: FetchedRecord[] = []
      await read({ partition, from: offset, until: lastOffset + 1n }, signal, (record) => {
        if (record.key?.equals(keyBytes) === true) parts.push(record)
      })
      return contentOf(parts)
    },
  }
}

function contentOf(parts: readonly FetchedRecord[]): LetterContent | undefined {
  const [first] = parts
  if (first === undefined || first.value === null) return undefined
  const { headers } = first
  const sha256 = headerOf(headers, chunkHeaders.sha256)
  if (sha256 === undefined) return { value: first.value, headers }
  const value = joinChunks(
    parts.flatMap((part) => (part.value === null ? [] : [part.value])),
    { sha256 },
  )
  return value === undefined ? undefined : { value, headers }
}
