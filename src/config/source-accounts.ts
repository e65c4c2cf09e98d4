import { accountOf } from './account-entry.ts'
import type { RoleConfig } from './aws-identity-config.ts'

/** One entry of `source.accounts`: a region, and the role by which it is read. */
export interface AccountConfig {
  readonly region: string
  /** Undefined: the credentials as they are. */
  readonly role: RoleConfig | undefined
}

/** Names and patterns are asked of every entry, an ARN of the one that means its region and account. */
export function tablesOfAccount(
  tables: readonly string[],
  own: AccountConfig,
  accounts: readonly AccountConfig[],
): readonly string[] {
  return tables.filter((text) => {
    if (!text.startsWith('arn:')) return true
    const [, , , region, account] = text.split(':')
    const ofRegion = accounts.filter((one) => one.region === region)
    const named = ofRegion.find(({ role }) => accountOf(role?.arn) === account)
    return (named ?? ofRegion.find(({ role }) => role === undefined)) === own
  })
}
