import type { PropertyValues } from './properties.ts'

/** A role of IAM that is assumed. */
export interface RoleConfig {
  readonly arn: string
  readonly externalId: string | undefined
  readonly sessionName: string
}

/** The role of `source.role.*`. */
export function roleConfig(values: PropertyValues): RoleConfig | undefined {
  const arn = values['source.role.arn']
  if (arn === undefined) return undefined
  return { arn, externalId: values['source.role.external.id'], sessionName: values['source.role.session.name'] }
}
