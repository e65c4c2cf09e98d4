import { shownName } from '../config-entry.ts'
import type { ConfigEntry } from '../config-entry.ts'
import { applyRule } from '../connect/apply-rule.ts'
import { createConnectInput } from '../connect/connect-input.ts'
import { setPipelineName } from '../connect/pipeline-name.ts'
import { tagsOfFilters } from '../connect/tag-filters.ts'
import type { Translation } from '../connect/translation.ts'
import { becomes, read, refusal, unused } from '../connect/translator.ts'
import type { ConnectInput, ConnectRule, ConnectRules } from '../connect/translator.ts'
import type { YamlEntries } from '../yaml-entries.ts'

const input = 'input.aws_dynamodb_cdc.'
const outputs = ['output.kafka_franz.', 'output.redpanda.', 'output.kafka.'] as const

const noTable = 'positions are kept in `ledger.topic`; the table of checkpoints can go'
const byItself = 'how much is read, held and written at a time follows from `memory.max.bytes`'
const merged = 'a snapshot is merged with the changes of its time on its lanes'

/** Fields of the input, without what stands in front of them. */
const inputRules: ConnectRules = {
  tables: read(['source.tables'], ''),
  table_discovery_mode: read(['source.tables', 'source.tables.tags'], ''),
  table_tag_filter: read(['source.tables.tags', 'source.tables'], ''),
  table_discovery_interval: read(['source.tables.rediscovery.ms'], ''),
  checkpoint_table: unused(noTable),
  checkpoint_namespace: unused(noTable),
  global_table: unused(noTable),
  global_table_replicas: unused(noTable),
  batch_size: unused(byItself),
  checkpoint_limit: unused(byItself),
  max_tracked_shards: unused(byItself),
  auto_replay_nacks: unused('a record that cannot pass stops its table, or becomes a dead letter (`errors.tolerance`)'),
  poll_interval: unused('shards are asked at a pace of their own, bounded by `poll.idle.max.ms`'),
  throttle_backoff: unused('throttled requests are repeated after growing, random waits'),
  start_from: read(['source.start'], ''),
  snapshot_mode: read(['snapshot.mode'], ''),
  snapshot_segments: becomes('snapshot.segments'),
  snapshot_batch_size: unused('the pace of a snapshot is `snapshot.read.capacity`'),
  snapshot_throttle: unused('the pace of a snapshot is `snapshot.read.capacity`'),
  snapshot_deduplicate: unused(merged),
  snapshot_buffer_size: unused(merged),
  region: becomes('source.region'),
  endpoint: becomes('source.endpoint'),
  'tcp.': unused('connections have bounds of their own'),
  'credentials.profile': refusal('names a profile: set AWS_PROFILE where tailrace runs'),
  'credentials.id': becomes('source.access.key.id'),
  'credentials.secret': becomes('source.secret.access.key'),
  'credentials.token': becomes('source.session.token'),
  'credentials.from_ec2_role': unused("the AWS SDK's provider chain finds it"),
  'credentials.role': becomes('source.role.arn'),
  'credentials.role_external_id': becomes('source.role.external.id'),
}

/** Fields of the outputs that write to Kafka; others are named as not taken over. */
const outputRules: ConnectRules = {
  seed_brokers: becomes('kafka.bootstrap.servers'),
  addresses: becomes('kafka.bootstrap.servers'),
  topic: read(['topic.name'], ''),
  compression: becomes('kafka.compression.type'),
  client_id: becomes('kafka.client.id'),
  'tls.enabled': read(['kafka.security.protocol'], ''),
  idempotent_write: unused('records and positions are written in one transaction (`delivery`)'),
  max_in_flight: unused(byItself),
  'batching.': unused(byItself),
  key: unused("a record's key is made of the item's key attributes"),
  partitioner: unused("partitions follow from keys, as Java's clients do it"),
}

/**
 * What a pipeline of Redpanda Connect with the input `aws_dynamodb_cdc` is as one of ours. Only input and output are looked
 * at: processors, resources and everything else are named as not taken over. `${NAME}` becomes `${env:NAME}`.
 */
export function translateRedpandaConnect({ entries, problems }: YamlEntries, fileName: string): Translation {
  const given = entries.filter(({ value }) => value !== '').map(asOurs)
  const made = createConnectInput(given, [], { failed: new Set(), ruleOf })
  if (!given.some(({ name }) => name.startsWith(input)))
    made.problem('input.aws_dynamodb_cdc', 'is missing; other inputs are not known')
  const without = new Map<string, string[]>()
  const strangers = problems.flatMap(({ name }) => (name === undefined ? [] : [name]))
  for (const { name } of given) {
    const rule = ruleOf(name)
    if (rule === undefined) strangers.push(name)
    else applyRule(name, rule, { input: made, without })
  }
  for (const [why, names] of without) made.note(`without effect, since ${why}: ${names.join(', ')}`)
  tellStrangers(strangers, made)
  const defaults = entries.filter(({ value }) => [value].flat().some((text) => withDefault.test(text)))
  if (defaults.length > 0)
    made.note(`defaults of variables are not taken over: ${defaults.map(({ name }) => shownName(name)).join(', ')}`)
  setPipelineName(made, fileName)
  readTables(made)
  readSnapshot(made)
  for (const output of outputs) readOutput(made, output)
  const shapeless = problems.filter(({ name }) => name === undefined)
  const translation = made.translation()
  return { ...translation, problems: [...shapeless, ...translation.problems] }
}

