import { basename, dirname, isAbsolute, join } from 'node:path'
import { assembleConfig } from './assemble-config.ts'
import type { ConfigEntry } from './config-entry.ts'
import { connectorFile } from './connect/connector-file.ts'
import { translateConnector } from './connect/translate-connector.ts'
import { workerKafkaEntries } from './connect/worker-file.ts'
import { findContradictions } from './contradictions.ts'
import { fileEntries } from './file-entries.ts'
import type { KafkaClientConfig } from './kafka-client-config.ts'
import type { KafkaFindings } from './kafka-input.ts'
import { kafkaLayers } from './kafka-layers.ts'
import type { KafkaLayers } from './kafka-layers.ts'
import { readKafkaProperties } from './kafka-properties.ts'
import { firstKafkaName } from './kafka-property-catalogue.ts'
import type { PipelineConfig } from './pipeline-config.ts'
import { problemsError } from './problem.ts'
import type { Problem } from './problem.ts'
import { parsePropertiesFile } from './properties-file.ts'
import { familyOf, isAlias, readFamilies, strayEntries } from './property-family.ts'
import type { Families } from './property-family.ts'
import { isTableOverride, readTableOverrides } from './table-overrides.ts'
import { properties } from './properties.ts'
import type { PropertyValues } from './properties.ts'
import { readRecordSchemas } from './read-record-schemas.ts'
import { readRegistryConfig } from './read-registry-config.ts'
import type { RegistrySurroundings } from './read-registry-config.ts'
import { readValues } from './read-values.ts'
import { createReferenceResolver } from './references.ts'
import { reservedProblems } from './reserved-problems.ts'
import { inheritanceProblems, kafkaBelow, policyProblems, requireAllowedFile } from './service/connector-policy.ts'
import type { ConnectorPolicy } from './service/connector-policy.ts'
import { withDefaults } from './service/connector-defaults.ts'
import { Secret } from './secret.ts'
import type { ConfigSources, ReferenceResolver } from './references.ts'

/** A configuration file and the world it may refer to. */
export interface ConfigInput extends ConfigSources {
  readonly text: string
  /** Where the text comes from: named in messages, and its folder is where relative paths begin. */
  readonly path: string
  /** Says how Kafka is reached, where the file does not. */
  readonly worker?: WorkerFile
  /** What the configuration may ask for, if it comes from others than the operator of the process. Default: everything. */
  readonly policy?: ConnectorPolicy
  /** Finds what is wrong with properties that are not declared one by one. Default: nobody looks. */
  readonly checkFamilies?: (lists: PipelineConfig['transforms'], families: Families) => readonly Problem[]
}

/** A Connect worker's file. */
export interface WorkerFile {
  readonly text: string
  /** Named in messages. */
  readonly path: string
}

const kafkaPrefix = 'kafka.'

/**
 * Reads, resolves and checks a pipeline file, or a connector's. A function of its argument: nothing else is read.
 *
 * Throws one `TailraceError` that lists everything that is wrong: CONFIG_UNREADABLE if it is not YAML, SECRET_UNAVAILABLE
 * if only references fail, AWS_REGION if only the region does, CONFIG_INVALID otherwise. No message holds a value.
 */
export function loadConfig(input: ConfigInput): PipelineConfig {
  const read = readConfig(input)
  if ('config' in read) return read.config
  throw problemsError(input.path, read.problems)
}

