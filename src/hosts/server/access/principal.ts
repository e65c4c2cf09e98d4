/** What somebody may do: a viewer reads, an operator also starts and stops, an admin also makes, changes and deletes. */
export type Role = 'viewer' | 'operator' | 'admin'

/** Every role, from the least to the greatest. Each may do what those before it may. */
export const roles: readonly Role[] = ['viewer', 'operator', 'admin']

/** Who makes a request. */
export interface Principal {
  /** For the audit log. `anonymous` where nobody is asked. */
  readonly name: string
  readonly role: Role
}

/** True if somebody of this role may do what `needed` may. */
export function mayAct(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed)
}
