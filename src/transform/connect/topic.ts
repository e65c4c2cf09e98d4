import type { DocumentRecord } from '../../envelope/document-payload.ts'
import type { RecordOrigin } from '../record-transform.ts'
import { failed } from './sides.ts'

/** Where a record goes as things stand. */
export function topicOf(record: DocumentRecord, origin: Pick<RecordOrigin, 'topic'>): string {
  return record.topic ?? origin.topic
}

/** The record on its way to another topic. Throws TRANSFORM_FAILED for a name that Kafka would not take. */
export function sentTo(record: DocumentRecord, topic: string, origin: Pick<RecordOrigin, 'topic'>): DocumentRecord {
  if (topic === topicOf(record, origin)) return record
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(topic) || topic === '.' || topic === '..') {
    throw failed(
      'the new topic has a name that Kafka does not take: 1 to 249 letters, digits, dots, dashes, underscores',
    )
  }
  return { ...record, topic: topic === origin.topic ? undefined : topic }
}
