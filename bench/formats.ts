import { seededRng } from '../src/async/rng.ts'
import { systemClock } from '../src/async/system-clock.ts'
import { loadConfig } from '../src/config/load-config.ts'
import type { PipelineConfig } from '../src/config/pipeline-config.ts'
import { stagesOf } from '../src/hosts/record-way.ts'
import { schemaRegistryOf } from '../src/hosts/schema-registry-of.ts'
import { firstEntry } from '../src/pipeline/table-life.ts'
import type { Stages } from '../src/pipeline/stages.ts'
import { startRegistryDouble } from '../test/servers/registry-double.ts'
import { modify, shardId, table } from './wire-orders.ts'

/**
 * What each form of records costs, from wire record to Kafka records, beside plain JSON (Debezium's envelope): changes per
 * second of one core, bytes per change, CPU seconds per million changes, and the ratio to plain JSON. Every round measures
 * all forms, each next to plain JSON; CPU time counts, not the clock. The registry is in memory: it is asked once. Ends with
 * one JSON line.
 */

const recordsPerPage = 1000
const rounds = 9
const pagesPerRound = 12
const never = new AbortController().signal

/** Lines of a pipeline file, by the name of the form. */
const forms: Readonly<Record<string, string>> = {
  'json, with schemas': 'format.schemas.enable: true',
  'json, flat': 'format.envelope: flat',
  'json, cloudevents': 'format.envelope: cloudevents',
  'json, cloudevents-structured': 'format.envelope: cloudevents-structured',
  'json, dynamodb-json': 'format.envelope: dynamodb-json',
  'json, all extras': 'format.extras: [changed_fields, ttl_delete, replicated, size_bytes, ingested_ms]',
  'avro, json-string': 'format.value: avro',
  'avro, declared': 'format.value: avro\nformat.item: declared\nformat.schemas: [orders=order.avsc]',
  'avro, typed': 'format.value: avro\nformat.item: typed',
  'avro, declared, flat':
    'format.value: avro\nformat.envelope: flat\nformat.item: declared\nformat.schemas: [orders=order.avsc]',
  'json-schema, json-string': 'format.value: json-schema',
  'json-schema, declared': 'format.value: json-schema\nformat.item: declared\nformat.schemas: [orders=order.avsc]',
  'protobuf, json-string': 'format.value: protobuf',
  'protobuf, declared': 'format.value: protobuf\nformat.item: declared\nformat.schemas: [orders=order.avsc]',
  'protobuf, typed': 'format.value: protobuf\nformat.item: typed',
}

const nullable = (type: unknown): unknown => ['null', type]
const declaredOrder = JSON.stringify({
  type: 'record',
  name: 'Order',
  namespace: 'bench',
  fields: [
    { name: 'pk', type: 'string' },
    { name: 'sk', type: 'string' },
    { name: 'status', type: nullable('string'), default: null },
    {
      name: 'total',
      type: nullable({ type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 }),
      default: null,
    },
    { name: 'qty', type: nullable('long'), default: null },
    { name: 'note', type: nullable('string'), default: null },
    { name: 'tags', type: nullable({ type: 'array', items: 'string' }), default: null },
    {
      name: 'address',
      type: nullable({
        type: 'record',
        name: 'Address',
        fields: [
          { name: 'street', type: nullable('string'), default: null },
          { name: 'zip', type: nullable('string'), default: null },
        ],
      }),
      default: null,
    },
    { name: 'paid', type: nullable('boolean'), default: null },
  ],
})

interface Form {
  readonly name: string
  /** Bytes of keys, values and headers of one page. */
  readonly page: () => Promise<number>
}

const page: readonly unknown[] = JSON.parse(JSON.stringify(Array.from({ length: recordsPerPage }, (_, i) => modify(i))))

await using server = await startRegistryDouble()
await using stack = new AsyncDisposableStack()
const plain = await openForm('json', '')
const others: Form[] = []
for (const [name, lines] of Object.entries(forms)) others.push(await openForm(name, lines))
await compare()

async function compare(): Promise<void> {
  const costs = new Map(others.map(({ name }) => [name, { form: [] as number[], plain: [] as number[] }]))
  for (let round = -2; round < rounds; round++) {
    for (const form of others) {
      const order = round % 2 === 0 ? [plain, form] : [form, plain]
      const measured = new Map<Form, number>()
      for (const one of order) measured.set(one, await cpuNsPerChange(one))
      if (round < 0) continue
      costs.get(form.name)?.form.push(measured.get(form) ?? Number.NaN)
      costs.get(form.name)?.plain.push(measured.get(plain) ?? Number.NaN)
    }
  }
  const plainNs = median([...costs.values()].flatMap((cost) => cost.plain))
  const rows = [await rowOf(plain, plainNs, 1)]
  for (const form of others) {
    const cost = costs.get(form.name) ?? { form: [], plain: [] }
    // Each against its own neighbours: the machine's mood is in both.
    const ratio = median(cost.form.map((ns, at) => ns / (cost.plain[at] ?? Number.NaN)))
    rows.push(await rowOf(form, median(cost.form), ratio))
  }
  console.table(Object.fromEntries(rows.map(({ form, ...row }) => [form, row])))
  console.log(JSON.stringify({ suite: 'formats', rows }))
}

async function rowOf({ name, page: convert }: Form, ns: number, ratio: number) {
  return {
    form: name,
    changesPerCpuSecond: Math.round(1e9 / ns),
    bytesPerChange: Math.round((await convert()) / recordsPerPage),
    cpuSecondsPerMillion: Math.round(ns / 10) / 100,
    timesPlainJson: Math.round(ratio * 100) / 100,
  }
}

async function openForm(name: string, lines: string): Promise<Form> {
  const config = configOf(lines)
  const registry =
    config.registry === undefined
      ? undefined
      : stack.use(schemaRegistryOf(config.registry, { clock: systemClock, rng: seededRng(1) }))
  const stages = stagesOf(config, '0.0.0-bench', { registry })
  await convertPage(stages)
  return { name, page: () => convertPage(stages) }
}

function configOf(lines: string): PipelineConfig {
  return loadConfig({
    text: `pipeline: bench
source: {region: us-east-1, tables: [orders]}
kafka.bootstrap.servers: localhost:9092
${lines.includes('format.value') ? `schema.registry.url: ${server.url}` : ''}
${lines}`,
    path: '/bench/pipeline.yaml',
    env: {},
    readFile: () => Buffer.from(declaredOrder),
    realPath: (path) => path,
  })
}

async function convertPage(stages: Stages): Promise<number> {
  const { records, failure } = await stages.process(
    {
      table: firstEntry(table, { topic: 'bench.orders', partitions: 6, id: 'bench' }, undefined),
      shardId,
      records: page,
      notBeforeMs: undefined,
      maxRecordBytes: 1_048_588,
      nowMs: 1_795_426_137_123,
    },
    never,
  )
  if (failure !== undefined) throw failure
  let bytes = 0
  for (const { key, value, headers } of records) {
    bytes += (key?.length ?? 0) + (value?.length ?? 0)
    for (const [header, content] of headers) bytes += header.length + content.length
  }
  return bytes
}

async function cpuNsPerChange({ page: convert }: Form): Promise<number> {
  const start = process.cpuUsage()
  for (let index = 0; index < pagesPerRound; index++) await convert()
  const { user, system } = process.cpuUsage(start)
  return ((user + system) * 1000) / (pagesPerRound * recordsPerPage)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
