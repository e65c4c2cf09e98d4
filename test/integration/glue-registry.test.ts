import { randomUUID } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { describe, expect, inject, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { createCredentialsCache } from '../../src/aws/credentials.ts'
import type { PipelineConfig } from '../../src/config/pipeline-config.ts'
import { schemaRegistryOf } from '../../src/hosts/schema-registry-of.ts'
import { readAvro } from '../oracle/read-avro.ts'
import { glueRefusal, startGlueDouble } from '../servers/glue-double.ts'
import type { GlueDouble, GlueDoubleOptions } from '../servers/glue-double.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { configText, readConfig, readRecords, startWorker } from '../servers/pipeline-under-test.ts'
import type { TopicRecord } from '../servers/pipeline-under-test.ts'
import { openShop } from '../servers/shop-commands.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')
const never = new AbortController().signal

interface Setting extends AsyncDisposable {
  readonly glue: GlueDouble
  readonly table: LocalTable
  readonly config: PipelineConfig
  readonly topic: string
}

async function setUp(more: string, options: GlueDoubleOptions = {}): Promise<Setting> {
  const glue = await startGlueDouble(options)
  const table = await createLocalTable(endpoint)
  const pipeline = `glue-${randomUUID().slice(0, 8)}`
  const registry = `schema.registry: {type: glue, glue.endpoint: "${glue.endpoint}"}`
  const text = configText({ pipeline, endpoint, bootstrapServers, tables: [table.name], more: `${registry}\n${more}` })
  return {
    glue,
    table,
    config: readConfig(text),
    topic: `${pipeline}.${table.name}`,
    [Symbol.asyncDispose]: async () => {
      await table[Symbol.asyncDispose]()
      await glue[Symbol.asyncDispose]()
    },
  }
}

async function untilThere(topic: string, count: number): Promise<readonly TopicRecord[]> {
  for (let attempt = 0; attempt < 150; attempt++) {
    const records = await readRecords(bootstrapServers, topic).catch(() => [])
    if (records.length >= count) return records
    await systemClock.sleep(200)
  }
  throw new Error(`topic ${topic} has no ${count} records`)
}

/** Keys and values by the versions that they name, as Avro. */
async function readByVersion(config: PipelineConfig, records: readonly TopicRecord[]) {
  if (config.registry === undefined) throw new Error('the pipeline has no registry')
  const load = (): Promise<{ accessKeyId: string; secretAccessKey: string }> =>
    Promise.resolve({ accessKeyId: 'local', secretAccessKey: 'local' })
  const credentials = createCredentialsCache({ clock: systemClock, load })
  await using registry = schemaRegistryOf(config.registry, { clock: systemClock, rng: seededRng(3), credentials })
  const decode = async (bytes: Buffer | null): Promise<unknown> => {
    if (bytes === null) return null
    expect(bytes[0]).toBe(3)
    const id = bytes.toString('hex', 2, 18).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    const { text } = await registry.byId(id, undefined, never)
    return readAvro(text, bytes[1] === 5 ? inflateSync(bytes.subarray(18)) : bytes.subarray(18))
  }
  const read: unknown[] = []
  for (const { key, value } of records) read.push({ key: await decode(key), value: await decode(value) })
  return read
}

describe('a pipeline with AWS Glue as its registry', () => {
  it('writes records that name versions of schemas named like their topic', async () => {
    await using setting = await setUp('format.value: avro\nschema.registry.glue.compression: ZLIB')
    const { glue, table, config, topic } = setting
    glue.fail(glueRefusal('ThrottlingException', 'Rate exceeded'), glueRefusal('ExpiredTokenException', 'expired'))
    await table.put({ id: { S: 'a' }, n: { N: '9007199254740993' } })
    await table.delete('a')
    const worker = startWorker(config)
    const records = await untilThere(topic, 3)
    await worker.stop()
    expect(await readByVersion(config, records)).toMatchObject([
      { key: { id: 'a' }, value: { op: 'c', after: expect.stringContaining('9007199254740993') } },
      { key: { id: 'a' }, value: { op: 'd' } },
      { key: { id: 'a' }, value: null },
    ])
    expect(records.map(({ key, value }) => [key?.[1], value?.[1]])).toEqual([
      [0, 5],
      [0, 5],
      [0, undefined],
    ])
    const made = glue.calls.filter(({ action }) => action === 'CreateSchema').map(({ body }) => body.SchemaName)
    expect(new Set(made)).toEqual(new Set([topic, `${topic}-key`]))
  })

  it('stops a table whose schema Glue refuses, and goes on once it does not', async () => {
    let isMended = false
    const isCompatible = (): boolean => isMended
    await using setting = await setUp('format.value: avro\nformat.key: json', { isCompatible })
    const { glue, table, config, topic } = setting
    const post = async (action: string, body: object): Promise<void> => {
      const headers = { 'x-amz-target': `AWSGlue.${action}`, authorization: 'none' }
      const response = await fetch(glue.endpoint, { method: 'POST', headers, body: JSON.stringify(body) })
      expect(response.status).toBe(200)
    }
    const other = JSON.stringify({ type: 'record', name: 'Other', fields: [] })
    const first = { SchemaName: topic, DataFormat: 'AVRO', Compatibility: 'BACKWARD', SchemaDefinition: other }
    await post('CreateSchema', first)
    await table.put({ id: { S: 'a' } })
    const stopped = startWorker(config)
    expect(await stopped.seen('table-stopped')).toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' })
    await stopped.stop()
    expect(await readRecords(bootstrapServers, topic)).toEqual([])
    isMended = true
    await post('DeleteSchemaVersions', {
      SchemaId: { RegistryName: 'default-registry', SchemaName: topic },
      Versions: '2',
    })
    const worker = startWorker(config, 2)
    await untilThere(topic, 1)
    await table.put({ id: { S: 'b' } })
    expect(await untilThere(topic, 2)).toHaveLength(2)
    await worker.stop()
  })
})

describe('tailrace check', () => {
  it('tries the registry and names what is missing', async () => {
    await using shop = await openShop(bootstrapServers)
    await using glue = await startGlueDouble()
    const text = (more: string): string =>
      shop.text(`schema.registry: {type: glue, glue.endpoint: "${glue.endpoint}"${more}}\nformat.value: avro`)
    const fine = await shop.cli.run('check', shop.cli.file('fine.yaml', text('')))
    expect(fine.stdout).toMatch(/ok +schema registry +default-registry of AWS Glue in eu-central-1, new schemas with/)
    expect(fine.exitCode).toBe(0)
    const absent = await shop.cli.run('check', shop.cli.file('absent.yaml', text(', glue.registry.name: shop')))
    expect(absent.stdout + absent.stderr).toContain('SCHEMA_NOT_FOUND')
    expect(absent.exitCode).not.toBe(0)
    glue.fail(glueRefusal('AccessDeniedException', 'is not authorized to perform: glue:GetRegistry on resource: arn:x'))
    const denied = await shop.cli.run('check', shop.cli.file('denied.yaml', text('')))
    expect(denied.stdout).toContain('Not allowed: glue:GetRegistry on arn:x')
    expect(denied.exitCode).toBe(0)
  })
})
