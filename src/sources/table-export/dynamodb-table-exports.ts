import type { ObjectStore } from '../../objects/objects.ts'
import type { SourceContext } from '../source-context.ts'
import { refuseOther } from './export-checks.ts'
import { createExportFileReader } from './export-file-reader.ts'
import type { ExportReading } from './export-objects.ts'
import { describeExport, requestExport } from './export-requests.ts'
import { openExport } from './open-export.ts'
import type { TableExports } from './table-exports.ts'

/** What exports are asked for and read with. */
export interface TableExportsOptions {
  readonly context: SourceContext
  readonly objects: ObjectStore
  /**
   * Data files up to this size (as they are stored) are held in memory while they are read, one for each open reader;
   * larger ones are read twice. Default: 64 MiB.
   */
  readonly maxHeldBytes?: number
}

const defaultMaxHeldBytes = 64 * 1024 * 1024

/** DynamoDB's exports, read from an object store. */
export function createTableExports({ context, objects, maxHeldBytes }: TableExportsOptions): TableExports {
  const reading: ExportReading = { context, objects, maxHeldBytes: maxHeldBytes ?? defaultMaxHeldBytes }
  return {
    request: (wanted, signal) => requestExport(context, wanted, signal),
    describe: (exportArn, signal) => describeExport(context, exportArn, signal),
    open: (manifest, signal) => openExport(reading, manifest, signal),
    openExpected: async (manifest, expected, signal) => {
      const opened = await openExport(reading, manifest, signal)
      refuseOther(opened, expected)
      return opened
    },
    openFile: (tableExport, file, afterLine) => createExportFileReader(reading, tableExport, file, afterLine),
  }
}
