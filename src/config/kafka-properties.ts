import type { ConfigEntry } from './config-entry.ts'
import { shownName } from './config-entry.ts'
import type { KafkaClientConfig, KafkaCompression } from './kafka-client-config.ts'
import { createKafkaInput } from './kafka-input.ts'
import type { KafkaFindings, KafkaInput } from './kafka-input.ts'
import {
  allKafkaNames,
  firstKafkaName,
  fixedKafkaProperties,
  refusedKafkaProperties,
  unusedKafkaProperties,
} from './kafka-property-catalogue.ts'
import type { KafkaPropertyName } from './kafka-property-catalogue.ts'
import { readKafkaSasl } from './kafka-sasl.ts'
import { readKafkaTls } from './kafka-tls.ts'
import { nearestName } from './nearest-name.ts'
import { isForbiddenHost, parseHostPort } from './network-address.ts'

/** What the Kafka properties are read with besides themselves. */
export interface KafkaSurroundings {
  readonly clientId: string
  /** The region of the source; the region of MSK IAM where the brokers' names do not tell theirs. */
  readonly region: string | undefined
  /** The text of a file; relative paths start at the folder of the configuration. Throws if it cannot be read. */
  readonly readText: (path: string) => string
}

/**
 * Reads the properties of Java's and librdkafka's clients. `layers` come in the order of precedence, lowest first (the
 * properties file, then the YAML), their names without `kafka.`, their references resolved. What is wrong, worth a
 * note, or secret is added to `findings`; with a new problem there the result must not be used.
 */
export function readKafkaProperties(
  layers: readonly (readonly ConfigEntry[])[],
  surroundings: KafkaSurroundings,
  findings: KafkaFindings,
): KafkaClientConfig {
  const used = new Map(layers.flatMap((entries) => [...selectUsed(entries, findings)]))
  const input = createKafkaInput(used, findings, surroundings.readText)
  const brokers = readBrokers(input)
  const protocol = readProtocol(input)
  return {
    brokers,
    clientId: input.text('client.id') ?? surroundings.clientId,
    tls: protocol.hasTls ? readKafkaTls(input) : undefined,
    sasl: protocol.hasSasl ? readKafkaSasl(input, { brokers, region: surroundings.region }) : undefined,
    transactionTimeoutMs: readMilliseconds(input, 'transaction.timeout.ms', {
      default: 20_000,
      minimum: 1000,
      maximum: 900_000,
    }),
    sessionTimeoutMs: readMilliseconds(input, 'session.timeout.ms', {
      default: 10_000,
      minimum: 1000,
      maximum: 300_000,
    }),
    heartbeatMs: readMilliseconds(input, 'heartbeat.interval.ms', { default: 1000, minimum: 100, maximum: 60_000 }),
    compression: readCompression(input),
    requestTimeoutMs: readMilliseconds(input, 'request.timeout.ms', {
      default: 15_000,
      minimum: 1000,
      maximum: 600_000,
    }),
    connectTimeoutMs: readMilliseconds(input, 'socket.connection.setup.timeout.ms', {
      default: 10_000,
      minimum: 100,
      maximum: 600_000,
    }),
  }
}

/** Sorts out what has no effect; the rest by first name. */
function selectUsed(entries: readonly ConfigEntry[], findings: KafkaFindings): ReadonlyMap<string, ConfigEntry> {
  const used = new Map<string, ConfigEntry>()
  const unused: string[] = []
  for (const entry of entries) {
    const { name, where } = entry
    const first = firstKafkaName(name)
    const refusal = refusedKafkaProperties.get(name)
    const accepted = fixedKafkaProperties.get(name)
    if (first !== undefined) {
      const earlier = used.get(first)
      if (earlier !== undefined && earlier.name !== name) {
        findings.problems.push({
          where,
          text: `kafka.${name} says the same as kafka.${earlier.name}: give one of them`,
        })
      }
      used.set(first, entry)
    } else if (refusal !== undefined)
      findings.problems.push({ where, text: `kafka.${name} must not be set: ${refusal}` })
    else if (accepted !== undefined) {
      const isAccepted = typeof entry.value === 'string' && accepted.includes(entry.value.toLowerCase())
      if (!isAccepted)
        findings.problems.push({ where, text: `kafka.${name} is always ${accepted[0] ?? ''} and cannot be changed` })
    } else if (unusedKafkaProperties.has(name)) unused.push(name)
    else findings.problems.push({ where, text: unknownText(entry) })
  }
  if (unused.length > 0) findings.notes.push(`without effect: ${unused.map((name) => `kafka.${name}`).join(', ')}`)
  return used
}