/** As `loadConfig`, but gives what is wrong one by one. Throws only CONFIG_UNREADABLE. */
export function readConfig(
  input: ConfigInput,
): { readonly config: PipelineConfig } | { readonly problems: readonly Problem[] } {
  const findings: KafkaFindings = { problems: [], notes: [], secrets: [] }
  const { problems } = findings
  const { entries, access, scope } = entriesOf(input, findings)
  const isOwn = (entry: ConfigEntry): boolean =>
    !isKafka(entry) && familyOf(entry.name) === undefined && !isTableOverride(entry.name)
  const read = readValues(entries.filter(isOwn), input.env)
  problems.push(...read.problems)
  const families = familiesOf(entries, read.values, scope)
  const tables = readTableOverrides(entries, read.values)
  problems.push(...tables.problems)
  const whereOf = (name: string): string | undefined => entries.find((entry) => entry.name === name)?.where
  if (read.values !== undefined) {
    const { ownTopics = [] } = input.policy ?? {}
    const named = { values: read.values, overrides: tables.overrides }
    problems.push(
      ...findContradictions(read.values, whereOf),
      ...reservedProblems(named, { families, whereOf, ownTopics }),
    )
  }

  const region = read.values?.['source.region']
  const readFile = (path: string): string => readText(path, input)
  const clientId = `tailrace.${read.values?.pipeline ?? 'unnamed'}`
  const kafka = readKafkaProperties(
    kafkaLayersOf(entries, access, { scope, findings }),
    { clientId, region, readText: (path) => (isOfOperator(path, input) ? decoded(path, input) : readFile(path)) },
    findings,
  )
  const around: Surroundings = { entries, kafka, readText: readFile, whereOf }
  const schemas = read.values === undefined ? undefined : readSchemas(read.values, around, findings)
  const secrets = [...findings.secrets, ...secretsOf(read.values)]
  // A reference that cannot be resolved leaves its property without a value: one mistake, one line.
  const remaining = problems.filter(
    ({ name, code }) => code === 'SECRET_UNAVAILABLE' || name === undefined || !scope.failed.has(name),
  )
  if (remaining.length > 0 || read.values === undefined || region === undefined || schemas === undefined) {
    return { problems: remaining.toSorted((a, b) => lineOf(a) - lineOf(b)) }
  }
  const signalFile = signalFileOf(read.values, input)
  const config = assembleConfig(read.values, {
    region,
    kafka,
    ...schemas,
    families,
    overrides: tables.overrides,
    signalFile,
    folder: dirname(input.path),
    secrets,
    notes: findings.notes,
  })
  return { config }
}

/**
 * Every reference to a service that keeps secrets that `loadConfig` would ask for, and the region that the file names.
 * Finds fault with nothing but a file that is not YAML (CONFIG_UNREADABLE): that is for `loadConfig`.
 */
export function secretReferences(input: Omit<ConfigInput, 'secretOf'>): {
  readonly references: ReadonlySet<string>
  readonly region: string | undefined
} {
  const references = new Set<string>()
  const secretOf = (reference: string): string => {
    references.add(reference)
    return 'unknown'
  }
  const findings: KafkaFindings = { problems: [], notes: [], secrets: [] }
  const { entries, access, scope } = entriesOf({ ...input, secretOf }, findings)
  kafkaLayersOf(entries, access, { scope, findings })
  const region = entries.find(({ name }) => name === 'source.region')?.value
  return { references, region: typeof region === 'string' && region !== '' ? region : undefined }
}

function isKafka({ name }: ConfigEntry): boolean {
  return name.startsWith(kafkaPrefix) && name !== 'kafka.properties.file'
}

interface ReadEntries {
  readonly entries: readonly ConfigEntry[]
  /** How a managed connector's file would reach Kafka. */
  readonly access: readonly ConfigEntry[]
  readonly scope: Scope
}

/** The properties that the file gives, their references resolved; those of a connector translated. */
function entriesOf(input: ConfigInput, { problems, notes }: KafkaFindings): ReadEntries {
  const file = fileEntries(input)
  const connector = connectorFile(file.entries, file.problems)
  const given = connector ?? file
  problems.push(...given.problems)
  const { policy } = input
  const allow = given.entries.find(({ name }) => name === 'secrets.allow')
  const resolver = createReferenceResolver(policy?.secretsAllow ?? allowed(allow), input)
  const scope: Scope = { input, problems, failed: new Set(), resolver }
  // What is allowed to be read must not depend on what is read.
  const others = withDefaults(given.entries, policy).filter((entry) => entry !== allow)
  const entries = [...resolveAll(others, scope), ...(allow === undefined ? [] : [allow])]
  const names = new Set(given.entries.map(({ name }) => name))
  const own = entries.filter(({ name }) => names.has(name))
  if (policy !== undefined) problems.push(...inheritanceProblems(own, policy))
  if (connector !== undefined) return translated(entries, scope, { problems, notes })
  if (policy !== undefined) problems.push(...policyProblems(entries, policy))
  return { entries, access: [], scope }
}

