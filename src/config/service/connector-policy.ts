import { isAbsolute, posix } from 'node:path'
import { matchesNamePattern } from '../../change/name-pattern.ts'
import type { ConfigEntry } from '../config-entry.ts'
import { shownName } from '../config-entry.ts'
import { firstKafkaName } from '../kafka-property-catalogue.ts'
import type { Problem } from '../problem.ts'
import { isAwsHost } from './aws-hosts.ts'

/** What a configuration may ask for that comes from others than the operator of the process. Everything else is refused. */
export interface ConnectorPolicy {
  /** Entries as of `secrets.allow`. */
  readonly secretsAllow: readonly string[]
  /** Absolute paths of folders. */
  readonly filesAllow: readonly string[]
  /** URLs with wildcards, besides those of AWS. */
  readonly endpointsAllow: readonly string[]
  readonly overrides: 'None' | 'Principal' | 'All'
  /** How Kafka is reached, as the operator says; references resolved, names without `kafka.`. */
  readonly kafka: readonly ConfigEntry[]
  /** Converters of the operator's file (`key.converter…`, `value.converter…`), for connectors that name none. */
  readonly converters: readonly ConfigEntry[]
  /** False: topics are not created unless the connector says so. */
  readonly createsTopics: boolean
  /** Topics of the service itself, which no connector may write to: see `reservedProblems`. */
  readonly ownTopics: readonly string[]
}

/** Properties whose values are paths of files of the process; `table=path` and lists too. */
export const fileProperties: ReadonlySet<string> = new Set([
  'kafka.properties.file',
  'signal.file',
  'format.schemas',
  'transforms',
  'schema.registry.ssl.ca.location',
  'schema.registry.ssl.truststore.location',
  'schema.registry.ssl.certificate.location',
  'schema.registry.ssl.key.location',
  'schema.registry.ssl.keystore.location',
])

/** Properties whose values are addresses of APIs of AWS. */
export const endpointProperties: ReadonlySet<string> = new Set([
  'source.endpoint',
  'source.streams.endpoint',
  'source.kinesis.endpoint',
  'source.tagging.endpoint',
  'snapshot.export.endpoint',
  'oversize.claim.check.endpoint',
  'schema.registry.glue.endpoint',
])

/** What belongs to the process that runs many pipelines: a name, or with a dot at its end the beginning of several. */
const ofOperator: ReadonlyMap<string, string> = new Map([
  ['http.', 'the service serves metrics and health itself'],
  ['log.', 'the service has one log; see PUT /admin/loggers/tailrace.connector.<name>'],
  ['secrets.allow', 'what references may read is said by connector.secrets.allow in the file of the service'],
])

/** Ways to log in at a schema registry with what the process logs in with at Kafka. */
const inherited = /^SASL(_OAUTHBEARER)?_INHERIT$/i

/**
 * What a connector itself, as it was given, may not say: a registry of its choice would be shown the operator's credentials for Kafka. What the
 * operator's converters say is the operator's choice.
 */
export function inheritanceProblems(given: readonly ConfigEntry[], { overrides }: ConnectorPolicy): readonly Problem[] {
  if (overrides === 'All') return []
  return given.flatMap(({ name, value, where }) =>
    typeof value === 'string' && inherited.test(value.trim())
      ? [{ name, where, text: `${shownName(name)} must not be set by a connector to what it does not know itself` }]
      : [],
  )
}

/** What a connector, translated, asks for and may not have. No problem quotes a value. */
export function policyProblems(entries: readonly ConfigEntry[], policy: ConnectorPolicy): readonly Problem[] {
  return entries.flatMap((entry) => {
    const why = refusalOf(entry, policy)
    return why === undefined ? [] : [{ name: entry.name, where: entry.where, text: `${shownName(entry.name)} ${why}` }]
  })
}

