import { parseJaas } from './jaas.ts'
import type { KafkaSasl, MskIamSasl, OAuthSasl, PasswordSasl } from './kafka-client-config.ts'
import type { KafkaInput } from './kafka-input.ts'
import { isLoopbackHost, isSafeUrl } from './network-address.ts'

/** What SASL is read with besides the properties themselves. */
export interface SaslSurroundings {
  readonly brokers: readonly string[]
  /** The region of the source, where the brokers' names do not tell theirs. */
  readonly region: string | undefined
}

type JaasOptions = ReadonlyMap<string, string>

/** The login module that each mechanism takes. */
const moduleOf: ReadonlyMap<string, string> = new Map([
  ['PLAIN', 'PlainLoginModule'],
  ['SCRAM-SHA-256', 'ScramLoginModule'],
  ['SCRAM-SHA-512', 'ScramLoginModule'],
  ['OAUTHBEARER', 'OAuthBearerLoginModule'],
  ['AWS_MSK_IAM', 'IAMLoginModule'],
])

/** Reads the `sasl.*` properties; undefined if they cannot be used, and then there are problems. */
export function readKafkaSasl(input: KafkaInput, surroundings: SaslSurroundings): KafkaSasl | undefined {
  const mechanism = mechanismOf(input)
  if (mechanism === undefined) return undefined
  const options = jaasOptions(input, mechanism)
  if (options === undefined) return undefined
  if (mechanism === 'AWS_MSK_IAM') return readMskIam(input, options, surroundings)
  if (mechanism === 'OAUTHBEARER') return readOAuth(input, options)
  return readPassword(input, options, mechanism)
}

type Mechanism = KafkaSasl['mechanism']

function mechanismOf(input: KafkaInput): Mechanism | undefined {
  const given = input.text('sasl.mechanism')?.toUpperCase()
  const isMskHandler = ['sasl.login.callback.handler.class', 'sasl.client.callback.handler.class'].some((name) =>
    /\.msk\.auth\.iam\.IAM\w+$/.test(input.text(name) ?? ''),
  )
  switch (given) {
    case 'OAUTHBEARER':
      return isMskHandler ? 'AWS_MSK_IAM' : given
    case 'PLAIN':
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512':
    case 'AWS_MSK_IAM':
      return given
    case undefined:
      input.problem('sasl.mechanism', 'is missing: security.protocol asks for SASL')
      return undefined
    default:
      input.problem('sasl.mechanism', 'must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM')
      return undefined
  }
}

/** The options of `sasl.jaas.config`; none if it is not given, undefined if it is wrong. */
function jaasOptions(input: KafkaInput, mechanism: Mechanism): JaasOptions | undefined {
  const text = input.text('sasl.jaas.config')
  if (text === undefined) return new Map()
  const parsed = parseJaas(text)
  // The IAM client for OAUTHBEARER goes with the OAuth module, whose name says nothing then.
  const isOfMechanism =
    parsed?.module === moduleOf.get(mechanism) ||
    (mechanism === 'AWS_MSK_IAM' && parsed?.module === 'OAuthBearerLoginModule')
  if (parsed !== undefined && isOfMechanism) return parsed.options
  input.problem(
    'sasl.jaas.config',
    parsed === undefined
      ? 'must have the form `<package>.<Module> required name="value" …;` with one module, values in quotes, and a semicolon'
      : `must name the ${moduleOf.get(mechanism) ?? ''} for ${mechanism}`,
  )
  return undefined
}

function readPassword(
  input: KafkaInput,
  options: JaasOptions,
  mechanism: PasswordSasl['mechanism'],
): PasswordSasl | undefined {
  const username = input.text('sasl.username') ?? options.get('username')
  const password = input.text('sasl.password') ?? options.get('password')
  if (username === undefined || username === '')
    input.problem('sasl.username', `is missing (or username in sasl.jaas.config) for ${mechanism}`)
  if (password === undefined || password === '')
    input.problem('sasl.password', `is missing (or password in sasl.jaas.config) for ${mechanism}`)
  if (isPlaceholder(username))
    input.problem('sasl.username', 'still holds the placeholder of the text it was pasted from')
  if (isPlaceholder(password))
    input.problem('sasl.password', 'still holds the placeholder of the text it was pasted from')
  if (username === undefined || password === undefined) return undefined
  return { mechanism, username, password: input.secret(password) }
}

