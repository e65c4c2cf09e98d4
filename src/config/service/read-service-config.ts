import { basename, dirname, isAbsolute, join } from 'node:path'
import { isLedgerName } from '../../change/reserved-names.ts'
import { shownName } from '../config-entry.ts'
import type { ConfigEntry } from '../config-entry.ts'
import { workerKafkaEntries } from '../connect/worker-file.ts'
import { fileEntries } from '../file-entries.ts'
import type { KafkaFindings } from '../kafka-input.ts'
import { readKafkaProperties } from '../kafka-properties.ts'
import { allKafkaNames, refusedKafkaProperties } from '../kafka-property-catalogue.ts'
import { nearestName } from '../nearest-name.ts'
import { problemsError } from '../problem.ts'
import type { Problem } from '../problem.ts'
import { readDeclared } from '../read-values.ts'
import { createReferenceResolver } from '../references.ts'
import type { ConfigSources } from '../references.ts'
import { Secret } from '../secret.ts'
import { parseListener } from './listener.ts'
import { connectPropertyNames, servicePropertyList } from './service-properties.ts'
import type { ServiceValues } from './service-properties.ts'
import type { ServiceConfig, ServiceTls } from './service-config.ts'
import { reasonUnused } from './unused-worker-properties.ts'

/** A service's file and the world it may refer to. */
export interface ServiceInput extends Omit<ConfigSources, 'secretOf'> {
  readonly text: string
  /** Named in messages; its folder is where relative paths begin. One that ends in `.properties` is read as such. */
  readonly path: string
}

const converterName = /^(key|value)\.converter(\.|$)/
const kafkaNames: ReadonlySet<string> = new Set(allKafkaNames().filter((name) => !refusedKafkaProperties.has(name)))

/**
 * Reads, resolves and checks the file of a service: that of a distributed worker of Connect as it is, or the same names in YAML.
 * Throws one `TailraceError` that lists everything that is wrong, as `loadConfig` does. No message holds a value.
 */
export function readServiceConfig(input: ServiceInput): ServiceConfig {
  const findings: KafkaFindings = { problems: [], notes: [], secrets: [] }
  const file = fileEntries(input)
  findings.problems.push(...file.problems)
  const entries = resolved(file.entries, input, findings)
  const { own, converters, kafka } = sorted(entries, findings)
  const defaults = {
    pipeline: 'service',
    env: {},
    text: (name: string) => textOf(own.get(name)),
    isGiven: (name: string) => own.has(name),
  }
  const { values: all, problems } = readDeclared(servicePropertyList, own, defaults)
  findings.problems.push(...problems)
  const readText = (path: string): string =>
    new TextDecoder().decode(input.readFile(isAbsolute(path) ? path : join(dirname(input.path), path)))
  const ofWorker = workerKafkaEntries(kafka)
  const clientId = `tailrace.service.${textOf(own.get('group.id')) ?? 'unnamed'}`
  const general = kafka.filter(({ name }) => kafkaNames.has(name))
  const client = readKafkaProperties([general, ofWorker], { clientId, region: undefined, readText }, findings)
  const values = problems.length === 0 ? (Object.fromEntries(all) as unknown as ServiceValues) : undefined
  if (values !== undefined) findings.problems.push(...topicProblems(values))
  const rest = values === undefined ? undefined : readFiles(values, { readText, findings })
  if (findings.problems.length > 0 || values === undefined || rest === undefined) {
    throw problemsError(basename(input.path), findings.problems.map(inThisFile))
  }
  return {
    group: values['group.id'],
    kafka: client,
    configTopic: {
      name: values['config.storage.topic'],
      replicationFactor: values['config.storage.replication.factor'],
    },
    statusTopic: {
      name: values['status.storage.topic'],
      replicationFactor: values['status.storage.replication.factor'],
    },
    listeners: values.listeners.flatMap((text) => parseListener(text) ?? []),
    advertised: {
      scheme: values['rest.advertised.listener'],
      host: values['rest.advertised.host.name'],
      port: values['rest.advertised.port'],
    },
    ...rest,
    policy: policyOf(values, {
      kafka: [...ofWorker.map((entry) => fromFolder(entry, dirname(input.path))), ...general.filter(isAboutDeath)],
      converters,
    }),
    processTimeoutMs: values['process.timeout.ms'],
    memoryMaxBytes: values['memory.max.bytes'],
    log: { level: values['log.level'], format: values['log.format'] },
    secrets: [...findings.secrets, ...Object.values(values).filter((value) => value instanceof Secret)],
    notes: findings.notes,
  }
}

