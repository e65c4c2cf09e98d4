import type { ObjectLocation } from '../../objects/objects.ts'
import { invalidExport, isCode, missingFromExport } from './export-errors.ts'
import { readExportLine } from './export-line.ts'
import { readPatiently } from './export-objects.ts'
import type { ExportReading } from './export-objects.ts'
import { gzipProblem } from './gunzip.ts'
import { splitLines } from './split-lines.ts'
import type { ExportFile, ExportFileReader, ExportPage, TableExport } from './table-exports.ts'
import { textOf, verifyFile } from './verified-file.ts'
import type { VerifiedFile } from './verified-file.ts'

/** A page ends with the line that fills it. Ion takes some fifteen times as long to read, and nothing else runs meanwhile. */
const maxPageBytes = { DYNAMODB_JSON: 1024 * 1024, ION: 256 * 1024 } as const

/** See `TableExports.openFile`. */
export function createExportFileReader(
  reading: ExportReading,
  tableExport: TableExport,
  file: ExportFile,
  afterLine: number,
): ExportFileReader {
  return new VerifyingReader(reading, tableExport, file, afterLine)
}

class VerifyingReader implements ExportFileReader {
  readonly #reading: ExportReading
  readonly #export: TableExport
  readonly #file: ExportFile
  readonly #location: ObjectLocation
  /** Lines that were given, or that had been before this reader was made. */
  #lines: number
  #isEnd = false
  #verified: VerifiedFile | undefined
  #cursor: LineCursor | undefined

  constructor(reading: ExportReading, tableExport: TableExport, file: ExportFile, afterLine: number) {
    this.#reading = reading
    this.#export = tableExport
    this.#file = file
    this.#location = { bucket: tableExport.bucket, key: file.key }
    this.#lines = afterLine
  }

  read(signal: AbortSignal): Promise<ExportPage> {
    if (this.#isEnd) return Promise.resolve({ lines: [], nextLine: this.#lines, isEnd: true, bytes: 0 })
    return readPatiently(this.#reading, () => this.#attempt(signal), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
    this.#verified = undefined
  }

  async #attempt(signal: AbortSignal): Promise<ExportPage> {
    const { itemCount } = this.#file
    if (this.#lines > itemCount) throw this.#invalid(`it has ${itemCount} lines, but ${this.#lines} were read before`)
    this.#verified ??= await verifyFile(this.#reading, this.#location, this.#file, signal)
    this.#cursor ??= new LineCursor(this.#verified, this.#reading, this.#location)
    const cursor = this.#cursor
    const onAbort = (): void => cursor.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      const page = await this.#fill(cursor)
      this.#lines = page.nextLine
      this.#isEnd = page.isEnd
      // Nothing is read behind the end: a file that may be 64 MB is given back at once.
      if (page.isEnd) await this[Symbol.asyncDispose]()
      return page
    } catch (error) {
      await this.#close()
      signal.throwIfAborted()
      throw this.#meaningOf(error)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #fill(cursor: LineCursor): Promise<ExportPage> {
    const { itemCount } = this.#file
    const maxBytes = maxPageBytes[this.#export.format]
    if (!(await cursor.skipTo(this.#lines))) throw this.#tooFew(cursor)
    const lines: unknown[] = []
    let bytes = 0
    while (bytes < maxBytes && cursor.line < itemCount) {
      const text = cursor.take() ?? ((await cursor.more()) ? cursor.take() : undefined)
      if (text === undefined) throw this.#tooFew(cursor)
      bytes += text.length
      lines.push(this.#parse(text, cursor.line))
    }
    const isEnd = cursor.line === itemCount
    if (isEnd && (await cursor.more())) throw this.#invalid(`it has more than the ${itemCount} lines of the manifest`)
    return { lines, nextLine: cursor.line, isEnd, bytes }
  }

  #parse(text: Buffer, line: number): unknown {
    try {
      return readExportLine(this.#export, text)
    } catch (error) {
      if (error instanceof SyntaxError) throw this.#invalid(`line ${line}: ${error.message}`)
      throw error
    }
  }

  #tooFew(cursor: LineCursor): Error {
    return this.#invalid(`it ends behind line ${cursor.line}, the manifest says ${this.#file.itemCount} lines`)
  }

  #invalid(what: string): Error {
    return invalidExport(this.#location, what)
  }

  #meaningOf(error: unknown): unknown {
    const problem = gzipProblem(error) ?? (error instanceof RangeError ? error.message : undefined)
    if (problem !== undefined) return invalidExport(this.#location, problem, error)
    if (!isCode(error, 'OBJECT_CHANGED')) return missingFromExport(error, this.#location)
    // Whatever is there now has not been compared with the manifest.
    this.#verified = undefined
    return invalidExport(this.#location, 'it was replaced while it was read', error)
  }

  async #close(): Promise<void> {
    const cursor = this.#cursor
    this.#cursor = undefined
    await cursor?.[Symbol.asyncDispose]()
  }
}

/** The lines of a verified file, from its beginning. */
class LineCursor implements AsyncDisposable {
  readonly #call = new AbortController()
  readonly #batches: AsyncGenerator<readonly Buffer[]>
  #batch: readonly Buffer[] = []
  #taken = 0
  /** Lines that were taken or skipped. */
  line = 0

  constructor(file: VerifiedFile, reading: ExportReading, location: ObjectLocation) {
    this.#batches = splitLines(textOf(file, reading, location, this.#call.signal))
  }

  abort(reason: unknown): void {
    this.#call.abort(reason)
  }

  /** The next line if it is there already; undefined: `more` first. */
  take(): Buffer | undefined {
    const line = this.#batch[this.#taken]
    if (line === undefined) return undefined
    this.#taken++
    this.line++
    return line
  }

  /** Waits until `take` has a line; false if there is none left. */
  async more(): Promise<boolean> {
    while (this.#taken >= this.#batch.length) {
      const next = await this.#batches.next()
      // A file that is held has no connection to cut.
      this.#call.signal.throwIfAborted()
      if (next.done === true) return false
      this.#batch = next.value
      this.#taken = 0
    }
    return true
  }

  /** False if the file ends before that line. */
  async skipTo(line: number): Promise<boolean> {
    while (this.line < line) {
      if (!(await this.more())) return false
      const count = Math.min(line - this.line, this.#batch.length - this.#taken)
      this.#taken += count
      this.line += count
    }
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#call.abort('closed')
    await this.#batches.return(undefined).catch(() => {})
  }
}
