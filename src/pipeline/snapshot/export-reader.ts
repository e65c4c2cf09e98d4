import type { ByteBudget } from '../../async/byte-budget.ts'
import type { Clock } from '../../async/clock.ts'
import type { ScanPage } from '../../sources/source.ts'
import type { ExportFileReader, TableExport, TableExports } from '../../sources/table-export/table-exports.ts'
import type { RecentKeys } from './recent-keys.ts'
import type { PageReader, ReadPage } from './segment-feed.ts'

/** What a segment of an export needs. */
export interface ExportReaderOptions {
  readonly exports: Pick<TableExports, 'openFile'>
  /** The export, opened and checked; asked for by every segment, so it is opened once for all of them. */
  readonly open: () => Promise<TableExport>
  /** Data files go to segments in turn: this one has the files number `segment`, `segment + totalSegments`, … */
  readonly segment: number
  readonly totalSegments: number
  readonly recent: RecentKeys
  readonly budget: ByteBudget
  readonly clock: Clock
}

/** Lines come in pages of about 1 MB. */
const pageBytes = 1_100_000

/**
 * Reads pages of the files of an export. A page's key is `<file>/<line>`: the number of the file in the manifest, and that
 * of the last line that was given. Nothing displaces rows: while an export is loaded, nobody reads the table's stream.
 */
export function createExportReader(options: ExportReaderOptions): PageReader {
  return new ExportSegment(options)
}

interface OpenFile {
  readonly file: number
  readonly line: number
  readonly reader: ExportFileReader
}

class ExportSegment implements PageReader {
  readonly #options: ExportReaderOptions
  #open: OpenFile | undefined

  constructor(options: ExportReaderOptions) {
    this.#options = options
  }

  async read(afterKey: string | undefined, signal: AbortSignal): Promise<ReadPage> {
    const { budget, recent, segment, open } = this.#options
    const opened = await untilAborted(open(), signal)
    const [file = segment, line = 0] = afterKey?.split('/').map(Number) ?? []
    const share = await budget.take(pageBytes, signal)
    try {
      const page = await this.#page(opened, { file, line }, signal)
      share.resize(page.bytes)
      return { page, request: recent.request(), share }
    } catch (error) {
      share.release()
      throw error
    }
  }

  close(): void {
    // Nothing waits for it, and nothing is lost with it: it frees memory and a connection.
    void this.#open?.reader[Symbol.asyncDispose]()
    this.#open = undefined
  }

  async #page(opened: TableExport, { file, line }: Omit<OpenFile, 'reader'>, signal: AbortSignal): Promise<ScanPage> {
    const { exports, totalSegments, clock } = this.#options
    const described = opened.files[file]
    const timeMs = opened.kind === 'full' ? opened.exportTimeMs : opened.toMs
    const shared = { units: 0, throttles: 0, requestedAtMs: timeMs }
    // A segment without any file: there are fewer files than segments.
    if (described === undefined)
      return { ...shared, items: [], lastKey: undefined, bytes: 0, receivedAtMs: clock.now() }
    if (this.#open?.file !== file || this.#open.line !== line) {
      this.close()
      this.#open = { file, line, reader: exports.openFile(opened, described, line) }
    }
    const { lines, nextLine, isEnd, bytes } = await this.#open.reader.read(signal)
    const next = { file: isEnd ? file + totalSegments : file, line: isEnd ? 0 : nextLine }
    if (isEnd) this.close()
    else this.#open = { ...this.#open, line: nextLine }
    return {
      ...shared,
      items: opened.kind === 'full' ? lines.map(itemOf) : lines,
      lastKey: next.file < opened.files.length ? `${next.file}/${next.line}` : undefined,
      bytes,
      receivedAtMs: clock.now(),
    }
  }
}

/** Others wait for it, too, and it may take for ever; whoever gives up does so alone. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** The line of a full export; whatever else it is, the conversion refuses it. */
function itemOf(line: unknown): unknown {
  return typeof line === 'object' && line !== null && 'Item' in line ? line.Item : line
}
