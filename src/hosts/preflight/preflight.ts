import type { Table } from '../../change/table.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { isSomeTable } from '../../config/table-overrides.ts'
import { checkDeclarations } from './declaration-checks.ts'
import { warning } from './finding.ts'
import type { Finding } from './finding.ts'
import { checkCode } from './code-checks.ts'
import { checkKafka } from './kafka-checks.ts'
import type { PreflightParts } from './preflight-parts.ts'
import { checkRegistry } from './registry-checks.ts'
import { checkSource } from './source-checks.ts'
import { unusedOverrides } from '../unused-overrides.ts'

/** What would happen to a worker of this pipeline, or to its function, as far as it can be seen without writing anything. */
export interface Preflight {
  readonly findings: readonly Finding[]
  /** The pipeline has run before: what concerns one table must not keep the others from going on. */
  readonly hasRunBefore: boolean
  /** Tables that could be described. */
  readonly tables: readonly Table[]
}

/**
 * Asks the user's files, AWS, Kafka and the schema registry everything that a start depends on; `way` says of whom. Rejects with
 * the signal's reason when it aborts; when `parts.deadline` does, it ends soon with what is known by then.
 */
export async function runPreflight(
  config: PipelineConfig,
  parts: PreflightParts,
  way: 'worker' | 'lambda' = 'worker',
): Promise<Preflight> {
  const code = await checkCode(config, parts.clock)
  const mode = isSomeTable(config, (mode) => mode !== 'never') ? 'initial' : 'never'
  const source = await checkSource(config.source, { ...config.snapshot, mode }, parts)
  parts.signal.throwIfAborted()
  const kafka = await checkKafka(config, source.tables, { ...parts, way })
  parts.signal.throwIfAborted()
  const registry = await checkRegistry(config.registry, parts)
  parts.signal.throwIfAborted()
  const declarations = checkDeclarations(config.recordSchemas)
  const unused = unusedOverrides(config.overrides, source.tables).map((table) =>
    warning('tables', `tables.${table} names no table that is read now`),
  )
  const findings = [...code, ...source.findings, ...unused, ...kafka.findings, ...registry, ...declarations]
  return { findings, hasRunBefore: kafka.knownTables.length > 0, tables: source.tables }
}
