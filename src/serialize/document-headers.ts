import type { ChangeEvent } from '../change/change-event.ts'
import type { DocumentRecord } from '../envelope/document-payload.ts'
import type { RecordHeaders } from './record-headers.ts'
import { operationHeader } from './record-headers.ts'
import type { SerializedRecord } from './serializer.ts'

const operationName = Buffer.from(operationHeader)
const letters = { INSERT: 'c', MODIFY: 'u', REMOVE: 'd', READ: 'r' } as const
const operations = Object.fromEntries(
  Object.entries(letters).map(([operation, letter]) => [operation, [operationName, Buffer.from(letter)] as const]),
) as Readonly<Record<keyof typeof letters, readonly [Buffer, Buffer]>>

/**
 * The headers of a document's record: those of every record, `tailrace.op` (what it says of its item need not show in its
 * value), and its own.
 */
export function documentHeaders(
  record: DocumentRecord,
  event: ChangeEvent,
  headers: RecordHeaders,
): SerializedRecord['headers'] {
  const own = record.headers.map(
    ([name, content]) => [Buffer.from(name), typeof content === 'string' ? Buffer.from(content) : content] as const,
  )
  return [...headers.of(event), operations[event.operation], ...own]
}
