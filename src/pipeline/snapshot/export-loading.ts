import type { TableExports } from '../../sources/table-export/table-exports.ts'

/** How exports are asked for and read, where the configuration wants tables to begin with one. */
export interface ExportLoading {
  readonly api: TableExports
  readonly target: ExportTarget
}

/** Where exports are written to. */
export interface ExportTarget {
  /** False: only tables begin with an export that may change too fast for a scan. */
  readonly isForAll: boolean
  readonly bucket: string
  readonly prefix: string | undefined
  /** The account that owns the bucket, if it is not the pipeline's. */
  readonly owner: string | undefined
  readonly format: 'DYNAMODB_JSON' | 'ION'
}
