import { parseJson } from '../../aws/exact-json.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import type { JsonObject } from '../../aws/json-object.ts'
import type { TailraceError } from '../../errors.ts'
import type { ObjectLocation } from '../../objects/objects.ts'
import { invalidExport } from './export-errors.ts'
import type { ExportFile, ExportFormat, FullExport, IncrementalExport } from './table-exports.ts'

/** An export as its summary tells it, still without its files, and where their list is. */
export interface ExportSummary {
  readonly content: Omit<FullExport, 'files'> | Omit<IncrementalExport, 'files'>
  readonly filesKey: string
}

const versions: ReadonlySet<unknown> = new Set(['2020-06-30', '2023-08-01'])
const formats: readonly ExportFormat[] = ['DYNAMODB_JSON', 'ION']
const md5Pattern = /^[A-Za-z0-9+/]{22}==$/

/** Reads `manifest-summary.json`. Throws EXPORT_INVALID for what is not known or not there. */
export function readSummary(body: Buffer, location: ObjectLocation): ExportSummary {
  const summary = parseObject(body, location, 'it')
  const member = new Members(summary, (what) => invalidExport(location, what))
  if (!versions.has(summary['version'])) throw member.wrong('version', 'is not known')
  const format = formats.find((known) => known === summary['outputFormat'])
  if (format === undefined) throw member.wrong('outputFormat', 'is not known')
  const common = {
    exportArn: member.text('exportArn'),
    tableArn: member.text('tableArn'),
    tableId: member.text('tableId'),
    itemCount: member.count('itemCount'),
    format,
    bucket: location.bucket,
  }
  const filesKey = member.text('manifestFilesS3Key')
  const type = summary['exportType']
  // Exports of the first version have no type: they are all full.
  if (type === undefined || type === null || type === 'FULL_EXPORT') {
    return { filesKey, content: { kind: 'full', ...common, exportTimeMs: member.time('exportTime') } }
  }
  if (type !== 'INCREMENTAL_EXPORT') throw member.wrong('exportType', 'is not known')
  const [fromMs, toMs] = [member.time('exportFromTime'), member.time('exportToTime')]
  if (fromMs >= toMs) throw member.wrong('exportToTime', 'is not behind exportFromTime')
  return { filesKey, content: { kind: 'incremental', ...common, fromMs, toMs, view: viewOf(summary, member) } }
}

/** Reads `manifest-files.json`: one JSON object a line, one line a file. Throws EXPORT_INVALID. */
export function readFileList(body: Buffer, location: ObjectLocation): readonly ExportFile[] {
  const files = new Map<string, ExportFile>()
  let start = 0
  for (let line = 1; start < body.length; line++) {
    const newline = body.indexOf(0x0a, start)
    const end = newline === -1 ? body.length : newline
    const file = readFile(body.subarray(start, end), line, location)
    if (files.has(file.key)) throw invalidExport(location, `line ${line} names ${file.key} a second time`)
    files.set(file.key, file)
    start = end + 1
  }
  return [...files.values()]
}

function readFile(text: Buffer, line: number, location: ObjectLocation): ExportFile {
  const entry = parseObject(text, location, `line ${line}`)
  const member = new Members(entry, (what) => invalidExport(location, `line ${line}: ${what}`))
  const md5Checksum = member.text('md5Checksum')
  if (!md5Pattern.test(md5Checksum)) throw member.wrong('md5Checksum', 'is no MD5 in base64')
  return {
    key: member.text('dataFileS3Key'),
    itemCount: member.count('itemCount'),
    md5Checksum,
    etag: member.text('etag'),
  }
}

function viewOf(summary: JsonObject, member: Members): IncrementalExport['view'] {
  const view = summary['outputView']
  if (view === 'NEW_AND_OLD_IMAGES') return view
  // The documentation has both names.
  if (view === 'NEW_IMAGE' || view === 'NEW_IMAGES') return 'NEW_IMAGE'
  throw member.wrong('outputView', 'is not known')
}

/** The parser's message quotes the text: it is not passed on. */
function parseObject(text: Buffer, location: ObjectLocation, subject: string): JsonObject {
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    throw invalidExport(location, `${subject} is not JSON`)
  }
  if (!isJsonObject(value)) throw invalidExport(location, `${subject} is not a JSON object`)
  return value
}

/** Members of an object by the type that they must have. */
class Members {
  readonly #object: JsonObject
  readonly #fail: (what: string) => TailraceError

  constructor(object: JsonObject, fail: (what: string) => TailraceError) {
    this.#object = object
    this.#fail = fail
  }

  wrong(name: string, what: string): TailraceError {
    return this.#fail(`its ${name} ${what}`)
  }

  text(name: string): string {
    const value = this.#object[name]
    if (typeof value !== 'string' || value === '') throw this.wrong(name, 'is not there')
    return value
  }

  count(name: string): number {
    const value = this.#object[name]
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw this.wrong(name, 'is no count')
    return value
  }

  /** Of an ISO date with its zone. Milliseconds since the epoch. */
  time(name: string): number {
    const text = this.text(name)
    const ms = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
    if (Number.isNaN(ms)) throw this.wrong(name, 'is no time')
    return ms
  }
}
