import type { FetchedBatch, FetchedRecord, KafkaApi } from '../src/kafka/kafka.ts'

/** A partition, and which records of it are looked for. */
export interface TailSearch {
  readonly kafka: Pick<KafkaApi, 'fetch' | 'offsets'>
  readonly topic: string
  readonly partition: number
  readonly key: Buffer
}

/** What was found, and how much was read for it. */
export interface TailFinding {
  /** The newest committed record under the key; undefined: there is none in the whole partition. */
  readonly record: FetchedRecord | undefined
  readonly fetchedBatches: number
}

const firstWindow = 64n
const growth = 8n

/**
 * The newest committed record of a key, from the end of the partition backwards, in windows that grow. A record is
 * committed if the first marker of its producer behind it says so: that marker is in its own window, or in one that was
 * read before. For keys of which all writers are fenced and settled; a record without a marker is an error.
 */
export async function findFromTail(search: TailSearch, signal: AbortSignal): Promise<TailFinding> {
  const { kafka, topic, partition, key } = search
  const { highWatermark, logStart } = await kafka.offsets(topic, partition, signal)
  /** Of each producer, what its first marker says behind the window that is read now. */
  const firstMarkers = new Map<bigint, 'commit' | 'abort'>()
  let fetchedBatches = 0
  let until = highWatermark
  for (let width = firstWindow; until > logStart; width *= growth) {
    const from = until - width > logStart ? until - width : logStart
    const batches = await readWindow(search, { from, until }, signal)
    fetchedBatches += batches.length
    for (const batch of batches.toReversed()) {
      if (batch.marker !== undefined) firstMarkers.set(batch.producerId, batch.marker)
      const record = batch.records.findLast((one) => one.key?.equals(key) === true)
      if (record === undefined) continue
      const fate = batch.isTransactional ? firstMarkers.get(batch.producerId) : 'commit'
      if (fate === undefined) throw new Error(`offset ${record.offset} is of a transaction that is still open`)
      if (fate === 'commit') return { record, fetchedBatches }
    }
    until = from
  }
  return { record: undefined, fetchedBatches }
}

async function readWindow(
  { kafka, topic, partition }: TailSearch,
  window: { readonly from: bigint; readonly until: bigint },
  signal: AbortSignal,
): Promise<readonly FetchedBatch[]> {
  const batches: FetchedBatch[] = []
  let offset = window.from
  while (offset < window.until) {
    const request = {
      topic,
      partition,
      offset,
      maxBytes: 1_048_576,
      maxWaitMs: 500,
      isolation: 'read_uncommitted',
    } as const
    const { batches: fetched } = await kafka.fetch(request, signal)
    const last = fetched.at(-1)
    if (last === undefined) throw new Error(`nothing follows offset ${offset} of ${topic}-${partition}`)
    for (const batch of fetched) if (batch.baseOffset < window.until) batches.push(batch)
    offset = last.nextOffset
  }
  return batches
}
