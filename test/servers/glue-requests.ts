/** Requests as the API's model declares them: which members there are, and which must be there. */
const members = {
  GetRegistry: { required: ['RegistryId'], others: [] },
  CreateSchema: {
    required: ['SchemaName', 'DataFormat'],
    others: ['RegistryId', 'Compatibility', 'Description', 'Tags', 'SchemaDefinition'],
  },
  RegisterSchemaVersion: { required: ['SchemaId', 'SchemaDefinition'], others: [] },
  GetSchemaByDefinition: { required: ['SchemaId', 'SchemaDefinition'], others: [] },
  DeleteSchemaVersions: { required: ['SchemaId', 'Versions'], others: [] },
  GetSchemaVersion: { required: [], others: ['SchemaId', 'SchemaVersionId', 'SchemaVersionNumber'] },
} as const satisfies Readonly<Record<string, { required: readonly string[]; others: readonly string[] }>>

/** What a schema registry of Glue is asked by whoever writes or reads records, or looks after it. */
export type GlueAction = keyof typeof members

/** The members of all requests together. */
export interface GlueBody {
  readonly RegistryId?: { readonly RegistryName: string }
  readonly SchemaId?: { readonly RegistryName?: string; readonly SchemaName?: string }
  readonly SchemaName?: string
  readonly DataFormat?: string
  readonly Compatibility?: string
  readonly SchemaDefinition?: string
  readonly SchemaVersionId?: string
  /** A number. The API takes ranges, too. */
  readonly Versions?: string
  readonly SchemaVersionNumber?: { readonly LatestVersion?: boolean; readonly VersionNumber?: number }
}

const name = /^[a-zA-Z0-9-_$#.]{1,255}$/

/** What is wrong with a request; undefined if nothing is. */
export function requiredIn(action: GlueAction, body: GlueBody): string | undefined {
  if (!Object.hasOwn(members, action)) return `there is no ${action}`
  const { required, others } = members[action]
  const known: ReadonlySet<string> = new Set([...required, ...others])
  const given = Object.keys(body)
  const missing = required.find((member) => !given.includes(member))
  if (missing !== undefined) return `${missing} is missing`
  const unknown = given.find((member) => !known.has(member))
  if (unknown !== undefined) return `there is no member ${unknown}`
  const names = [body.RegistryId?.RegistryName, body.SchemaId?.RegistryName, body.SchemaId?.SchemaName, body.SchemaName]
  const wrong = names.find((text) => text !== undefined && !name.test(text))
  if (wrong !== undefined) return 'a name does not match its pattern'
  const length = body.SchemaDefinition?.length ?? 1
  return length < 1 || length > 170_000 ? 'a definition of that length is not allowed' : undefined
}
