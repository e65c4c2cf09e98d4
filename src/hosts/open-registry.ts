import type { PipelineConfig } from '../config/pipeline-config.ts'
import type { Logger } from '../observe/logger.ts'
import type { RegistryWait, SchemaRegistry } from '../schema-registry/schema-registry.ts'
import type { RegistryParts } from './glue-registry-of.ts'
import { schemaRegistryOf } from './schema-registry-of.ts'
import { needsRegistry } from './stages/serializer-of.ts'

/** The registry of a pipeline whose records have schemas; undefined where none is needed. Must be closed. */
export function openRegistry(
  config: Pick<PipelineConfig, 'registry' | 'recordSchemas'>,
  parts: RegistryParts,
): SchemaRegistry | undefined {
  return config.registry === undefined || !needsRegistry(config) ? undefined : schemaRegistryOf(config.registry, parts)
}

/** Tells the log of each wait: while a registry is away, nothing else says why a table stands still. */
export function logRegistryWaits(logger: Logger): (wait: RegistryWait) => void {
  return ({ action, subject, error, attempt, delayMs }) => {
    const what = subject === undefined ? action : `${action} ${subject}`
    logger.warn(`the schema registry is waited for (${what}): ${error.message}`, {
      code: error.code,
      attempt,
      retryInMs: delayMs,
    })
  }
}
