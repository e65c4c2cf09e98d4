import { TailraceError } from '../errors.ts'
import type { AwsRequest } from './aws.ts'

/** The services that are spoken to. */
export type AwsService = AwsRequest['service']

/** Environment variables as a value: the leaf reads no globals. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Where requests go. A configured override wins over the environment, which wins over the region's own host. */
export interface EndpointOptions {
  readonly region: string
  readonly overrides?: Readonly<Partial<Record<AwsService, string>>>
  readonly env?: Environment
}

const environmentVariables: Readonly<Record<AwsService, string>> = {
  dynamodb: 'AWS_ENDPOINT_URL_DYNAMODB',
  streams: 'AWS_ENDPOINT_URL_DYNAMODB_STREAMS',
  kinesis: 'AWS_ENDPOINT_URL_KINESIS',
  glue: 'AWS_ENDPOINT_URL_GLUE',
  cloudwatch: 'AWS_ENDPOINT_URL_CLOUDWATCH',
  secretsmanager: 'AWS_ENDPOINT_URL_SECRETS_MANAGER',
  ssm: 'AWS_ENDPOINT_URL_SSM',
  lambda: 'AWS_ENDPOINT_URL_LAMBDA',
  tagging: 'AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API',
}

const hostPrefixes: Readonly<Record<AwsService, string>> = {
  dynamodb: 'dynamodb',
  streams: 'streams.dynamodb',
  kinesis: 'kinesis',
  glue: 'glue',
  cloudwatch: 'monitoring',
  secretsmanager: 'secretsmanager',
  ssm: 'ssm',
  lambda: 'lambda',
  tagging: 'tagging',
}

/** Domain of each partition by the region's prefix; everything else, GovCloud too, is under amazonaws.com. */
const partitionDomains: readonly (readonly [prefix: string, domain: string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
]

/**
 * The URL that a service's requests are posted to. Throws CONFIG_INVALID if an override is not an http(s) URL; the
 * message names where the override came from, not its text, which may hold a password.
 */
export function endpointFor(service: AwsService, options: EndpointOptions): URL {
  const configured = configuredEndpoint({
    service,
    override: options.overrides?.[service],
    variable: environmentVariables[service],
    env: options.env,
  })
  return configured ?? new URL(`https://${hostPrefixes[service]}.${options.region}.${domainOf(options.region)}/`)
}

/** The URL that an override or the environment gives a service; undefined if neither does. Throws as `endpointFor`. */
export function configuredEndpoint(options: {
  /** For messages. */
  readonly service: string
  readonly override: string | undefined
  /** The environment variable of this service alone, such as `AWS_ENDPOINT_URL_S3`. */
  readonly variable: string
  readonly env: Environment | undefined
}): URL | undefined {
  const { service, override, variable, env = {} } = options
  if (override !== undefined) return parseEndpoint(override, `the endpoint override for ${service}`)
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true') return undefined
  for (const name of [variable, 'AWS_ENDPOINT_URL']) {
    const value = env[name]
    if (value !== undefined && value !== '') return parseEndpoint(value, name)
  }
  return undefined
}

function domainOf(region: string): string {
  return partitionDomains.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'amazonaws.com'
}

function parseEndpoint(text: string, origin: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (
    url === undefined ||
    (url.protocol !== 'http:' && url.protocol !== 'https:') ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new TailraceError('CONFIG_INVALID', `${origin} is not an http or https URL`)
  }
  return url
}