/** A variable, and perhaps what it is where it is not set. */
const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::[^}]*)?\}/g
const withDefault = /\$\{[A-Za-z_][A-Za-z0-9_]*:[^}]*\}/

function asOurs({ name, value, where }: ConfigEntry): ConfigEntry {
  const text = typeof value === 'string' ? value : value.join(',')
  return { name, value: text.replaceAll(variable, '$${env:$1}'), where }
}

function ruleOf(name: string): ConnectRule | undefined {
  if (name.startsWith(input)) return oneOf(inputRules, name.slice(input.length))
  const output = outputs.find((one) => name.startsWith(one))
  return output === undefined ? undefined : oneOf(outputRules, name.slice(output.length))
}

function oneOf(rules: ConnectRules, name: string): ConnectRule | undefined {
  if (Object.hasOwn(rules, name)) return rules[name]
  const prefix = Object.keys(rules).find((one) => one.endsWith('.') && name.startsWith(one))
  return prefix === undefined ? undefined : rules[prefix]
}

/** What the process has around its pipeline, and tailrace in its own way. */
const ofProcess: ReadonlySet<string> = new Set([
  'http',
  'logger',
  'metrics',
  'tracer',
  'shutdown_delay',
  'shutdown_timeout',
])

/** Fields without a rule: of input and outputs each by its name, of the rest the first two words. */
function tellStrangers(names: readonly string[], made: ConnectInput): void {
  const isField = (name: string): boolean => [input, ...outputs].some((one) => name.startsWith(one))
  const parts = new Set(
    names
      .filter((name) => !/^(input|output)\.label$/.test(name))
      .map((name) => (isField(name) ? name : name.split('.').slice(0, 2).join('.'))),
  )
  const around = [...parts].filter((part) => ofProcess.has(part.split('.')[0] ?? ''))
  if (around.length > 0)
    made.note(`not taken over, since tailrace has properties of its own for it: ${around.map(shownName).join(', ')}`)
  for (const part of parts) {
    if (around.includes(part)) continue
    const isLogin = part.endsWith('.sasl')
    made.problem(part, isLogin ? 'is not taken over: set kafka.sasl.mechanism and the rest' : 'is not taken over')
  }
}

function readTables(made: ConnectInput): void {
  const [tables, mode, filter] = ['tables', 'table_discovery_mode', 'table_tag_filter'].map((name) => `${input}${name}`)
  if (tables === undefined || mode === undefined || filter === undefined) return
  const found = made.text(mode) ?? 'single'
  if (found === 'tag') {
    const tags = tagsOfFilters(made.text(filter) ?? '')
    if (tags === undefined) made.problem(filter, 'must be keys with their values, such as stage:dev,test;team:shop')
    else made.set('source.tables.tags', tags, filter)
  } else if (found === 'single' || found === 'includelist') {
    const names = made.text(tables)
    if (names === undefined) made.problem(tables, 'is missing')
    else made.set('source.tables', names, tables)
  } else made.problem(mode, 'must be one of single, tag, includelist')
  const interval = `${input}table_discovery_interval`
  const text = made.text(interval)
  const ms = text === undefined ? undefined : durationMs(text)
  if (text !== undefined && ms === undefined) made.problem(interval, 'must be a duration such as 5m')
  else if (ms === 0) made.note(`${interval}: tables are always looked for (source.tables.rediscovery.ms)`)
  else if (ms !== undefined) made.set('source.tables.rediscovery.ms', String(ms), interval)
}

const units: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
])

/** `5m`, `1h30m`, `500ms` and `0`, as Go writes durations; undefined for anything else. */
function durationMs(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(?:\d{1,9}(?:ms|s|m|h))+$/.test(text)) return undefined
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)]
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units.get(unit ?? '') ?? 0), 0)
}

const snapshotModes: ReadonlyMap<string, string> = new Map([
  ['none', 'never'],
  ['snapshot_only', 'only'],
  ['snapshot_and_cdc', 'initial'],
])

function readSnapshot(made: ConnectInput): void {
  const name = `${input}snapshot_mode`
  const mode = snapshotModes.get(made.text(name) ?? 'none')
  if (mode === undefined) made.problem(name, `must be one of ${[...snapshotModes.keys()].join(', ')}`)
  else made.set('snapshot.mode', mode, made.isGiven(name) ? name : undefined)
  const start = `${input}start_from`
  const position = made.text(start)?.toUpperCase()
  if (position === 'TRIM_HORIZON' || position === 'LATEST') made.set('source.start', position, start)
  else if (position !== undefined) made.problem(start, 'must be trim_horizon or latest')
}

/** What stands for the table's name in a topic. */
const tableName = /\$\{! *(?:meta\("dynamodb_table"\)|@dynamodb_table|metadata\("dynamodb_table"\)) *\}/g

function readOutput(made: ConnectInput, output: string): void {
  const topic = `${output}topic`
  const text = made.text(topic)
  if (text !== undefined) {
    const name = text.replaceAll(tableName, '{table}')
    if (name.includes('${!')) made.problem(topic, 'is made of more than the name of the table; set topic.name')
    else {
      made.set('topic.name', name, topic)
      if (!name.includes('{table}')) made.set('topic.shared', 'true', topic)
    }
  }
  const tls = made.text(`${output}tls.enabled`)?.toLowerCase()
  if (tls === 'true') made.set('kafka.security.protocol', 'SSL', `${output}tls.enabled`)
}
