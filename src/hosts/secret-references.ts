import { backoffDelay } from '../async/backoff.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import type { AwsApi } from '../aws/aws.ts'
import { createCredentialsCache, createCredentialsLoader } from '../aws/credentials.ts'
import type { CredentialsLoader } from '../aws/credentials.ts'
import { createAwsApi } from '../aws/signed-request.ts'
import type { ConfigInput } from '../config/load-config.ts'
import { loadConfig, secretReferences } from '../config/load-config.ts'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import type { ConfigSources, Refusal } from '../config/references.ts'
import { TailraceError } from '../errors.ts'
import { fetchSecret, parseSecretReference } from './secret-services.ts'

/** What fetching secrets stands on. */
export interface SecretParts {
  readonly clock: Clock
  readonly rng: Rng
  /** For `AWS_REGION` and `AWS_ENDPOINT_URL_…`. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Default: the provider chain. Never the role or the access key of the file, which may be secrets themselves. */
  readonly credentials?: CredentialsLoader
}

/** What references stand for, by what stands between their braces; or why they have no value. */
export type ResolvedSecrets = ReadonlyMap<string, string | Refusal>

/**
 * As `loadConfig`, with `${secretsmanager:…}` and `${ssm:…}` fetched first: each once, and none that `secrets.allow` does not
 * name. A file without such references asks nobody. Rejects with what `loadConfig` throws (SECRET_UNAVAILABLE with the line, for
 * a secret that does not exist or may not be read), and with AWS_CREDENTIALS, AWS_THROTTLED, AWS_UNREACHABLE or
 * AWS_RESPONSE where the services cannot be asked.
 */
export async function loadConfigWithSecrets(
  input: ConfigInput,
  parts: SecretParts,
  signal: AbortSignal,
): Promise<PipelineConfig> {
  const secrets = await resolveSecretReferences(input, parts, signal)
  return loadConfig(secrets.size === 0 ? input : { ...input, secretOf: (reference) => valueOf(secrets, reference) })
}

/** The references of a file, and what they stand for. Rejects with CONFIG_UNREADABLE, and as `loadConfigWithSecrets`. */
export async function resolveSecretReferences(
  input: ConfigInput,
  parts: SecretParts,
  signal: AbortSignal,
): Promise<ResolvedSecrets> {
  const { references, region: ofFile } = secretReferences(input)
  const { env } = parts
  const around = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? ofFile
  await using services = openServices(parts)
  const secrets = new Map<string, string | Refusal>()
  for (const reference of references) {
    const parsed = parseSecretReference(reference)
    const region = parsed?.region ?? around
    if (parsed === undefined) secrets.set(reference, { reason: `\${${reference}} does not name a secret` })
    else if (region === undefined) secrets.set(reference, { reason: `\${${reference}}: no region says where to ask` })
    else {
      const api = services.in(region)
      secrets.set(reference, await patiently(parts, () => fetchSecret(parsed, { api, signal }), signal))
    }
  }
  return secrets
}

/** For commands that ask nobody: a text in the place of each secret, which passes for a password, a host or a user. */
export function withPlaceholders(input: ConfigInput): ConfigInput {
  return { ...input, secretOf: () => secretPlaceholder }
}

/** Stands where a secret would. */
export const secretPlaceholder = 'placeholder:9092'

function valueOf(secrets: ResolvedSecrets, reference: string): ReturnType<NonNullable<ConfigSources['secretOf']>> {
  const value = secrets.get(reference)
  if (value === undefined) throw new TailraceError('INTERNAL', 'a reference to a secret was overlooked')
  return value
}

interface Services extends AsyncDisposable {
  in(region: string): AwsApi
}

/** Connections by region, made when they are needed. */
function openServices({ clock, env, credentials: load }: SecretParts): Services {
  const stack = new AsyncDisposableStack()
  const byRegion = new Map<string, AwsApi>()
  return {
    in: (region) => {
      const known = byRegion.get(region)
      if (known !== undefined) return known
      const credentials = createCredentialsCache({ clock, load: load ?? createCredentialsLoader({ region, env }) })
      const api = stack.use(createAwsApi({ clock, region, env, credentials, limits: { maxConnections: 2 } }))
      byRegion.set(region, api)
      return api
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const mostAttempts = 4
const pause = { baseMs: 200, capMs: 2_000 }

/** Somebody waits for the start, so what does not pass soon is told. */
async function patiently<T>({ clock, rng }: SecretParts, ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      signal.throwIfAborted()
      const mayPass = error instanceof TailraceError && error.policy === 'retry' && error.code !== 'AWS_CREDENTIALS'
      if (!mayPass || attempt + 1 >= mostAttempts) throw error
    }
    await clock.sleep(backoffDelay(pause, attempt, rng), signal)
  }
}
