import type { PropertyValues } from './properties.ts'
import type { Secret } from './secret.ts'

/** Who asks AWS: the source, and whatever else of AWS goes with it. */
export interface AwsIdentityConfig {
  /** Credentials that stand in the file; undefined means those of the provider chain. */
  readonly accessKey: AccessKeyConfig | undefined
  /** The role to assume; undefined means the credentials as they are. */
  readonly role: RoleConfig | undefined
}

export interface AccessKeyConfig {
  readonly id: Secret
  readonly secret: Secret
  /** Of temporary credentials. */
  readonly sessionToken: Secret | undefined
}

/** A role of IAM that is assumed. */
export interface RoleConfig {
  readonly arn: string
  readonly externalId: string | undefined
  readonly sessionName: string
}

/** What `source.access.key.id` and `source.role.*` say. */
export function identityConfig(values: PropertyValues): AwsIdentityConfig {
  return { accessKey: accessKeyConfig(values), role: roleConfig(values) }
}

function accessKeyConfig(values: PropertyValues): AccessKeyConfig | undefined {
  const id = values['source.access.key.id']
  const secret = values['source.secret.access.key']
  return id === undefined || secret === undefined
    ? undefined
    : { id, secret, sessionToken: values['source.session.token'] }
}

function roleConfig(values: PropertyValues): RoleConfig | undefined {
  const arn = values['source.role.arn']
  if (arn === undefined) return undefined
  return { arn, externalId: values['source.role.external.id'], sessionName: values['source.role.session.name'] }
}
