import type { KafkaSasl } from './kafka-client-config.ts'
import type { PropertyName, PropertyValues } from './properties.ts'
import type { BasicCredentials, OAuthCredentials, RegistryCredentials, TokenCredentials } from './registry-config.ts'
import type { Secret } from './secret.ts'

/** The properties of a schema registry, and the place for what is found wrong with them. */
export interface RegistryInput {
  readonly values: PropertyValues
  readonly sasl: KafkaSasl | undefined
  /** With their user names. */
  readonly urls: readonly URL[]
  /** A problem of a property that is given or missing; the text goes on behind its name. `missing`: what has no value. */
  problem(name: string, text: string, missing?: string): void
  /** Keeps the text from being shown anywhere. */
  secret(text: string): Secret
}

const basicSource = 'schema.registry.basic.auth.credentials.source'
const userInfo = 'schema.registry.basic.auth.user.info'
const bearer = 'schema.registry.bearer.auth.'
const bearerSource = `${bearer}credentials.source` as const

/** Which credentials the properties mean. With a problem the result must not be used. */
export function readRegistryCredentials(input: RegistryInput): RegistryCredentials {
  const { values, urls } = input
  const isUserInUrl = urls.some(({ username, password }) => username !== '' || password !== '')
  const isBasic = isUserInUrl || values[basicSource] !== undefined || values[userInfo] !== undefined
  const given = bearerNames.find((name) => values[name] !== undefined)
  if (given === undefined) return isBasic ? readBasic(input, isUserInUrl) : { kind: 'none' }
  if (isBasic) input.problem(given, 'and a user name are both given: the registry takes one of them')
  return readBearer(input) ?? { kind: 'none' }
}

function readBasic(input: RegistryInput, isUserInUrl: boolean): BasicCredentials | { readonly kind: 'none' } {
  const { values } = input
  const source = values[basicSource] ?? (isUserInUrl ? 'URL' : 'USER_INFO')
  if (isUserInUrl && source !== 'URL')
    input.problem('schema.registry.url', `holds a user name, and ${basicSource} is ${source}`)
  if (values[userInfo] !== undefined && source !== 'USER_INFO')
    input.problem(userInfo, `is given, and ${basicSource} is ${source}`)
  switch (source) {
    case 'URL':
      return readFromUrl(input)
    case 'SASL_INHERIT':
      return readFromSasl(input)
    case 'USER_INFO': {
      const text = values[userInfo]?.reveal()
      if (text !== undefined) return basicOf(input, text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1))
      input.problem(userInfo, 'is missing')
      return { kind: 'none' }
    }
  }
}

function readFromUrl(input: RegistryInput): BasicCredentials | { readonly kind: 'none' } {
  const users = new Set(input.urls.map(({ username, password }) => `${username}:${password}`))
  const [first = ''] = users
  const [, username = '', password = ''] = /^([^:]*):(.*)$/.exec(first) ?? []
  if (users.size > 1) input.problem('schema.registry.url', 'must hold the same user name and password in each URL')
  if (username === '' || password === '')
    input.problem('schema.registry.url', `must hold user name and password: ${basicSource} is URL`)
  input.secret(password)
  return basicOf(input, decoded(username), decoded(password))
}

/** What is no percent encoding is taken as it is written. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that somebody did not encode.
    return text
  }
}

function readFromSasl(input: RegistryInput): BasicCredentials | { readonly kind: 'none' } {
  const { sasl } = input
  if (sasl !== undefined && 'password' in sasl) {
    return { kind: 'basic', username: sasl.username, password: sasl.password }
  }
  input.problem(basicSource, 'is SASL_INHERIT, and kafka.sasl.mechanism has no user name and password')
  return { kind: 'none' }
}

function basicOf(input: RegistryInput, username: string, password: string): BasicCredentials {
  return { kind: 'basic', username, password: input.secret(password) }
}

const audienceNames = [`${bearer}logical.cluster`, `${bearer}identity.pool.id`] as const
const oauthNames = [
  `${bearer}issuer.endpoint.url`,
  `${bearer}client.id`,
  `${bearer}client.secret`,
  `${bearer}scope`,
] as const
const bearerNames = [bearerSource, `${bearer}token`, ...oauthNames, ...audienceNames] as const

/** Which properties each source reads. */
const readBy: Readonly<Record<NonNullable<PropertyValues[typeof bearerSource]>, readonly PropertyName[]>> = {
  STATIC_TOKEN: [`${bearer}token`],
  OAUTHBEARER: oauthNames,
  SASL_OAUTHBEARER_INHERIT: [],
}

function readBearer(input: RegistryInput): TokenCredentials | OAuthCredentials | undefined {
  const { values, problem } = input
  const source = values[bearerSource]
  if (source === undefined) {
    problem(bearerSource, 'is missing: STATIC_TOKEN, OAUTHBEARER or SASL_OAUTHBEARER_INHERIT')
    return undefined
  }
  const known = new Set<PropertyName>([bearerSource, ...audienceNames, ...readBy[source]])
  for (const name of bearerNames) {
    if (values[name] !== undefined && !known.has(name)) problem(name, `has no effect: ${bearerSource} is ${source}`)
  }
  const audience = { logicalCluster: values[audienceNames[0]], identityPool: values[audienceNames[1]] }
  if (source === 'STATIC_TOKEN') {
    const token = values[`${bearer}token`]
    if (token === undefined) problem(`${bearer}token`, 'is missing')
    return token === undefined ? undefined : { kind: 'token', token, ...audience }
  }
  if (source === 'SASL_OAUTHBEARER_INHERIT') {
    const { sasl } = input
    if (sasl?.mechanism !== 'OAUTHBEARER') {
      problem(bearerSource, `is ${source}, and kafka.sasl.mechanism is not OAUTHBEARER`)
      return undefined
    }
    const { tokenEndpoint, clientId, clientSecret, scope } = sasl
    return { kind: 'oauth', tokenEndpoint, clientId, clientSecret, scope, ...audience }
  }
  return readOAuth(input, audience)
}

function readOAuth(
  { values, problem }: RegistryInput,
  audience: Pick<OAuthCredentials, 'logicalCluster' | 'identityPool'>,
): OAuthCredentials | undefined {
  const [endpointName, idName, secretName, scopeName] = oauthNames
  for (const name of [endpointName, idName, secretName]) {
    if (values[name] === undefined) problem(name, 'is missing for OAUTHBEARER')
  }
  const [tokenEndpoint, clientId, clientSecret] = [values[endpointName], values[idName], values[secretName]]
  if (tokenEndpoint === undefined || clientId === undefined || clientSecret === undefined) return undefined
  return { kind: 'oauth', tokenEndpoint, clientId, clientSecret, scope: values[scopeName], ...audience }
}
