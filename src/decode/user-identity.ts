import type { UserIdentity } from '../change/change-event.ts'

/** Streams and Lambda write the members small, the SDKs' model writes them large. */
interface WireIdentity {
  readonly type?: unknown
  readonly principalId?: unknown
  readonly Type?: unknown
  readonly PrincipalId?: unknown
}

/** Who made a change, from its record's `userIdentity`; undefined where it says nobody. */
export function readUserIdentity(wire: unknown): UserIdentity | undefined | 'unreadable' {
  if (wire === undefined || wire === null) return undefined
  if (typeof wire !== 'object' || Array.isArray(wire)) return 'unreadable'
  const identity: WireIdentity = wire
  const type = identity.type ?? identity.Type ?? ''
  const principalId = identity.principalId ?? identity.PrincipalId ?? ''
  return typeof type === 'string' && typeof principalId === 'string' ? { type, principalId } : 'unreadable'
}