/** A connector's properties as ours; what the policy refuses is a problem, wherever it came from. */
function translated(
  entries: readonly ConfigEntry[],
  scope: Scope,
  { problems, notes }: Pick<KafkaFindings, 'problems' | 'notes'>,
): ReadEntries {
  const { input } = scope
  const translation = translateConnector(entries, { fileName: basename(input.path), failed: scope.failed })
  problems.push(...translation.problems)
  notes.push(...translation.notes)
  for (const name of translation.spoiled) scope.failed.add(name)
  if (input.policy !== undefined) problems.push(...policyProblems(translation.entries, input.policy))
  return { entries: translation.entries, access: translation.kafkaAccess, scope }
}

interface Reading {
  readonly scope: Scope
  readonly findings: KafkaFindings
}

/** Everything that says how Kafka is reached, in the order of precedence, lowest first. */
function kafkaLayersOf(
  entries: readonly ConfigEntry[],
  access: readonly ConfigEntry[],
  { scope, findings }: Reading,
): KafkaLayers['layers'] {
  const { env, worker, policy } = scope.input
  const fromYaml = entries.filter(isKafka).map((entry) => ({ ...entry, name: entry.name.slice(kafkaPrefix.length) }))
  const own = [kafkaFileLayer(entries, scope), fromYaml]
  const around = worker === undefined ? undefined : workerLayer(worker, scope)
  const { layers, notes } = kafkaLayers({
    own,
    access,
    worker: policy === undefined ? around : kafkaBelow(own.flat(), policy),
    env,
  })
  findings.notes.push(...notes)
  return layers
}

function workerLayer({ text, path }: WorkerFile, scope: Scope): readonly ConfigEntry[] {
  return resolveAll(workerKafkaEntries(parsePropertiesFile(text, basename(path))), scope, kafkaPrefix)
}

interface Surroundings extends RegistrySurroundings {
  readonly kafka: KafkaClientConfig
  readonly whereOf: (name: string) => string | undefined
}

/** The registry, and the records whose schemas it keeps. */
function readSchemas(
  values: PropertyValues,
  around: Surroundings,
  findings: KafkaFindings,
): Pick<PipelineConfig, 'registry' | 'recordSchemas'> {
  return {
    registry: readRegistryConfig(values, around, findings),
    recordSchemas: readRecordSchemas(values, around, findings.problems),
  }
}

/** As seen from the pipeline file. */
function signalFileOf(values: PropertyValues, { path }: ConfigInput): string | undefined {
  const file = values['signal.file']
  return file === undefined || isAbsolute(file) ? file : join(dirname(path), file)
}

/** The values that are secret, also within lists. */
function secretsOf(values: object = {}): readonly Secret[] {
  return Object.values(values)
    .flat()
    .filter((value: unknown) => value instanceof Secret)
}

/** Looks at families only beside lists that are right. */
function familiesOf(
  entries: readonly ConfigEntry[],
  values: PropertyValues | undefined,
  { input, problems, failed }: Scope,
): Families {
  const { families, problems: wrongNames } = readFamilies(entries)
  problems.push(...wrongNames)
  if (values === undefined || [...failed].some((name) => familyOf(name) !== undefined)) return families
  const { predicates } = values
  const transforms = values.transforms.filter(isAlias)
  problems.push(...strayEntries(families, { transforms, predicates }))
  problems.push(...(input.checkFamilies?.({ transforms, predicates }, families) ?? []))
  return families
}

