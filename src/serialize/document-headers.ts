import type { ChangeEvent } from '../change/change-event.ts'
import { operationLetters } from '../change/operation-letters.ts'
import type { DocumentRecord } from '../envelope/document-payload.ts'
import type { RecordHeaders } from './record-headers.ts'
import { operationHeader } from './record-headers.ts'
import type { SerializedRecord } from './serializer.ts'

const operationName = Buffer.from(operationHeader)
const operations = Object.fromEntries(
  Object.entries(operationLetters).map(([operation, letter]) => [
    operation,
    [operationName, Buffer.from(letter)] as const,
  ]),
) as Readonly<Record<keyof typeof operationLetters, readonly [Buffer, Buffer]>>

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
