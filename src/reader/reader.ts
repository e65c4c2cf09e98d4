/** For consumers: whole records out of those whose value was too large for one. */
export { createRecordReader } from './record-reader.ts'
export type { ReadRecord, RecordPlace, RecordReader, RecordReaderOptions, ValueAddress } from './record-reader.ts'
export { RecordReaderError } from './reader-error.ts'
export type { ReaderErrorCode } from './reader-error.ts'
