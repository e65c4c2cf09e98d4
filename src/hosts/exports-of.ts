import type { PipelineConfig } from '../config/pipeline-config.ts'
import { openS3ObjectStore } from '../objects/s3-object-store.ts'
import { createSourceContext } from '../sources/source-context.ts'
import { retryEvent } from '../sources/source-event.ts'
import { createTableExports } from '../sources/table-export/dynamodb-table-exports.ts'
import type { TableExports } from '../sources/table-export/table-exports.ts'
import type { OwnedSource, SourceParts } from './source-parts.ts'

/** Exports of tables, and the connections to their bucket, which end with it. */
export interface OwnedExports extends AsyncDisposable {
  readonly exports: TableExports
}

/** What of a configuration is about exports. */
type ExportSurroundings = Pick<PipelineConfig, 'memoryMaxBytes'> & {
  readonly snapshot: Pick<PipelineConfig['snapshot'], 'exports'>
  readonly source: Pick<PipelineConfig['source'], 'region'>
}

/** The exports that a configuration describes, under the credentials of its source; undefined where tables are scanned. */
export async function openExports(
  { snapshot: { exports: config }, source: { region }, memoryMaxBytes }: ExportSurroundings,
  { api, credentials }: Pick<OwnedSource, 'api' | 'credentials'>,
  parts: SourceParts,
): Promise<OwnedExports | undefined> {
  if (config === undefined) return undefined
  const { clock, rng, env, onEvent } = parts
  const objects = await openS3ObjectStore({
    clock,
    rng,
    region,
    credentials,
    env,
    ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint }),
    ...(onEvent === undefined ? {} : { onRetry: (retry) => onEvent(retryEvent('GetObject', {}, retry)) }),
  })
  const context = createSourceContext({ api, clock, rng, ...(onEvent === undefined ? {} : { onEvent }) })
  return {
    // A part of what scans may hold, for each of the segments that are read side by side.
    exports: createTableExports({ context, objects, maxHeldBytes: Math.floor(memoryMaxBytes / 32) }),
    [Symbol.asyncDispose]: () => objects[Symbol.asyncDispose](),
  }
}
