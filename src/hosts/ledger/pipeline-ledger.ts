import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import type { LaneState } from '../../lanes/lane-state.ts'
import type { IdentityEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import { createLedgerView } from '../../lanes/ledger-view.ts'

/** A pipeline's ledger as it is now, read without owning any of it. */
export interface PipelineLedger {
  readonly identity: IdentityEntry
  /** Index = lane. */
  readonly lanes: readonly LaneState[]
  /** By name. */
  readonly tables: readonly TableEntry[]
}

/** A ledger that is looked at more than once. */
export interface PipelineLedgerView {
  /** Reads what is new. Throws as {@link readPipelineLedger}; the view is of no use then. */
  refresh(signal: AbortSignal): Promise<PipelineLedger>
}

/**
 * Reads the whole ledger; the source is not asked for anything. Throws PIPELINE_UNKNOWN if there is none (or it has no
 * identity yet), LEDGER_FOREIGN if it is another pipeline's, LEDGER_LOST if records were deleted from it.
 */
export async function readPipelineLedger(
  config: PipelineConfig,
  kafka: KafkaApi,
  signal: AbortSignal,
): Promise<PipelineLedger> {
  return (await openPipelineLedger(config, kafka, signal)).refresh(signal)
}

/** As {@link readPipelineLedger}, to be read again and again. Rejects with PIPELINE_UNKNOWN if there is no such topic. */
export async function openPipelineLedger(
  config: PipelineConfig,
  kafka: KafkaApi,
  signal: AbortSignal,
): Promise<PipelineLedgerView> {
  const { pipeline, ledger } = config
  const topic = (await kafka.topics([ledger.topic], signal)).get(ledger.topic)
  if (topic === undefined) throw unknown(config, `its ledger topic ${ledger.topic} does not exist`)
  const view = createLedgerView(kafka, ledger.topic, topic.partitions)
  return {
    refresh: async (again) => {
      const lanes = await view.refresh(again)
      const identity = lanes.find((lane) => lane.identity !== undefined)?.identity
      if (identity === undefined) throw unknown(config, `its ledger topic ${ledger.topic} is empty`)
      if (identity.pipeline !== pipeline) {
        throw new TailraceError(
          'LEDGER_FOREIGN',
          `ledger topic ${ledger.topic} belongs to pipeline ${identity.pipeline}`,
        )
      }
      const tables = newestTables(lanes).toSorted((a, b) => (a.table.name < b.table.name ? -1 : 1))
      return { identity, lanes, tables }
    },
  }
}

/** The table that a person means by name or ARN. Throws USAGE, with the names that there are. */
export function tableNamed(ledger: PipelineLedger, nameOrArn: string): TableEntry {
  const found = ledger.tables.find(({ table }) => table.name === nameOrArn || table.arn === nameOrArn)
  if (found !== undefined) return found
  const names = ledger.tables.map(({ table }) => table.name).join(', ')
  throw new TailraceError('USAGE', `the pipeline has no table ${nameOrArn}; it has ${names === '' ? 'none' : names}`)
}

/** Every partition holds every table; one transaction may have reached some lanes' view and not yet others'. */
function newestTables(lanes: readonly LaneState[]): readonly TableEntry[] {
  const newest = new Map<string, TableEntry>()
  for (const lane of lanes) {
    for (const [arn, entry] of lane.tables) {
      if (entry.version > (newest.get(arn)?.version ?? 0)) newest.set(arn, entry)
    }
  }
  return [...newest.values()]
}

function unknown({ pipeline }: PipelineConfig, why: string): TailraceError {
  return new TailraceError('PIPELINE_UNKNOWN', `pipeline ${pipeline} has not run on this cluster: ${why}`)
}