/** When a process counts as dead: a process is that for its pipelines' groups when it is for the service's, as in Connect. */
function isAboutDeath({ name }: ConfigEntry): boolean {
  return name === 'session.timeout.ms' || name === 'heartbeat.interval.ms'
}

/** What a service tells would make the positions of a pipeline, or its own log, unreadable. */
function topicProblems(values: ServiceValues): readonly Problem[] {
  const [ofConfigs, ofStatus] = ['config.storage.topic', 'status.storage.topic'] as const
  const ledgers = [ofConfigs, ofStatus]
    .filter((name) => isLedgerName(values[name]))
    .map((name) => ({ name, text: `${name} names a pipeline's ledger` }))
  const isOne = values[ofConfigs] === values[ofStatus]
  return isOne ? [...ledgers, { name: ofStatus, text: `${ofStatus} names the same topic as ${ofConfigs}` }] : ledgers
}

function policyOf(
  values: ServiceValues,
  { kafka, converters }: { readonly kafka: readonly ConfigEntry[]; readonly converters: readonly ConfigEntry[] },
): ServiceConfig['policy'] {
  return {
    secretsAllow: values['connector.secrets.allow'],
    filesAllow: values['connector.files.allow'],
    endpointsAllow: values['connector.endpoints.allow'],
    overrides: values['connector.client.config.override.policy'],
    createsTopics: values['topic.creation.enable'],
    ownTopics: [values['config.storage.topic'], values['status.storage.topic']],
    kafka,
    converters,
  }
}

/** Connectors' configurations have no folder. */
function fromFolder(entry: ConfigEntry, folder: string): ConfigEntry {
  const { name, value } = entry
  const isPath = name.endsWith('.location') && typeof value === 'string' && !isAbsolute(value)
  return isPath ? { ...entry, value: join(folder, value) } : entry
}

/** Messages of Kafka's properties name them as in a pipeline file. */
function inThisFile(problem: Problem): Problem {
  const text = problem.text
    .replaceAll(/\bkafka\.(?=[a-z])/g, '')
    .replace("; a Connect worker's file (--worker) or KAFKA_BOOTSTRAP_SERVERS can name it, too", '')
  return { ...problem, text }
}

interface Sorted {
  readonly own: ReadonlyMap<string, ConfigEntry>
  readonly converters: readonly ConfigEntry[]
  /** Of Kafka's clients, those with `producer.` among them. */
  readonly kafka: readonly ConfigEntry[]
}

function sorted(entries: readonly ConfigEntry[], findings: KafkaFindings): Sorted {
  const own = new Map<string, ConfigEntry>()
  const converters: ConfigEntry[] = []
  const kafka: ConfigEntry[] = []
  const unused = new Map<string, string[]>()
  for (const entry of entries) {
    const { name } = entry
    const reason = reasonUnused(name)
    // As in Connect, a name without a value is as if it were not there.
    if (servicePropertyList.has(name)) void (isEmpty(entry) || own.set(name, entry))
    else if (converterName.test(name)) converters.push(entry)
    else if (kafkaNames.has(name) || name.startsWith('producer.')) kafka.push(entry)
    else if (reason !== undefined) unused.set(reason, [...(unused.get(reason) ?? []), shownName(name)])
    else findings.problems.push({ where: entry.where, text: unknownText(name) })
  }
  for (const [reason, names] of unused) findings.notes.push(`without effect, since ${reason}: ${names.join(', ')}`)
  return { own, converters, kafka }
}

function isEmpty({ value }: ConfigEntry): boolean {
  return value === ''
}

