import { operationLetters } from '../change/operation-letters.ts'
import { operationHeader } from '../serialize/record-headers.ts'
import type { SerializedRecord } from '../serialize/serializer.ts'
import type { OversizedChange } from './oversize.ts'

type Headers = SerializedRecord['headers']

/** How a record was made smaller, where its value does not show it. */
export const oversizeHeader = 'tailrace.oversize'

/** The address of the value, which is elsewhere. */
export const claimCheckHeader = 'tailrace.claim.check'

/** The headers of a part of a value; all of them are decimal numbers or hexadecimal text. */
export const chunkHeaders = {
  id: 'tailrace.chunk.id',
  index: 'tailrace.chunk.index',
  count: 'tailrace.chunk.count',
  bytes: 'tailrace.chunk.bytes',
  sha256: 'tailrace.chunk.sha256',
} as const

const operationName = Buffer.from(operationHeader)

/** Headers with these behind them. */
export function withHeaders(headers: Headers, more: readonly (readonly [string, string])[]): Headers {
  return [...headers, ...more.map(([name, content]) => [Buffer.from(name), Buffer.from(content)] as const)]
}

/** Headers that say what the record does to its item: its value no longer shows it. */
export function withOperation(headers: Headers, operation: OversizedChange['operation']): Headers {
  if (operation === undefined || headers.some(([name]) => name.equals(operationName))) return headers
  return withHeaders(headers, [[operationHeader, operationLetters[operation]]])
}