function unknownText({ name, where }: ConfigEntry): string {
  const nearest = nearestName(name, allKafkaNames())
  // Any text is a properties file. If the wrong one is named (a password, a key), its words would be shown as names.
  const isFromYaml = where.startsWith('line ')
  const isShown = isFromYaml || nearest !== undefined || /^[a-z]{2,20}(\.[a-z]{2,20}){1,6}$/.test(name)
  if (!isShown) return 'not a property that tailrace knows'
  const hint = nearest === undefined ? '' : `; did you mean kafka.${nearest}?`
  return `kafka.${shownName(name)} is not a property that tailrace knows${hint}`
}

/** A broker's address; `SASL_SSL://` before it is what Confluent's pages show, and 9092 is librdkafka's default. */
function readBrokers(input: KafkaInput): readonly string[] {
  const name: KafkaPropertyName = 'bootstrap.servers'
  const texts = (input.text(name) ?? '')
    .split(',')
    .map((text) => text.trim().replace(/^[A-Z_]+:\/\//, ''))
    .filter((text) => text !== '')
  if (texts.length === 0)
    input.problem(name, "is missing; a Connect worker's file (--worker) or KAFKA_BOOTSTRAP_SERVERS can name it, too")
  const brokers = texts.map((text) => parseHostPort(text) ?? parseHostPort(`${text}:9092`))
  if (brokers.includes(undefined)) input.problem(name, 'must be `host:port`, or several separated by commas')
  if (brokers.some((broker) => broker !== undefined && isForbiddenHost(broker.host))) {
    input.problem(name, 'must not be a link-local address')
  }
  return brokers.flatMap((broker) => {
    if (broker === undefined) return []
    return [`${broker.host.includes(':') ? `[${broker.host}]` : broker.host}:${broker.port}`]
  })
}

function readProtocol(input: KafkaInput): { readonly hasTls: boolean; readonly hasSasl: boolean } {
  const name: KafkaPropertyName = 'security.protocol'
  const protocol = input.text(name)?.toUpperCase() ?? 'PLAINTEXT'
  const hasTls = protocol === 'SSL' || protocol === 'SASL_SSL'
  const hasSasl = protocol === 'SASL_PLAINTEXT' || protocol === 'SASL_SSL'
  if (!hasTls && !hasSasl && protocol !== 'PLAINTEXT') {
    input.problem(name, 'must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL')
  } else if (!hasSasl && input.text('sasl.mechanism') !== undefined) {
    input.problem(name, `must be SASL_SSL (or SASL_PLAINTEXT): sasl.mechanism is set`)
  } else if (
    !hasTls &&
    ['ssl.ca.location', 'ssl.ca.pem', 'ssl.certificate.location'].some((one) => input.text(one) !== undefined)
  ) {
    input.problem(name, 'must be SSL or SASL_SSL: ssl.* properties are set')
  }
  const mechanism = input.text('sasl.mechanism')?.toUpperCase()
  if (protocol === 'SASL_PLAINTEXT' && (mechanism === 'PLAIN' || mechanism === 'OAUTHBEARER')) {
    input.note(`kafka.security.protocol is SASL_PLAINTEXT with ${mechanism}: the credentials travel unencrypted`)
  }
  return { hasTls, hasSasl }
}

const compressions: readonly KafkaCompression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

function readCompression(input: KafkaInput): KafkaCompression {
  const text = input.text('compression.type')?.toLowerCase() ?? 'none'
  const known = compressions.find((name) => name === text)
  if (known === undefined) input.problem('compression.type', `must be one of ${compressions.join(', ')}`)
  return known ?? 'none'
}

function readMilliseconds(
  input: KafkaInput,
  name: KafkaPropertyName,
  bounds: { readonly default: number; readonly minimum: number; readonly maximum: number },
): number {
  const text = input.text(name)
  if (text === undefined) return bounds.default
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= bounds.minimum && value <= bounds.maximum) return value
  input.problem(name, `must be a whole number from ${bounds.minimum} to ${bounds.maximum}`)
  return bounds.default
}
