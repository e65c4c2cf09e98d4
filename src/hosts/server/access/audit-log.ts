import type { Logger } from '../../../observe/logger.ts'
import type { Principal } from './principal.ts'

/** One request that changed something, or was refused. Bodies and query values are never part of it. */
export interface AuditEntry {
  /** Undefined if nobody was recognised. */
  readonly principal: Principal | undefined
  readonly address: string
  readonly method: string
  /** The pattern of the route, `/connectors/:connector/stop`; undefined if there is none. */
  readonly route: string | undefined
  /** What it was about: the connector, also one that was to be made, and what of it; or a logger. Cut and printable. */
  readonly connector: string | undefined
  readonly table: string | undefined
  readonly task: string | undefined
  readonly logger: string | undefined
  readonly status: number
  /** Another process of the service asked for somebody. True only if it was believed, or nobody is asked who it is. */
  readonly isForwarded: boolean
}

/** Where such entries go. Never throws, never waits. */
export type AuditLog = (entry: AuditEntry) => void

/** Lines with `audit: true`, so that they can be kept apart from the others. */
export function auditTo(logger: Logger): AuditLog {
  const audit = logger.child({ audit: true })
  return ({ principal, ...entry }) =>
    audit.info('request', { ...entry, principal: principal?.name ?? 'nobody', role: principal?.role ?? 'none' })
}
