import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import type { Item } from '../../src/change/attribute-value.ts'
import type { PipelineConfig } from '../../src/config/pipeline-config.ts'
import { schemaRegistryOf } from '../../src/hosts/schema-registry-of.ts'
import { envelopeOf } from '../../src/hosts/stages/envelope-of.ts'
import { serializerOf } from '../../src/hosts/stages/serializer-of.ts'
import type { SerializedRecord } from '../../src/serialize/serializer.ts'
import { declaredNames, makeHistory, rowIdentity } from '../oracle/declared-history.ts'
import type { DeclaredHistory } from '../oracle/declared-history.ts'
import { parseExactly } from '../oracle/exact-json.ts'
import { isTypedItemRead } from '../oracle/read-typed-values.ts'
import { insideJson, isItemRead, isValueRead } from '../oracle/read-values.ts'
import type { ReadForm } from '../oracle/read-values.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { configText, readConfig } from '../servers/pipeline-under-test.ts'
import { readWithConfluent } from '../servers/python-judge.ts'
import { openRawProducer } from '../servers/raw-producer.ts'
import { compareHistory, expectedChanges } from './compare-history.ts'
import type { ReadChange } from './compare-history.ts'
import { declaredOrders } from './declared-orders.ts'
import type { Judge, JudgeServers, Judgement } from './judge.ts'
import { recordsOf } from './write-history.ts'

type Format = 'avro' | 'json-schema' | 'protobuf'
type ItemForm = 'json-string' | 'declared' | 'typed'

const formats: readonly Format[] = ['avro', 'json-schema', 'protobuf']
const itemForms: readonly ItemForm[] = ['json-string', 'declared', 'typed']
const never = new AbortController().signal
const batchRecords = 200

/** Confluent's Python deserializers, over a topic whose schemas Apicurio keeps. */
export const registryJudges: readonly Judge[] = formats.flatMap((format) =>
  itemForms.map((items, index) => ({
    name: format,
    judge: (changes, servers) => judgeByConfluent(makeHistory(141 + index, changes), { format, items }, servers),
  })),
)

const deserializers: Readonly<Record<Format, string>> = {
  avro: 'AvroDeserializer',
  'json-schema': 'JSONDeserializer',
  protobuf: 'ProtobufDeserializer',
}

interface Form {
  readonly format: Format
  readonly items: ItemForm
}

async function judgeByConfluent(history: DeclaredHistory, form: Form, servers: JudgeServers): Promise<Judgement> {
  const bootstrapServers = await servers.kafka()
  const url = await servers.registry()
  await using kafka = connectKafka(bootstrapServers)
  const topic = await makeTopic(kafka, 1, { 'max.message.bytes': '10000000' })
  const records = await written(history, configOf(form, bootstrapServers, url), topic)
  const producer = await openRawProducer(kafka, null)
  for (let from = 0; from < records.length; from += batchRecords) {
    const batch = records.slice(from, from + batchRecords)
    await producer.write(batch.map((record) => ({ ...record, topic, partition: 0, timestamp: systemClock.now() })))
  }
  const { exitCode, lines, errors } = await readWithConfluent([bootstrapServers, topic, url, form.format])
  const isRefused = exitCode !== 0
  const outcomes = isRefused ? [] : lines.map((line) => parseExactly(line) as Outcome)
  // A tombstone comes behind a delete, and the number of records says whether all of them came.
  const reads = outcomes.flatMap((outcome): ReadChange[] => (outcome.value === null ? [] : [readChange(outcome)]))
  const comparison = compareHistory(history, expectedChanges(history), reads, rowReader(form))
  return {
    judge: `Confluent's ${deserializers[form.format]}, ${form.items}`,
    records: records.length,
    exceptions: isRefused ? 1 : 0,
    passThroughs: isRefused ? 0 : Math.abs(records.length - outcomes.length),
    comparison,
    complaint: isRefused ? `${lines.at(-1)}\n${errors}` : comparison.difference,
  }
}

