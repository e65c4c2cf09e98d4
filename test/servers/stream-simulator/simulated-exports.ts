import type { Clock } from '../../../src/async/clock.ts'
import type { ExportFormat } from '../../../src/sources/table-export/table-exports.ts'
import { writeExport } from '../export-writer.ts'
import type { ExportPlan } from '../export-writer.ts'
import { createMemoryObjectStore } from '../memory-object-store.ts'
import type { MemoryObjectStore } from '../memory-object-store.ts'
import { keyHash } from './item-text.ts'
import type { SimulatedTable } from './simulated-table.ts'
import type { TableHistory } from './table-history.ts'

/** How exports go; may be changed at any time, for exports that are still to be asked for. */
export interface ExportSettings {
  /** From the request to the end. Milliseconds, by the exports of the table before it, and what it is of. */
  durationMs: (earlier: number, kind: ExportWindow['kind']) => number
  /** Why the export of that number fails, if it does. */
  failureOf: (number: number) => ExportFailure | undefined
  /** Data files of an export; some of them have no line. */
  files: number
  /** Times later than so long ago cannot be exported yet. Milliseconds. */
  latestMs: number
}

/** What DescribeExport says of an export that failed. */
export interface ExportFailure {
  readonly code: string
  readonly message: string
}

/** Which times an export is of. Milliseconds since the epoch. */
export type ExportWindow =
  | { readonly kind: 'full'; readonly timeMs: number }
  | { readonly kind: 'incremental'; readonly fromMs: number; readonly toMs: number }

/** A request that is in order. */
export interface WantedExport {
  readonly token: string
  /** The whole request, to compare another one under the same token with. */
  readonly fingerprint: string
  readonly table: SimulatedTable
  readonly history: TableHistory
  readonly bucket: string
  /** With its slash, or empty. */
  readonly prefix: string
  readonly format: ExportFormat
  readonly window: ExportWindow
}

/** An export that was asked for. */
export interface SimulatedExport extends WantedExport {
  /** 0 for the first one that was ever asked for. */
  readonly number: number
  readonly id: string
  readonly arn: string
  readonly manifestKey: string
  readonly requestedAtMs: number
  readonly endsAtMs: number
  readonly failure: ExportFailure | undefined
}

/** All exports of a service, and the bucket that they go into. */
export interface SimulatedExports {
  readonly settings: ExportSettings
  readonly objects: MemoryObjectStore
  /** In the order of their requests. */
  readonly made: readonly SimulatedExport[]
  begin(wanted: WantedExport): SimulatedExport
  /**
   * Looks at the clock. An export's files are written when it is first seen to be complete; what they hold had been final
   * before.
   */
  statusOf(made: SimulatedExport): 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'
  /** The export that an object belongs to. */
  exportOf(key: string): SimulatedExport | undefined
}

/** No exports yet; they take ten minutes unless the settings say another time. */
export function createSimulatedExports(clock: Clock): SimulatedExports {
  const objects = createMemoryObjectStore()
  const made: SimulatedExport[] = []
  const written = new Set<SimulatedExport>()
  const settings: ExportSettings = {
    durationMs: () => 600_000,
    failureOf: () => undefined,
    files: 3,
    latestMs: 300_000,
  }
  return {
    settings,
    objects,
    made,
    begin: (wanted) => {
      const requestedAtMs = clock.now()
      const number = made.length
      const id = `${String(requestedAtMs).padStart(14, '0')}-${keyHash(`export ${number}`).toString(16).padStart(8, '0')}`
      const earlier = made.filter(({ table }) => table === wanted.table).length
      // Until the skew has passed, writes may still come whose time is before the end.
      const finalAtMs = endOf(wanted.window) + wanted.history.skewMs + 1_000
      const begun: SimulatedExport = {
        ...wanted,
        number,
        id,
        arn: `${wanted.table.arn}/export/${id}`,
        manifestKey: `${wanted.prefix}AWSDynamoDB/${id}/manifest-summary.json`,
        requestedAtMs,
        endsAtMs: Math.max(requestedAtMs + settings.durationMs(earlier, wanted.window.kind), finalAtMs),
        failure: settings.failureOf(number),
      }
      made.push(begun)
      return begun
    },
    statusOf: (one) => {
      if (clock.now() < one.endsAtMs) return 'IN_PROGRESS'
      if (one.failure !== undefined) return 'FAILED'
      if (!written.has(one)) {
        written.add(one)
        // The store is in memory: all is there before anybody hears of it.
        void writeExport(objects.put, planOf(one, settings.files))
      }
      return 'COMPLETED'
    },
    exportOf: (key) => made.find(({ id }) => key.includes(`/${id}/`) || key.includes(`/data/${id.slice(-8)}`)),
  }
}

function endOf(window: ExportWindow): number {
  return window.kind === 'full' ? window.timeMs : window.toMs
}

function planOf({ bucket, prefix, id, table, history, format, window }: SimulatedExport, files: number): ExportPlan {
  const common = { bucket, prefix, exportId: id, tableArn: table.arn, tableId: table.id, format }
  if (window.kind === 'full') {
    const rows = byFile(history.stateAt(window.timeMs), files)
    return { ...common, content: { ...window, files: rows.map((file) => file.map(({ item }) => item)) } }
  }
  const changes = byFile(history.changesBetween(window.fromMs, window.toMs), files).map((file) =>
    file.map(({ writtenMicros, keys, before, after }) => ({
      writtenMicros,
      keys,
      ...(after === undefined ? {} : { newImage: after }),
      ...(before === undefined ? {} : { oldImage: before }),
    })),
  )
  return { ...common, content: { ...window, files: changes } }
}

/** By partition, as the service has one file or more for each. */
function byFile<T extends { readonly hash: number }>(lines: readonly T[], files: number): readonly (readonly T[])[] {
  const all = Array.from({ length: files }, (): T[] => [])
  for (const line of lines) all[Math.floor((line.hash / 2 ** 32) * files)]?.push(line)
  return all
}
