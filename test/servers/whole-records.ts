import { createCommittedReader } from '../../src/kafka/committed-reader.ts'
import type { FetchedRecord } from '../../src/kafka/kafka.ts'
import type { ObjectStore } from '../../src/objects/objects.ts'
import { createRecordReader } from '../../src/reader/record-reader.ts'
import { TailraceError } from '../../src/errors.ts'
import { connectKafka } from './connected-kafka.ts'

/** A record of a table's topic as `tailrace/reader` makes it whole. */
export interface WholeRecord {
  readonly key: string
  /** Without the times of processing and the name of the pipeline, so that runs can be compared; null for a tombstone. */
  readonly value: string | null
  readonly sequenceNumber: string
  readonly headers: ReadonlyMap<string, string>
}

/** All committed records of a topic as they are, in order per partition; empty if it does not exist. */
export async function readRecords(
  bootstrapServers: string,
  topic: string,
): Promise<readonly (FetchedRecord & { readonly partition: number })[]> {
  const signal = AbortSignal.timeout(60_000)
  await using kafka = connectKafka(bootstrapServers)
  const partitions = (await kafka.topics([topic], signal)).get(topic)?.partitions ?? 0
  const found: (FetchedRecord & { readonly partition: number })[] = []
  for (let partition = 0; partition < partitions; partition++) {
    const until = await kafka.offsets(topic, partition, signal).catch(untilLed)
    if (until === undefined) return []
    const committed = createCommittedReader({ kafka, topic, partition, from: 0n, until: until.lastStable })
    for await (const { records } of committed.read(signal))
      found.push(...records.map((record) => ({ ...record, partition })))
  }
  return found
}

/** All committed records of a topic, whole, in order per partition; empty if it does not exist. */
export async function readWholeRecords(
  bootstrapServers: string,
  topic: string,
  objects: ObjectStore,
): Promise<readonly WholeRecord[]> {
  const signal = AbortSignal.timeout(60_000)
  const getObject = async (location: { readonly bucket: string; readonly key: string }): Promise<Buffer> => {
    const pieces: Uint8Array[] = []
    for await (const piece of (await objects.get(location, {}, signal)).body) pieces.push(piece)
    return Buffer.concat(pieces)
  }
  const reader = createRecordReader({ getObject })
  const prefix = topic.slice(0, topic.lastIndexOf('.'))
  const whole: WholeRecord[] = []
  for (const record of await readRecords(bootstrapServers, topic)) {
    const found = await reader.take(record, { topic, partition: record.partition, offset: record.offset })
    if (found !== undefined) whole.push(wholeOf(found, prefix))
    else if (reader.firstUnfinished(topic, record.partition) === undefined) throw new Error('a part belongs to nothing')
  }
  return whole
}

function wholeOf({ key, value, headers }: FetchedRecord, prefix: string): WholeRecord {
  const texts = new Map(headers.map(([name, content]) => [name, content?.toString() ?? '']))
  const text =
    value
      ?.toString()
      .replace(/"(ts_[mun]s)":\d+/g, '"$1":0')
      .replace(`"name":"${prefix}"`, '"name":"prefix"') ?? null
  return { key: key?.toString() ?? '', value: text, sequenceNumber: texts.get('tailrace.seq') ?? '', headers: texts }
}

/** A topic that was made a moment ago may lack leaders: nothing is in it yet. */
function untilLed(error: unknown): undefined {
  if (error instanceof TailraceError && error.policy === 'retake') return undefined
  throw error
}