function configOf({ format, items }: Form, bootstrapServers: string, url: string): PipelineConfig {
  const declared = items === 'declared' ? 'format.schemas: [orders=/orders.avsc]\n' : ''
  const more = `schema.registry.url: ${url}\nformat.value: ${format}\nformat.item: ${items}\n${declared}`
  const endpoint = 'http://127.0.0.1:1'
  const text = configText({ pipeline: 'shop', endpoint, bootstrapServers, tables: ['orders'], more })
  return readConfig(text, { '/orders.avsc': JSON.stringify(declaredOrders) })
}

/** The records as the stages of a pipeline with this configuration make them. */
async function written(
  history: DeclaredHistory,
  config: PipelineConfig,
  topic: string,
): Promise<readonly SerializedRecord[]> {
  if (config.registry === undefined) throw new Error('the configuration names no registry')
  await using registry = schemaRegistryOf(config.registry, { clock: systemClock, rng: seededRng(1) })
  const envelope = envelopeOf(history.table, config, '0.1.0')
  const serializer = serializerOf(config, { envelopeFor: () => envelope, recordTransforms: [], registry })
  await serializer.prepare(history.table, topic, never)
  return recordsOf(history, envelope, serializer, topic)
}

/** What the judge prints of a record. */
interface Outcome {
  readonly key: { readonly pk: string; readonly sk: string }
  readonly value: { readonly op: string; readonly before: unknown; readonly after: unknown } | null
}

function readChange({ key, value }: Outcome): ReadChange {
  const isGone = value?.op === 'd'
  return { identity: rowIdentity(key.pk, key.sk), isGone, row: isGone ? value.before : value?.after }
}

function rowReader({ format, items }: Form): (read: unknown, item: Item) => boolean {
  const binaries = format === 'json-schema' ? 'base64' : 'bytes'
  switch (items) {
    case 'json-string':
      return (read, item) => typeof read === 'string' && isItemRead(parseExactly(read), item, insideJson)
    case 'typed':
      return (read, item) => isTypedItemRead(read, item, binaries)
    case 'declared':
      // Protobuf has no decimals, and no lists and maps that are null.
      return format === 'protobuf'
        ? (read, item) =>
            isDeclaredRead(withoutEmpty(read, item), item, { numbers: 'either', binaries, nested: 'values' })
        : (read, item) => isDeclaredRead(read, item, { numbers: 'number', binaries, nested: 'values' })
  }
}

function withoutEmpty(read: unknown, item: Item): unknown {
  if (typeof read !== 'object' || read === null) return read
  const isEmpty = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && Object.keys(value).length === 0
  const isNothing = (name: string): boolean => !Object.hasOwn(item, name) || 'NULL' in (item[name] ?? {})
  return Object.fromEntries(
    Object.entries(read).map(([name, value]: [string, unknown]) => [
      name,
      isEmpty(value) && isNothing(name) ? null : value,
    ]),
  )
}

const keyForm = { numbers: 'text', binaries: 'base64', nested: 'values' } as const

/** The declared attributes in fields of their own, all others in one that holds JSON text. */
function isDeclaredRead(read: unknown, item: Item, form: ReadForm): boolean {
  if (typeof read !== 'object' || read === null) return false
  const { others, ...fields } = read as Readonly<Record<string, unknown>>
  const declared = new Set(declaredNames)
  const rest = Object.entries(item).filter(([name]) => !declared.has(name))
  const isRestRead = rest.length === 0 ? others === null : isRest(others, Object.fromEntries(rest))
  return (
    isRestRead &&
    Object.keys(fields).length === declared.size &&
    declaredNames.every((name) => isValueRead(fields[name], item[name], name === 'sk' ? keyForm : form))
  )
}

function isRest(read: unknown, rest: Item): boolean {
  return typeof read === 'string' && isItemRead(parseExactly(read), rest, insideJson)
}
