/** What can be wrong with a record whose value is in pieces or elsewhere. */
export type ReaderErrorCode =
  /** Parts of a value do not make up what they say, or what was fetched is not what the record says. */
  | 'VALUE_DIFFERS'
  /** A part came whose predecessors were not read: reading began amid a value, or some were deleted. */
  | 'CHUNK_WITHOUT_BEGINNING'
  /** Values that are not complete hold more than the reader may hold. */
  | 'TOO_MUCH_UNFINISHED'
  /** A record has the headers of tailrace, and they say nothing that can be understood. */
  | 'NOT_UNDERSTOOD'

/** The one error of the reader itself; what `getObject` rejects with is passed on as it is. */
export class RecordReaderError extends Error {
  readonly code: ReaderErrorCode

  constructor(code: ReaderErrorCode, message: string) {
    super(message)
    this.name = 'RecordReaderError'
    this.code = code
  }
}
