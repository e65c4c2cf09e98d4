import type { ConfigEntry } from './config-entry.ts'
import type { KafkaClientConfig, KafkaTls } from './kafka-client-config.ts'
import { createKafkaInput } from './kafka-input.ts'
import type { KafkaFindings } from './kafka-input.ts'
import { firstKafkaName } from './kafka-property-catalogue.ts'
import { readKafkaTls } from './kafka-tls.ts'
import { isLoopbackHost } from './network-address.ts'
import type { PropertyValues } from './properties.ts'
import { registryProperties } from './properties/registry-properties.ts'
import { readGlueConfig, refuseGlueProperties } from './read-glue-config.ts'
import { readRegistryCredentials } from './registry-credentials.ts'
import type { RegistryInput } from './registry-credentials.ts'
import type { RegistryConfig } from './registry-config.ts'
import { Secret } from './secret.ts'

/** What the properties of the schema registry are read with besides themselves. */
export interface RegistrySurroundings {
  /** All entries of the file, their references resolved: for their places, and for `ssl.*`. */
  readonly entries: readonly ConfigEntry[]
  readonly kafka: Pick<KafkaClientConfig, 'sasl'>
  /** As in `KafkaSurroundings`. */
  readonly readText: (path: string) => string
}

const prefix = 'schema.registry.'

/**
 * Brings the properties of the schema registry together; undefined without one. What is wrong, worth a
 * note, or secret is added to `findings`; with a new problem there the result must not be used.
 */
export function readRegistryConfig(
  values: PropertyValues,
  surroundings: RegistrySurroundings,
  findings: KafkaFindings,
): RegistryConfig | undefined {
  const whereOf = (name: string): string | undefined => surroundings.entries.find((entry) => entry.name === name)?.where
  const input: RegistryInput = {
    values,
    sasl: surroundings.kafka.sasl,
    urls: (values['schema.registry.url'] ?? []).map((url) => new URL(url instanceof Secret ? url.reveal() : url)),
    problem: (name, text, missing = name) =>
      void findings.problems.push({ name: missing, where: whereOf(name), text: `${name} ${text}` }),
    secret: (text) => {
      const secret = new Secret(text)
      findings.secrets.push(secret)
      return secret
    },
  }
  const isGlue = values['schema.registry.type'] === 'glue'
  if (!isGlue) refuseGlueProperties({ ...surroundings, ...input })
  if (!isGlue && input.urls.length === 0) {
    refuseWithoutUrl(surroundings.entries, input)
    return undefined
  }
  if (values['use.latest.version'] && values['auto.register.schemas']) {
    input.problem('use.latest.version', 'needs auto.register.schemas: false')
  }
  const mode = modeOf(values)
  return isGlue
    ? readGlueConfig(values, { ...surroundings, ...input, mode })
    : readConfluent(input, surroundings, { findings, mode })
}

function readConfluent(
  input: RegistryInput,
  surroundings: RegistrySurroundings,
  { findings, mode }: { readonly findings: KafkaFindings; readonly mode: RegistryConfig['mode'] },
): RegistryConfig {
  const { values } = input
  const credentials = readRegistryCredentials(input)
  const isEncrypted = input.urls.every(({ protocol, hostname }) => protocol === 'https:' || isLoopbackHost(hostname))
  if (credentials.kind !== 'none' && !isEncrypted) {
    findings.notes.push('schema.registry.url is http: the credentials travel unencrypted')
  }
  return {
    kind: 'confluent',
    urls: input.urls.map(({ origin, pathname }) => `${origin}${pathname.replace(/\/+$/, '')}`),
    credentials,
    tls: readTls(input, surroundings, findings),
    mode,
    comparesLatest: values['latest.compatibility.strict'],
    normalizes: values['normalize.schemas'],
    context: values['schema.context.name'] === 'default' ? undefined : values['schema.context.name'],
  }
}

function modeOf(values: PropertyValues): RegistryConfig['mode'] {
  if (values['use.latest.version']) return 'latest'
  return values['auto.register.schemas'] ? 'register' : 'look-up'
}

function refuseWithoutUrl(entries: readonly ConfigEntry[], input: RegistryInput): void {
  for (const { name } of entries) {
    if (Object.hasOwn(registryProperties, name))
      input.problem(name, 'is set without schema.registry.url', 'schema.registry.url')
  }
}

function readTls(
  { urls, problem }: RegistryInput,
  { entries, readText }: RegistrySurroundings,
  findings: KafkaFindings,
): KafkaTls | undefined {
  const used = new Map<string, ConfigEntry>()
  for (const entry of entries) {
    const first = entry.name.startsWith(prefix) ? firstKafkaName(entry.name.slice(prefix.length)) : undefined
    if (first === undefined || !/^(enable\.)?ssl\./.test(first)) continue
    const earlier = used.get(first)
    if (earlier !== undefined) problem(entry.name, `says the same as ${earlier.name}: give one of them`)
    used.set(first, entry)
  }
  const [some] = used.values()
  if (some === undefined) return undefined
  if (!urls.some(({ protocol }) => protocol === 'https:'))
    problem(some.name, 'is set, and no URL of schema.registry.url is https')
  return readKafkaTls(createKafkaInput(used, findings, readText, { prefix, peer: 'the schema registry' }))
}
