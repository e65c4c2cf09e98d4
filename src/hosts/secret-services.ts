import { AwsServiceError } from '../aws/aws.ts'
import type { AwsApi, AwsRequest } from '../aws/aws.ts'
import { parseJson } from '../aws/exact-json.ts'
import { isJsonObject } from '../aws/json-object.ts'
import { shownName } from '../config/config-entry.ts'
import type { Refusal } from '../config/references.ts'
import { TailraceError } from '../errors.ts'

/** A reference taken apart. */
export interface SecretReference {
  /** What stands between the braces. */
  readonly text: string
  readonly service: 'secretsmanager' | 'ssm'
  /** Name or ARN, as the service takes it. */
  readonly id: string
  /** Of an ARN. */
  readonly region: string | undefined
  /** The member of a secret that is a JSON object; undefined means the whole secret. */
  readonly key: string | undefined
}

/**
 * Takes `secretsmanager:<name or ARN>[:<key>]` or `ssm:<name or ARN>[:<version or label>]` apart; undefined for what is
 * neither. Names have no colon, ARNs have six.
 */
export function parseSecretReference(text: string): SecretReference | undefined {
  const [service, ...parts] = text.split(':')
  if (service !== 'secretsmanager' && service !== 'ssm') return undefined
  const isArn = parts[0] === 'arn'
  // arn:aws:secretsmanager:<region>:<account>:secret:<name>, but arn:aws:ssm:<region>:<account>:parameter/<name>
  const length = isArn ? (service === 'ssm' ? 6 : 7) : 1
  const id = parts.slice(0, length).join(':')
  const rest = parts.slice(length)
  const key = rest.length === 0 ? undefined : rest.join(':')
  const isComplete = parts.length >= length && id !== '' && key !== ''
  if (!isComplete || (isArn && (parts[2] !== service || !parts[3]))) return undefined
  const region = isArn ? parts[3] : undefined
  if (service === 'secretsmanager') return { text, service, id, region, key }
  return { text, service, id: key === undefined ? id : `${id}:${key}`, region, key: undefined }
}

/** Where to ask. */
export interface SecretAccess {
  readonly api: AwsApi
  readonly signal: AbortSignal
}

/**
 * Asks for one secret, once. What is wrong with the secret itself, or with the right to read it, is its answer; rejects where the
 * service cannot be asked (AWS_CREDENTIALS, AWS_THROTTLED, AWS_UNREACHABLE, AWS_RESPONSE).
 */
export async function fetchSecret(
  reference: SecretReference,
  { api, signal }: SecretAccess,
): Promise<string | Refusal> {
  const refuse = (reason: string): Refusal => ({ reason: `\${${shownName(reference.text)}}: ${reason}` })
  try {
    const found = valueIn(reference, await api.call(requestFor(reference), signal))
    return typeof found === 'string' ? found : refuse(found.reason)
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'AWS_ACCESS_DENIED') return refuse(error.message)
    if (error instanceof TailraceError && error.code === 'AWS_KEY_UNUSABLE') return refuse('its key cannot be used')
    if (error instanceof AwsServiceError) return refuse(wordsFor(error.type))
    throw error
  }
}

function requestFor({ service, id }: SecretReference): AwsRequest {
  return service === 'secretsmanager'
    ? { service, action: 'GetSecretValue', body: { SecretId: id } }
    : { service, action: 'GetParameter', body: { Name: id, WithDecryption: true } }
}

function valueIn({ service, key }: SecretReference, answer: unknown): string | Refusal {
  const holder = service === 'ssm' && isJsonObject(answer) ? answer['Parameter'] : answer
  const value = isJsonObject(holder) ? holder[service === 'ssm' ? 'Value' : 'SecretString'] : undefined
  if (typeof value !== 'string') return { reason: 'the secret is not text' }
  return key === undefined ? value : memberOf(value, key)
}

/** The text is never quoted, not even where it is no JSON. */
function memberOf(text: string, key: string): string | Refusal {
  let secret: unknown
  try {
    secret = parseJson(Buffer.from(text, 'utf8'))
  } catch {
    return { reason: 'the secret is no JSON, so it has no keys' }
  }
  const member = isJsonObject(secret) && Object.hasOwn(secret, key) ? secret[key] : undefined
  if (typeof member === 'string') return member
  if (typeof member === 'number' || typeof member === 'boolean') return String(member)
  return { reason: 'the secret has no such key, or its value is no text' }
}

function wordsFor(type: string): string {
  switch (type) {
    case 'ResourceNotFoundException':
    case 'ParameterNotFound':
    case 'ParameterVersionNotFound':
      return 'there is no such secret'
    case 'DecryptionFailure':
    case 'InvalidKeyId':
      return `it cannot be decrypted (${type})`
    default:
      return `the service refuses it (${type})`
  }
}