/** `{{ CLUSTER_API_KEY }}`, `<CLUSTER_API_KEY>`: what consoles print for the reader to replace. */
function isPlaceholder(text: string | undefined): boolean {
  return text !== undefined && /^(\{\{[^{}]*\}\}|<[^<>]+>)$/.test(text)
}

function readOAuth(input: KafkaInput, options: JaasOptions): OAuthSasl | undefined {
  const tokenEndpoint = input.text('sasl.oauthbearer.token.endpoint.url')
  const clientId = input.text('sasl.oauthbearer.client.id') ?? options.get('clientId')
  const clientSecret = input.text('sasl.oauthbearer.client.secret') ?? options.get('clientSecret')
  if (tokenEndpoint === undefined) input.problem('sasl.oauthbearer.token.endpoint.url', 'is missing for OAUTHBEARER')
  else if (!isTokenEndpoint(tokenEndpoint)) {
    input.problem(
      'sasl.oauthbearer.token.endpoint.url',
      'must be an https URL (http on loopback only) without a user name, not of a link-local address',
    )
  }
  if (clientId === undefined)
    input.problem('sasl.oauthbearer.client.id', '(or clientId in sasl.jaas.config) is missing')
  if (clientSecret === undefined)
    input.problem('sasl.oauthbearer.client.secret', '(or clientSecret in sasl.jaas.config) is missing')
  const extensions = readExtensions(input, options)
  if (tokenEndpoint === undefined || clientId === undefined || clientSecret === undefined) return undefined
  return {
    mechanism: 'OAUTHBEARER',
    tokenEndpoint,
    clientId,
    clientSecret: input.secret(clientSecret),
    scope: input.text('sasl.oauthbearer.scope') ?? options.get('scope'),
    extensions,
  }
}

/** The client secret travels to it, so plain http is for this machine only. */
function isTokenEndpoint(text: string): boolean {
  const url = URL.parse(text)
  return isSafeUrl(text) && url !== null && (url.protocol === 'https:' || isLoopbackHost(url.hostname))
}

/** librdkafka's list `a=b,c=d` and Java's `extension_a="b"` options together. */
function readExtensions(input: KafkaInput, options: JaasOptions): Readonly<Record<string, string>> {
  const name = 'sasl.oauthbearer.extensions'
  const listed = (input.text(name) ?? '').split(',').filter((part) => part.trim() !== '')
  const fromList = listed.map((part) => {
    const at = part.indexOf('=')
    return [part.slice(0, Math.max(at, 0)).trim(), part.slice(at + 1).trim()] as const
  })
  const fromJaas = [...options]
    .filter(([key]) => key.startsWith('extension_'))
    .map(([key, value]) => [key.slice('extension_'.length), value] as const)
  const all = [...fromJaas, ...fromList]
  // RFC 7628: letters only, and `auth` is the token's own key.
  if (!all.every(([key]) => /^[A-Za-z]+$/.test(key) && key !== 'auth')) {
    input.problem(name, 'must be `name=value` pairs separated by commas; names are letters, and not `auth`')
  }
  return Object.fromEntries(all)
}

function readMskIam(
  input: KafkaInput,
  options: JaasOptions,
  { brokers, region }: SaslSurroundings,
): MskIamSasl | undefined {
  const ofBrokers = brokers.map(mskRegionOf).find((found) => found !== undefined)
  const found = ofBrokers ?? options.get('awsStsRegion') ?? region
  if (found === undefined) {
    input.problem('bootstrap.servers', 'do not tell the region of the MSK cluster; set source.region')
    return undefined
  }
  const arn = options.get('awsRoleArn')
  return {
    mechanism: 'AWS_MSK_IAM',
    region: found,
    profile: options.get('awsProfileName'),
    role:
      arn === undefined
        ? undefined
        : { arn, sessionName: options.get('awsRoleSessionName'), externalId: options.get('awsRoleExternalId') },
  }
}

/** `b-1.shop.abc123.c2.kafka.eu-west-1.amazonaws.com:9098`, `boot-x.c1.kafka-serverless.us-east-1.amazonaws.com:9098`. */
function mskRegionOf(broker: string): string | undefined {
  return /\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?:\d+$/.exec(broker)?.[1]
}
