import type { ObjectLocation } from '../../objects/objects.ts'

/**
 * Point-in-time exports of a table into a bucket: one of the whole table, then increments, each of which begins where
 * the one before ends. Throttles, server and network errors, missing permissions and credentials are waited out here;
 * what rejects is a `TailraceError` that needs a decision, or the signal's reason. Keeps no state: who reads says where
 * to go on.
 */
export interface TableExports {
  /**
   * Asks for an export and gives its ARN, at once: the export takes minutes to hours. The same request with the same
   * token gives the same export for eight hours, so it may be repeated after a crash. Throws EXPORT_REFUSED,
   * TABLE_NOT_FOUND.
   */
  request(wanted: ExportRequest, signal: AbortSignal): Promise<string>
  /** How far an export is. DynamoDB forgets exports after 90 days: EXPORT_MISSING. */
  describe(exportArn: string, signal: AbortSignal): Promise<ExportStatus>
  /**
   * Reads both manifests and compares them with their checksums, if there are such, and with each other. Looks at no data
   * file. Throws EXPORT_MISSING, EXPORT_INVALID. Needs `s3:ListBucket`: without it S3 does not tell that a checksum file
   * is absent.
   */
  open(manifest: ObjectLocation, signal: AbortSignal): Promise<TableExport>
  /** The same, and throws EXPORT_FOREIGN or EXPORT_GAP if it is not what was expected. */
  openExpected(manifest: ObjectLocation, expected: ExpectedExport, signal: AbortSignal): Promise<TableExport>
  /**
   * A reader of one data file, behind line number `afterLine` (0 = from the beginning). Makes no request before the first
   * `read`.
   */
  openFile(tableExport: TableExport, file: ExportFile, afterLine: number): ExportFileReader
}

/** What to ask for. Times are milliseconds since the epoch; the service knows whole seconds only. */
export interface ExportRequest {
  readonly tableArn: string
  /** Up to 64 characters. Another request under a token that is in use is refused. */
  readonly token: string
  readonly bucket: string
  readonly prefix?: string | undefined
  /** The account that owns the bucket, if it is not the caller's. */
  readonly owner?: string | undefined
  readonly sse?: ExportEncryption | undefined
  readonly format: ExportFormat
  readonly extent: ExportExtent
}

/** Which part of the table's history. */
export type ExportExtent =
  /**
   * The whole table as it was at a time; undefined = now. Increments can follow only on a whole second, so whoever wants
   * some names the time.
   */
  | { readonly kind: 'full'; readonly timeMs?: number | undefined }
  /** The items that changed from a time on (inclusive) to another (exclusive): 15 minutes to 24 hours. */
  | {
      readonly kind: 'incremental'
      readonly fromMs: number
      readonly toMs: number
      readonly view: 'NEW_AND_OLD_IMAGES'
    }

/** What an export must be: of this very table, and of this time, to the second. */
export interface ExpectedExport {
  readonly arn: string
  readonly id: string
  /** Undefined for an export of the whole table. */
  readonly fromMs: number | undefined
  readonly toMs: number
}

/** How the service encrypts the files. */
export type ExportEncryption =
  | { readonly algorithm: 'AES256' }
  | { readonly algorithm: 'KMS'; readonly keyId?: string | undefined }

/** How lines are written. Readers see no difference, but Ion, which comes out as DynamoDB JSON, is read far more slowly. */
export type ExportFormat = 'DYNAMODB_JSON' | 'ION'

/** How far an export is. */
export type ExportStatus =
  | { readonly status: 'IN_PROGRESS' }
  | { readonly status: 'COMPLETED'; readonly bucket: string; readonly manifestKey: string }
  | FailedExport

/** An export that will not be completed. */
export interface FailedExport {
  readonly status: 'FAILED'
  readonly code: string
  readonly message: string
}

/** A completed export whose manifests are right. */
export type TableExport = FullExport | IncrementalExport

/** The state of a table at a time. */
export interface FullExport extends ExportContent {
  readonly kind: 'full'
  readonly exportTimeMs: number
}

/** The items that changed in an interval: from `fromMs` on, before `toMs`. One line an item, whatever happened to it. */
export interface IncrementalExport extends ExportContent {
  readonly kind: 'incremental'
  readonly fromMs: number
  readonly toMs: number
  /** Without old images the line of a deleted item has its keys alone. */
  readonly view: 'NEW_AND_OLD_IMAGES' | 'NEW_IMAGE'
}

/** What both kinds have. */
export interface ExportContent {
  readonly exportArn: string
  readonly tableArn: string
  /** Differs for a table that was deleted and made anew. */
  readonly tableId: string
  /** Lines of all files. */
  readonly itemCount: number
  readonly format: ExportFormat
  /** Where the manifest lies, and with it the data files. */
  readonly bucket: string
  /** In the manifest's order; that is the same for every reader. */
  readonly files: readonly ExportFile[]
}

/** One data file, as the manifest describes it. */
export interface ExportFile {
  readonly key: string
  readonly itemCount: number
  /** Of the object's bytes as they are stored. Base64. */
  readonly md5Checksum: string
  readonly etag: string
}

/** Reads one data file in order, page by page. Not safe for concurrent `read`s. Disposing frees memory and connection. */
export interface ExportFileReader extends AsyncDisposable {
  /**
   * The next page. The first one comes only after the whole file has been compared with its checksum. A connection that
   * breaks is made anew behind the last line that was given. Throws EXPORT_MISSING, EXPORT_INVALID; whatever it throws,
   * another `read` goes on at the same line. Behind the end, pages are empty and `isEnd`.
   */
  read(signal: AbortSignal): Promise<ExportPage>
}

/** Some lines of a data file. */
export interface ExportPage {
  /**
   * Lines as objects in the shape of DynamoDB JSON, untrusted: `{Item}` of a full export, `{Metadata, Keys, NewImage?,
   * OldImage?}` of an incremental one.
   */
  readonly lines: readonly unknown[]
  /** The number of the last line that was given; `openFile` goes on behind it. */
  readonly nextLine: number
  /** These were the last lines, and the file held as many as the manifest says. */
  readonly isEnd: boolean
  /** Of the lines' text, decompressed. About 1 MB at most. */
  readonly bytes: number
}
