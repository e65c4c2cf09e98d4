import type { AuditEntry } from '../access/audit-log.ts'
import type { Principal } from '../access/principal.ts'
import { shown } from './request-values.ts'
import type { RequestBody, Route } from './route.ts'

/** A request that was answered. */
export interface AnsweredRequest {
  readonly method: string
  /** Absent for what was refused before its route was looked for. */
  readonly route?: Route | undefined
  /** A part of the path by its name, percent signs decoded. */
  readonly param: (name: string) => string | undefined
  /** As it was read; absent if it was not. */
  readonly body?: RequestBody | undefined
  readonly principal: Principal | undefined
  readonly address: string
  readonly isForwarded: boolean
  readonly status: number
}

/** The audit line of what changes something, or of what was refused; undefined for everything else. */
export function auditEntryOf(request: AnsweredRequest): AuditEntry | undefined {
  const { method, route, param, body, principal, address, isForwarded, status } = request
  const isRefused = status === 401 || status === 403 || status === 429
  const changes = route !== undefined && (route.takesBody || route.method !== 'GET')
  if (!isRefused && !changes) return undefined
  const made = body === undefined ? undefined : route?.madeName?.(body)
  const textOf = (text: string | undefined): string | undefined => (text === undefined ? undefined : shown(text))
  return {
    principal,
    address,
    method,
    route: route?.path,
    connector: textOf(param('connector') ?? made),
    table: textOf(param('table')),
    task: textOf(param('task')),
    logger: textOf(param('logger')),
    status,
    isForwarded,
  }
}
