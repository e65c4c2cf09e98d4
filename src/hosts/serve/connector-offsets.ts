import type { ConnectorEntry } from '../../service/service-state.ts'
import type { ConnectorOffset } from '../server/rest/connect-service.ts'

/** Positions of connectors in Connect's form. */
export interface ConnectorOffsets {
  /** None before the pipeline's first start. */
  read(entry: ConnectorEntry, signal: AbortSignal): Promise<readonly ConnectorOffset[]>
  /** All or none. Rejects with CONNECTOR_NOT_STOPPED, and with REQUEST_INVALID for what is no position. */
  alter(entry: ConnectorEntry, changes: readonly ConnectorOffset[], signal: AbortSignal): Promise<void>
  /** The pipeline begins as for the first time. Rejects with CONNECTOR_NOT_STOPPED. */
  reset(entry: ConnectorEntry, signal: AbortSignal): Promise<void>
}
