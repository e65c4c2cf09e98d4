import type { ProducerRecord } from '../../kafka/kafka.ts'
import { header, letterHeaders } from '../../rejection/letter-headers.ts'
import type { StoredLetter } from '../../rejection/stored-letter.ts'

/** The record that settles a letter: it stands behind it, in its partition, with its key and without a value. */
export function settlingMarker(
  letter: Pick<StoredLetter, 'partition' | 'keyBytes' | 'table'>,
  of: { readonly pipeline: string; readonly topic: string; readonly replayed: string; readonly nowMs: number },
): ProducerRecord {
  return {
    topic: of.topic,
    partition: letter.partition,
    key: letter.keyBytes,
    value: null,
    headers: [
      header(letterHeaders.pipeline, of.pipeline),
      header(letterHeaders.table, letter.table),
      header(letterHeaders.replayed, of.replayed),
      header(letterHeaders.at, new Date(of.nowMs).toISOString()),
    ],
    timestamp: of.nowMs,
  }
}
