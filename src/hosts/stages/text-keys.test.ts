import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { createMemoryRegistry } from '../../../test/servers/registry-memory.ts'
import type { Table } from '../../change/table.ts'
import { loadConfig } from '../../config/load-config.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import type { Stages } from '../../pipeline/stages.ts'
import { stagesOf } from '../record-way.ts'

const never = new AbortController().signal
const table: Table = {
  ...tableOf('NEW_IMAGE'),
  keySchema: [
    { name: 'user-id', type: 'S' },
    { name: 'at', type: 'N' },
  ],
}
const keys = { 'user-id': { S: 'a' }, at: { N: '1E2' } }
const entry = firstEntry(table, { topic: 'dynamodb-orders', partitions: 3, id: 'x' }, undefined)
const nowMs = 1_795_426_138_000

function configOf(form: string): PipelineConfig {
  return loadConfig({
    text: `pipeline: shop
source: {region: us-east-1, tables: [orders]}
kafka.bootstrap.servers: b:9092
topic.name: dynamodb-{table}
format.envelope: trustpilot
${form}`,
    path: '/p.yaml',
    env: {},
    readFile: () => Buffer.alloc(0),
    realPath: (path) => path,
  })
}

function stages(form: string): Stages {
  return stagesOf(configOf(form), '0.0.0', { registry: createMemoryRegistry() })
}

async function keyOfChange(of: Stages): Promise<Buffer> {
  const change = {
    eventID: 'e',
    eventName: 'INSERT',
    dynamodb: {
      ApproximateCreationDateTime: 1_795_426_137,
      Keys: keys,
      NewImage: { ...keys, note: { S: 'n' } },
      SequenceNumber: '1',
      SizeBytes: 1,
    },
  }
  const input = {
    table: entry,
    shardId: 's',
    records: [change],
    notBeforeMs: undefined,
    maxRecordBytes: 100_000,
    nowMs,
  }
  const { records, failure } = await of.process(input, never)
  expect(failure).toBeUndefined()
  return records[0]?.key ?? Buffer.alloc(0)
}

describe('keys of texts', () => {
  it.each([
    ['JSON', ''],
    ['JSON with numbers as texts', 'format.number.mode: string'],
    ['JSON with schemas', 'format.schemas.enable: true'],
    ['Avro', 'format.value: avro\nschema.registry.url: http://r.example'],
    ['JSON beside Avro', 'format.value: avro\nformat.key: json\nschema.registry.url: http://r.example'],
    [
      'JSON with schemas beside Avro',
      'format.value: avro\nformat.key: json\nformat.schemas.enable: true\nschema.registry.url: http://r.example',
    ],
    ['Protobuf', 'format.value: protobuf\nschema.registry.url: http://r.example'],
    ['JSON Schema', 'format.value: json-schema\nschema.registry.url: http://r.example'],
  ])('of %s are read back when a snapshot deletes what is gone', async (_, form) => {
    const of = stages(form)
    const key = await keyOfChange(of)
    const input = {
      table: entry,
      keys: [key],
      kind: 'initial',
      readAtMs: nowMs,
      nowMs,
      maxRecordBytes: 100_000,
      isDisplaced: () => false,
    } as const
    const { records, failure, rows } = await of.processVanished(input, never)
    expect([failure, rows, records.length]).toEqual([undefined, 1, 2])
    expect(records.map((record) => record.key?.equals(key))).toEqual([true, true])
    expect(records[1]?.value).toBeNull()
  })

  it('of another form end the page', async () => {
    const of = stages('')
    const input = {
      table: entry,
      keys: [Buffer.from('{"userid":"a","at":"no number"}')],
      kind: 'initial',
      readAtMs: nowMs,
      nowMs,
      maxRecordBytes: 100_000,
      isDisplaced: () => false,
    } as const
    expect((await of.processVanished(input, never)).failure?.code).toBe('SNAPSHOT_KEYS')
  })
})
