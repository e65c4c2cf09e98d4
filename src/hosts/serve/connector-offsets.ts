import { TailraceError } from '../../errors.ts'
import type { ProcessReport } from '../../service/process-reports.ts'
import type { ConnectorEntry } from '../../service/service-state.ts'
import type { LedgerAccess } from '../ledger/ledger-access.ts'
import { alterOffsets, readOffsets, resetOffsets } from '../offsets/pipeline-offsets.ts'
import { createPositionSight } from '../offsets/position-sight.ts'
import type { ConnectorOffset } from '../server/rest/connect-service.ts'
import { openSource } from '../source-of.ts'
import type { SourceParts } from '../source-parts.ts'
import { tasksOf } from './connector-views.ts'
import type { LedgerSights } from './ledger-sights.ts'
import { waitOut } from './wait-out.ts'

/** Positions of connectors in Connect's form. */
export interface ConnectorOffsets {
  /** None before the pipeline's first start. */
  read(entry: ConnectorEntry, signal: AbortSignal): Promise<readonly ConnectorOffset[]>
  /**
   * All or none. Rejects with CONNECTOR_NOT_STOPPED, with OFFSET_INVALID for what is no position, and with OFFSET_LOST for one behind which
   * changes were trimmed.
   */
  alter(entry: ConnectorEntry, changes: readonly ConnectorOffset[], signal: AbortSignal): Promise<void>
  /** The pipeline begins as for the first time. Rejects with CONNECTOR_NOT_STOPPED. */
  reset(entry: ConnectorEntry, signal: AbortSignal): Promise<void>
}

/** What they are reached by. */
export interface ConnectorOffsetsParts {
  readonly access: LedgerSights['access']
  /** What processes do at the moment. */
  readonly processes: () => readonly ProcessReport[]
  /** For asking AWS whether positions are there. */
  readonly source: Pick<SourceParts, 'env' | 'credentials'>
}

/** Positions in the ledgers of connectors; changed only while nobody runs the pipeline, which its group and its lanes' fences make sure of. */
export function createConnectorOffsets(parts: ConnectorOffsetsParts): ConnectorOffsets {
  return {
    read: async (entry, signal) => {
      try {
        const read = (access: LedgerAccess): Promise<readonly ConnectorOffset[]> =>
          waitOut(access, () => readOffsets(access, signal), signal)
        return await parts.access(entry, read, signal)
      } catch (error) {
        if (isCode(error, 'PIPELINE_UNKNOWN')) return []
        throw error
      }
    },
    alter: (entry, offsets, signal) =>
      whileStopped(entry, parts, () => {
        const alter = async (access: LedgerAccess): Promise<void> => {
          const { clock, rng, config } = access
          await using owned = openSource(config.source, { clock, rng, ...parts.source, giveUpOn })
          const sight = createPositionSight(owned.source, clock)
          await alterOffsets(access, { offsets, sight, acceptsLoss: false }, signal)
        }
        return parts.access(entry, alter, signal)
      }),
    reset: (entry, signal) =>
      whileStopped(entry, parts, async () => {
        try {
          await parts.access(entry, (access) => resetOffsets(access, signal), signal)
        } catch (error) {
          // It has never run: there is nothing to forget.
          if (!isCode(error, 'PIPELINE_UNKNOWN')) throw error
        }
      }),
  }
}

/** Somebody waits: what would be waited out by a pipeline is answered instead. */
const giveUpOn = [
  'AWS_ACCESS_DENIED',
  'AWS_CREDENTIALS',
  'AWS_UNREACHABLE',
  'AWS_THROTTLED',
  'STREAM_NOT_ACTIVE',
] as const

async function whileStopped(
  entry: ConnectorEntry,
  { processes }: ConnectorOffsetsParts,
  work: () => Promise<void>,
): Promise<void> {
  if (entry.target !== 'STOPPED') throw notStopped(entry.name, undefined)
  const running = tasksOf(entry.name, processes())
  if (running.length > 0) throw notStopped(entry.name, undefined)
  try {
    await work()
  } catch (error) {
    if (isCode(error, 'PIPELINE_ACTIVE')) throw notStopped(entry.name, error)
    throw error
  }
}

/** In Connect's words. */
function notStopped(name: string, cause: unknown): TailraceError {
  const path = `/connectors/${encodeURIComponent(name)}/stop`
  return new TailraceError(
    'CONNECTOR_NOT_STOPPED',
    `Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a 'PUT' request to the '${path}' endpoint`,
    { cause },
  )
}

function isCode(error: unknown, code: TailraceError['code']): boolean {
  return error instanceof TailraceError && error.code === code
}