function refusalOf({ name, value }: ConfigEntry, policy: ConnectorPolicy): string | undefined {
  const values = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value
  const operator = [...ofOperator].find(([each]) => (each.endsWith('.') ? name.startsWith(each) : name === each))
  if (operator !== undefined) return `must not be set by a connector: ${operator[1]}`
  if (endpointProperties.has(name)) {
    return values.every((url) => url === '' || isAllowedEndpoint(url, policy.endpointsAllow))
      ? undefined
      : 'names an address that the service does not allow; its operator can add it to connector.endpoints.allow'
  }
  const kafka = name.startsWith('kafka.') && name !== 'kafka.properties.file' ? name.slice('kafka.'.length) : undefined
  const override = kafka === undefined ? undefined : overrideRefusal(kafka, policy)
  if (override !== undefined) return override
  // Whatever stands in it would be an override, too.
  if (name === 'kafka.properties.file' && policy.overrides !== 'All') return overrideWords(policy)
  const isFile = fileProperties.has(name) || /^ssl\..*location$/.test(kafka ?? '')
  if (!isFile) return undefined
  const paths = name === 'transforms' ? values.filter((one) => /^(\.{0,2}\/)/.test(one)) : values
  const isAllowed = paths.every((path) => path === '' || isAllowedPath(pathOf(name, path), policy.filesAllow))
  return isAllowed
    ? undefined
    : 'names a file that the service does not allow: it must be an absolute path below a folder of connector.files.allow'
}

const ofPrincipal: ReadonlySet<string> = new Set([
  'security.protocol',
  'sasl.mechanism',
  'sasl.jaas.config',
  'sasl.username',
  'sasl.password',
])

function overrideRefusal(name: string, policy: ConnectorPolicy): string | undefined {
  if (policy.overrides === 'All') return undefined
  if (policy.overrides === 'Principal' && ofPrincipal.has(firstKafkaName(name) ?? '')) return undefined
  return overrideWords(policy)
}

function overrideWords({ overrides }: ConnectorPolicy): string {
  return `must not be set by a connector: connector.client.config.override.policy is ${overrides}`
}

function pathOf(name: string, value: string): string {
  return name === 'format.schemas' ? value.slice(value.indexOf('=') + 1) : value
}

/** True for a plain absolute path below one of the folders. Links are followed when the file is opened, not here. */
export function isAllowedPath(path: string, folders: readonly string[]): boolean {
  if (!isAbsolute(path) || posix.normalize(path) !== path || path.endsWith('/')) return false
  return folders.some((folder) => path.startsWith(folder.endsWith('/') ? folder : `${folder}/`))
}

function isAllowedEndpoint(text: string, allowed: readonly string[]): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return false
  if (url.protocol === 'https:' && url.port === '' && isAwsHost(url.hostname)) return true
  const plain = text.replace(/\/$/, '')
  // A wildcard for a part of a host must not be filled by a path.
  const isBare = url.pathname === '/' && url.search === '' && url.hash === '' && !/[?#\\]/.test(text)
  return allowed
    .map((pattern) => pattern.replace(/\/$/, ''))
    .some((pattern) => pattern === plain || (isBare && matchesNamePattern(pattern, plain)))
}

/** How Kafka is reached below what a connector says: nothing of the operator's goes to brokers that the connector names. */
export function kafkaBelow(own: readonly ConfigEntry[], { kafka }: ConnectorPolicy): readonly ConfigEntry[] {
  return own.some(({ name }) => firstKafkaName(name) === 'bootstrap.servers') ? [] : kafka
}

/** Throws unless the file, its links followed, lies below one of the folders. */
export function requireAllowedFile(
  path: string,
  { filesAllow }: ConnectorPolicy,
  realPath: (path: string) => string,
): void {
  const folders = filesAllow.filter((folder) => isAllowedPath(path, [folder]))
  const real = realPath(path)
  if (!folders.some((folder) => isAllowedPath(real, [realPath(folder)]))) throw new Error('the file is not allowed')
}
