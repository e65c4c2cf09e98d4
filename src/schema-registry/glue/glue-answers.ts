import { AwsServiceError } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import type { JsonObject } from '../../aws/json-object.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import { TailraceError } from '../../errors.ts'
import type { SchemaType } from '../schema-registry.ts'

/** A version of a schema, as far as an answer says. */
export interface GlueVersion {
  /** A UUID in lower case, with dashes. */
  readonly id: string
  /** `PENDING` while its compatibility is looked at, `FAILURE` where that was refused. */
  readonly status: 'AVAILABLE' | 'PENDING' | 'FAILURE' | 'DELETING'
  readonly version: number | undefined
  readonly type: SchemaType | undefined
  readonly text: string | undefined
}

/** What most answers hold. Throws SCHEMA_REGISTRY_RESPONSE without an id and a status; `asked` names the question. */
export function readGlueVersion(answer: unknown, asked: string): GlueVersion {
  const object: JsonObject = isJsonObject(answer) ? answer : {}
  const id = object['SchemaVersionId']
  const status = statuses.find((known) => known === (object['Status'] ?? object['SchemaVersionStatus']))
  if (typeof id !== 'string' || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) || status === undefined) {
    throw new TailraceError('SCHEMA_REGISTRY_RESPONSE', `${asked}: the answer holds no version of a schema`)
  }
  const version = object['VersionNumber'] ?? object['LatestSchemaVersion']
  const text = object['SchemaDefinition']
  return {
    id: id.toLowerCase(),
    status,
    version: typeof version === 'number' && Number.isSafeInteger(version) ? version : undefined,
    type: types.find((known) => known === object['DataFormat']),
    text: typeof text === 'string' ? text : undefined,
  }
}

const statuses = ['AVAILABLE', 'PENDING', 'FAILURE', 'DELETING'] as const
const types: readonly SchemaType[] = ['AVRO', 'JSON', 'PROTOBUF']

/** Glue's own names of refusals, kept in `details.type`. */
export type GlueRefusal = 'EntityNotFoundException' | 'AlreadyExistsException'

/** True for a refusal of that name. */
export function isGlueRefusal(error: unknown, type: GlueRefusal): boolean {
  return error instanceof TailraceError && error.details['type'] === type
}

/** What a failure of a request means to whoever wants a schema. Anything unknown is given back as it is. */
export function glueError(error: unknown, asked: string): unknown {
  if (error instanceof AwsServiceError) return serviceError(error, asked)
  if (!(error instanceof TailraceError)) return error
  switch (error.code) {
    case 'AWS_ACCESS_DENIED':
      return new TailraceError('SCHEMA_REGISTRY_AUTHORIZATION', `${asked}: ${error.message}`, {
        cause: error,
        details: { ...error.details, status: 403 },
      })
    case 'AWS_THROTTLED':
    case 'AWS_UNREACHABLE':
      return new TailraceError('SCHEMA_REGISTRY_UNREACHABLE', `${asked}: ${error.message}`, { cause: error })
    case 'AWS_RESPONSE':
      return new TailraceError('SCHEMA_REGISTRY_RESPONSE', `${asked}: ${error.message}`, { cause: error })
    default:
      return error
  }
}

const maxWords = 600

function serviceError(error: AwsServiceError, asked: string): TailraceError {
  const line = error.message.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
  const words = line.length > maxWords ? `${line.slice(0, maxWords)}…` : line
  return new TailraceError(codeOf(error), `${asked}: ${words}`, {
    details: { type: error.type, status: error.statusCode },
  })
}

function codeOf({ type, message }: AwsServiceError): ErrorCode {
  switch (type) {
    case 'EntityNotFoundException':
      return 'SCHEMA_NOT_FOUND'
    // A schema without further versions (`DISABLED`) is said to be an invalid request.
    case 'InvalidInputException':
      return /compatib/i.test(message.replace(/^[^:]*:/, '')) ? 'SCHEMA_INCOMPATIBLE' : 'SCHEMA_INVALID'
    case 'AlreadyExistsException':
    case 'ResourceNumberLimitExceededException':
    case 'ValidationException':
      return 'SCHEMA_INVALID'
    case 'ConcurrentModificationException':
    case 'OperationTimeoutException':
      return 'SCHEMA_REGISTRY_UNREACHABLE'
    // Something that is not Glue.
    default:
      return 'SCHEMA_REGISTRY_RESPONSE'
  }
}
