import { randomUUID } from 'node:crypto'
import avro from 'avsc'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { readAvroSchema } from '../../src/shapes/read-avro-schema.ts'
import { openCli } from '../servers/cli-under-test.ts'
import type { CliUnderTest } from '../servers/cli-under-test.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { configText } from '../servers/pipeline-under-test.ts'
import { accessDenied } from '../servers/stream-simulator/fault-plan.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')

let table: LocalTable
let cli: CliUnderTest
let file = ''

beforeEach(async () => {
  table = await createLocalTable(endpoint)
  cli = openCli()
  file = fileFor(endpoint, table.name)
})
afterEach(async () => {
  cli[Symbol.dispose]()
  await table[Symbol.asyncDispose]()
})

function fileFor(at: string, name: string): string {
  const pipeline = `infer-${randomUUID().slice(0, 8)}`
  return cli.file('pipeline.yaml', configText({ pipeline, endpoint: at, bootstrapServers, tables: [name], more: '' }))
}

const fill = (count: number): Promise<void> =>
  table.putAll(
    Array.from({ length: count }, (_, index) => ({
      id: { S: `item-${index}` },
      total: { N: String(index / 4) },
      'ship-to': { M: { city: { S: 'x' } } },
      tags: { SS: ['a', 'b'] },
    })),
  )

describe('schema infer', () => {
  it('prints a schema in each language, of as many items as it was asked for', async () => {
    await fill(60)
    const name = ['--name', 'shop.orders.Value']
    const { exitCode, stdout } = await cli.run('schema', 'infer', file, table.name, ...name)
    expect(exitCode).toBe(0)
    expect(avro.Type.forSchema(JSON.parse(stdout)).name).toBe('shop.orders.Value')
    expect(readAvroSchema(JSON.parse(stdout)).fields).toMatchObject([
      { name: 'id', type: { kind: 'string' }, isOptional: false },
      { name: 'ship-to', type: { kind: 'struct' } },
      { name: 'tags', type: { kind: 'array' } },
      { name: 'total', type: { kind: 'decimal', precision: 38, scale: 2 } },
    ])
    const run = async (format: string): Promise<string> =>
      (await cli.run('schema', 'infer', file, table.name, '--format', format, ...name)).stdout
    expect(JSON.parse(await run('json-schema'))).toMatchObject({ title: 'shop.orders.Value', required: ['id'] })
    expect(await run('protobuf')).toContain('optional ValueShipTo ship_u002dto = 2 [json_name = "ship-to"];')
    expect(await run('typescript')).toContain("export interface OrdersValue {\n  id: string\n  'ship-to'?: {")
  })

  it('tells with --json what it has read', async () => {
    await fill(60)
    const { exitCode, result } = await cli.json('schema', 'infer', file, table.name, '--sample', '20')
    expect(exitCode).toBe(0)
    expect(result).toMatchObject({ table: table.name, items: 20, format: 'avro', schema: { type: 'record' } })
    expect((result as { readonly units: number }).units).toBeGreaterThan(0)
    const all = await cli.json('schema', 'infer', file, table.name, '--sample', '100')
    expect(all.result).toMatchObject({ items: 60 })
  })

  it('refuses an empty table, a missing one, and a command line that makes no sense', async () => {
    const refusedWith = async (code: string, ...args: readonly string[]): Promise<void> => {
      const { exitCode, stdout, stderr } = await cli.run('schema', 'infer', file, ...args)
      expect({ exitCode, stdout, stderr }).toEqual({
        exitCode: 2,
        stdout: '',
        stderr: expect.stringContaining(`[${code}]`),
      })
    }
    await refusedWith('SCHEMA_SAMPLE', table.name)
    await refusedWith('TABLE_NOT_FOUND', 'nowhere')
    await refusedWith('USAGE', table.name, '--sample', '0')
    await refusedWith('USAGE', table.name, '--format', 'toString')
    await refusedWith('USAGE', table.name, '--name', 'a..b')
  })

  it('names a right that is missing, and does not wait for it', async () => {
    await using simulator = await startStreamSimulator()
    simulator.createTable({ name: 'orders', keySchema: [{ name: 'id', type: 'S' }], viewType: 'NEW_AND_OLD_IMAGES' })
    simulator.faults.add({ action: 'Scan', fault: accessDenied('dynamodb:Scan', 'arn:of:it') })
    const { exitCode, stderr } = await cli.run('schema', 'infer', fileFor(simulator.endpoint, 'orders'), 'orders')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/\[AWS_ACCESS_DENIED\].*dynamodb:Scan/s),
    })
  })
})
