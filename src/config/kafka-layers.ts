import type { ConfigEntry } from './config-entry.ts'
import { allKafkaNames, firstKafkaName } from './kafka-property-catalogue.ts'

/** What says how Kafka is reached; names without `kafka.`, references resolved. */
export interface KafkaSayings {
  /** Of the pipeline file: `kafka.properties.file` first, then `kafka.*`. */
  readonly own: readonly (readonly ConfigEntry[])[]
  /** Of a managed connector's file: the keys of the service, and perhaps its address. */
  readonly access: readonly ConfigEntry[]
  /** Of a Connect worker's file; undefined without one. */
  readonly worker: readonly ConfigEntry[] | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Layers for `readKafkaProperties`, lowest first. */
export interface KafkaLayers {
  readonly layers: readonly (readonly ConfigEntry[])[]
  readonly notes: readonly string[]
}

/**
 * Decides who is heard. The pipeline file wins over a worker's file, property by property, and the environment is heard
 * only where neither names a broker. Ways to log in are not mixed: whoever says one is not completed by those below.
 * The keys of a managed connector are heard where nobody else says how to log in (a worker's file always does, since
 * without a word about it its clients speak plain text), and its address where nobody else names a broker.
 */
export function kafkaLayers({ own, access, worker, env }: KafkaSayings): KafkaLayers {
  const said = own.flat()
  const address = access.filter(isAddress)
  const keys = access.filter((entry) => !isAddress(entry))
  const fromEnvironment = [...said, ...(worker ?? [])].some(isAddress) ? [] : environmentEntries(env)
  const below = [...fromEnvironment, ...(worker ?? [])]
  const isHeard = keys.length > 0 && worker === undefined && ![...said, ...below].some(isLogin)
  const base = isHeard || said.some(isLogin) ? below.filter((entry) => !isSecurity(entry)) : below
  const unheard = [
    ...([...said, ...below].some(isAddress) ? address : []),
    ...(isHeard ? [] : keys.filter(({ name }) => name === 'sasl.username' || name === 'sasl.password')),
  ].map(({ where }) => keyName(where))
  return {
    layers: [address, base, ...(isHeard ? [keys] : []), ...own],
    notes:
      unheard.length === 0
        ? []
        : [`without effect, since something else says how Kafka is reached: ${unheard.join(', ')}`],
  }
}

/** `line 5 (kafka.api.key)`. */
function keyName(where: string): string {
  return /\(([^()]+)\)$/.exec(where)?.[1] ?? where
}

function isAddress({ name }: ConfigEntry): boolean {
  return firstKafkaName(name) === 'bootstrap.servers'
}

/** A property that chooses how to log in. */
function isLogin({ name }: ConfigEntry): boolean {
  return ['security.protocol', 'sasl.mechanism', 'sasl.jaas.config'].includes(firstKafkaName(name) ?? '')
}

function isSecurity({ name }: ConfigEntry): boolean {
  return name === 'security.protocol' || name.startsWith('sasl.')
}

/** True for what is about the address of Kafka and the way in. */
export function isAccessName(name: string): boolean {
  return /^(bootstrap\.servers|security\.protocol|sasl\..+|ssl\..+)$/.test(name) && firstKafkaName(name) !== undefined
}

/** `KAFKA_BOOTSTRAP_SERVERS`, `KAFKA_SASL_JAAS_CONFIG`, …, under every name of a property; none without the first. */
function environmentEntries(env: KafkaSayings['env']): readonly ConfigEntry[] {
  const found = allKafkaNames()
    .filter(isAccessName)
    .flatMap((name) => {
      const variable = `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`
      const value = env[variable]
      return value === undefined || value === '' ? [] : [{ name, value, where: `environment variable ${variable}` }]
    })
  return found.some(({ name }) => name === 'bootstrap.servers') ? found : []
}