function unknownText(name: string): string {
  const nearest = nearestName(name, [...servicePropertyList.keys(), ...connectPropertyNames, ...kafkaNames])
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  return `${shownName(name)} is no property of a service, of a worker of Connect, or of Kafka's clients${hint}`
}

function resolved(
  entries: readonly ConfigEntry[],
  input: ServiceInput,
  { problems }: KafkaFindings,
): readonly ConfigEntry[] {
  const allow = entries.find(({ name }) => name === 'secrets.allow')
  const list = { text: (name: string) => (name === 'secrets.allow' ? textOf(allow) : undefined) }
  const given = new Map(allow === undefined ? [] : [[allow.name, allow]])
  const declared = new Map([...servicePropertyList].filter(([name]) => name === 'secrets.allow'))
  const { values } = readDeclared(declared, given, { pipeline: '', env: {}, isGiven: () => false, ...list })
  const resolver = createReferenceResolver((values.get('secrets.allow') ?? []) as readonly string[], input)
  return entries.flatMap((entry) => {
    // What may be read does not depend on what is read.
    if (entry === allow) return [entry]
    const parts: string[] = []
    for (const text of typeof entry.value === 'string' ? [entry.value] : entry.value) {
      const resolution = resolver.resolve(text)
      if ('problem' in resolution) {
        problems.push({
          ...resolution.problem,
          where: entry.where,
          text: `${shownName(entry.name)}: ${resolution.problem.text}`,
        })
        return []
      }
      parts.push(resolution.text)
    }
    return [{ ...entry, value: typeof entry.value === 'string' ? (parts[0] ?? '').trim() : parts }]
  })
}

function textOf(entry: ConfigEntry | undefined): string | undefined {
  return typeof entry?.value === 'string' ? entry.value : undefined
}

/** What other files say: who may use the service, and keys and certificates. */
function readFiles(
  values: ServiceValues,
  { readText, findings }: { readonly readText: (path: string) => string; readonly findings: KafkaFindings },
): Pick<ServiceConfig, 'access' | 'tls'> {
  const read = (name: keyof ServiceValues): string | undefined => {
    const path = values[name]
    if (typeof path !== 'string') return undefined
    try {
      return readText(path)
    } catch {
      // Why (absent, no permission, a folder) adds nothing to which file it is.
      findings.problems.push({ text: `${name} names a file that cannot be read` })
      return undefined
    }
  }
  const list = read('rest.access.file')
  const forwardSecret = values['rest.forward.secret']
  if (values['rest.access.file'] !== undefined && forwardSecret === undefined)
    findings.problems.push({
      text: 'rest.forward.secret is missing; with rest.access.file processes need it to hand requests on',
    })
  return {
    access: {
      list: list === undefined ? undefined : { path: basename(values['rest.access.file'] ?? ''), text: list },
      forwardSecret,
      hosts: values['rest.allowed.hosts'].map((name) => name.toLowerCase()),
      origins: values['rest.allowed.origins'],
    },
    tls: tlsOf(values, read, findings),
  }
}

function tlsOf(
  values: ServiceValues,
  read: (name: keyof ServiceValues) => string | undefined,
  { problems }: KafkaFindings,
): ServiceTls | undefined {
  const isNeeded = values.listeners.some((text) => parseListener(text)?.scheme === 'https')
  const keystore = read('listeners.https.ssl.keystore.location')
  const truststore = read('listeners.https.ssl.truststore.location')
  if (isNeeded && values['listeners.https.ssl.keystore.location'] === undefined)
    problems.push({
      text: 'listeners.https.ssl.keystore.location is missing; an https listener needs a key and a certificate',
    })
  const asksClients = values['listeners.https.ssl.client.auth'] !== 'none'
  if (isNeeded && asksClients && values['listeners.https.ssl.truststore.location'] === undefined)
    problems.push({
      text: 'listeners.https.ssl.truststore.location is missing; without authorities no client certificate is taken',
    })
  return keystore === undefined ? undefined : { keystore: new Secret(keystore), truststore, asksClients }
}