interface Scope {
  readonly input: ConfigInput
  readonly problems: Problem[]
  /** Names of properties whose references failed. */
  readonly failed: Set<string>
  readonly resolver: ReferenceResolver
}

/** The allow list of the file if it is valid, the default otherwise (and then there is a problem anyway). */
function allowed(entry: ConfigEntry | undefined): readonly string[] {
  const { schema, defaultValue = [] } = properties['secrets.allow']
  if (entry === undefined) return defaultValue
  const given = typeof entry.value === 'string' ? entry.value.split(',').map((part) => part.trim()) : entry.value
  const result = schema.safeParse(given)
  return result.success ? result.data : defaultValue
}

/** The entries with their references replaced; one whose reference fails becomes a problem and is left out. */
function resolveAll(entries: readonly ConfigEntry[], scope: Scope, prefix = ''): readonly ConfigEntry[] {
  return entries.flatMap((entry) => {
    const texts = (typeof entry.value === 'string' ? [entry.value] : entry.value).map((text) =>
      familyOf(entry.name) === undefined ? text : withoutForeignReferences(text),
    )
    const resolved: string[] = []
    for (const text of texts) {
      const resolution = scope.resolver.resolve(text)
      if ('text' in resolution) resolved.push(resolution.text)
      else {
        const name = `${prefix}${entry.name}`
        scope.failed.add(canonicalName(name))
        scope.problems.push({ ...resolution.problem, where: entry.where, text: `${name}: ${resolution.problem.text}` })
        return []
      }
    }
    return [{ ...entry, value: typeof entry.value === 'string' ? (resolved[0] ?? '') : resolved }]
  })
}

/** Transforms have placeholders of their own, such as `${topic}`. */
function withoutForeignReferences(text: string): string {
  return text.replaceAll(/(\$?)\$\{(?!env:|file:|secretsmanager:|ssm:)/g, '$$$${')
}

function canonicalName(name: string): string {
  const first = name.startsWith(kafkaPrefix) ? firstKafkaName(name.slice(kafkaPrefix.length)) : undefined
  return first === undefined ? name : `${kafkaPrefix}${first}`
}

/** The entries of `kafka.properties.file`, if there is one. */
function kafkaFileLayer(entries: readonly ConfigEntry[], scope: Scope): readonly ConfigEntry[] {
  const entry = entries.find(({ name }) => name === 'kafka.properties.file')
  if (typeof entry?.value !== 'string' || entry.value === '') return []
  try {
    const text = readText(entry.value, scope.input)
    return resolveAll(parsePropertiesFile(text, 'kafka.properties.file'), scope, kafkaPrefix)
  } catch {
    // Why it cannot be read (absent, no permission, a folder) adds nothing to which file it is.
    scope.problems.push({ where: entry.where, text: 'kafka.properties.file names a file that cannot be read' })
    return []
  }
}

/** A relative path starts at the folder of the configuration file. Throws for a file that the policy does not allow. */
function readText(path: string, input: ConfigInput): string {
  const absolute = isAbsolute(path) ? path : join(dirname(input.path), path)
  if (input.policy !== undefined) requireAllowedFile(absolute, input.policy, input.realPath)
  return decoded(absolute, input)
}

function decoded(path: string, { readFile }: ConfigInput): string {
  return new TextDecoder().decode(readFile(path))
}

/** What the operator's own properties name is read for connectors that say nothing of it; one that names it itself was refused by the policy. */
function isOfOperator(path: string, { policy }: ConfigInput): boolean {
  return policy?.kafka.some(({ name, value }) => name.endsWith('.location') && value === path) ?? false
}

/** Problems in the order of the lines of the file, then those without a line. */
function lineOf({ where }: Problem): number {
  return Number(/^line (\d+)(?: \(|$)/.exec(where ?? '')?.[1] ?? Number.MAX_SAFE_INTEGER)
}
