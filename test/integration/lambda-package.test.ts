import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { JsonObject } from '../../src/aws/json-object.ts'
import { openCli } from '../servers/cli-under-test.ts'
import type { CliUnderTest } from '../servers/cli-under-test.ts'
import { createLocalTable } from '../servers/local-table.ts'
import { connectTo } from '../servers/stream-simulator/simulator-client.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { readRecords } from '../servers/whole-records.ts'

const run = promisify(execFile)
const signal = AbortSignal.timeout(110_000)
let cli: CliUnderTest

beforeAll(() => {
  cli = openCli()
  mkdirSync(path.join(cli.folder, 'code'))
  cli.file(
    'code/mark.ts',
    "import { mark } from './helper.ts'\nexport default (change) => ({ ...change, new: mark(change.new) })\n",
  )
  cli.file('code/helper.ts', 'export const mark = <T extends object>(item: T): T => ({ ...item, marked: true })\n')
  cli.file('deep.yaml', pipeline('deep', 'orders'))
})

afterAll(() => cli[Symbol.dispose]())

describe('tailrace lambda package', () => {
  it('makes the same small ZIP each time, and overwrites it only when told to', async () => {
    const { exitCode, result } = await cli.json('lambda', 'package', '--config', 'deep.yaml', '--include', 'code')
    expect(exitCode).toBe(0)
    const { bytes, files, sha256 } = result as { bytes: number; files: string[]; sha256: string }
    expect(bytes).toBe(statSync(path.join(cli.folder, 'function.zip')).size)
    expect(bytes).toBeLessThan(1_500_000)
    expect(files).toEqual(expect.arrayContaining(['code/helper.ts', 'code/mark.ts', 'deep.yaml', 'index.mjs']))
    const again = ['lambda', 'package', '--config', 'deep.yaml', '--include', 'code', '--out', 'function.zip']
    expect(await cli.json(...again)).toMatchObject({ exitCode: 2, result: { error: { code: 'FILE_EXISTS' } } })
    expect(await cli.json(...again, '--force')).toMatchObject({ exitCode: 0, result: { sha256 } })
  })

  it('notices that a file is missing which transforms import', async () => {
    const { exitCode, result } = await cli.json('lambda', 'package', '--config', 'deep.yaml', '--out', 'lacks.zip')
    expect(exitCode).toBe(2)
    const message = expect.stringMatching(/code\/mark\.ts cannot be used.*--include adds files/)
    expect(result).toMatchObject({ error: { code: 'TRANSFORM_UNUSABLE', message } })
    expect(readdirSync(cli.folder)).not.toContain('lacks.zip')
  })
})

describe('the function in the ZIP', () => {
  it('delivers changes on nothing but Node.js and its own files', async () => {
    await using table = await createLocalTable(inject('dynamodb').endpoint)
    const topic = `packed.${table.name}`
    cli.file('packed.yaml', pipeline('packed', table.name))
    const flags = ['--config', 'packed.yaml', '--include', 'code', '--out', 'packed.zip']
    expect(await cli.run('lambda', 'package', ...flags)).toMatchObject({ exitCode: 0 })
    await using folder = await temporaryFolder()
    unpack(path.join(cli.folder, 'packed.zip'), folder.path)
    await table.put({ id: { S: 'a' }, n: { N: '1' } })
    const answer = await invoke(folder.path, await streamEvent(table.name))
    expect(answer).toEqual({ batchItemFailures: [], state: {} })
    const [record] = await readRecords(inject('kafka').bootstrapServers, topic)
    expect(JSON.parse(record?.value?.toString() ?? '')).toMatchObject({ after: { id: 'a', n: 1, marked: true } })
  })

  it('can load each of its parts', async () => {
    await using folder = await temporaryFolder()
    unpack(path.join(cli.folder, 'function.zip'), folder.path)
    const parts = readdirSync(path.join(folder.path, 'tailrace')).filter((name) => name.endsWith('.js'))
    expect(parts.length).toBeGreaterThan(3)
    // The thread's own file runs in a thread only.
    const imports = parts.filter((name) => name !== 'thread.js').map((name) => `await import('./tailrace/${name}')`)
    writeFileSync(path.join(folder.path, 'load.mjs'), imports.join('\n'))
    await run(process.execPath, ['load.mjs'], { cwd: folder.path })
  })
})

function pipeline(name: string, table: string): string {
  return `
pipeline: ${name}
source:
  region: eu-central-1
  endpoint: ${inject('dynamodb').endpoint}
  tables: [${table}]
kafka.bootstrap.servers: ${inject('kafka').bootstrapServers}
snapshot.mode: never
transforms: [./code/mark.ts]
`
}

function unpack(zip: string, folder: string): void {
  for (const [name, content] of Object.entries(unzipSync(readFileSync(zip)))) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), content)
  }
}

/** In a process of its own, as Lambda's runtime would: by the handler's name, in the folder of the code. */
async function invoke(folder: string, event: unknown): Promise<unknown> {
  writeFileSync(path.join(folder, 'event.json'), JSON.stringify(event))
  const script = `
    import { readFileSync, writeFileSync } from 'node:fs'
    const { handler } = await import('./index.mjs')
    const context = { awsRequestId: 'one', invokedFunctionArn: 'arn', getRemainingTimeInMillis: () => 30_000 }
    const answer = await handler(JSON.parse(readFileSync('event.json', 'utf8')), context)
    writeFileSync('answer.json', JSON.stringify(answer))
    process.exit(0)`
  writeFileSync(path.join(folder, 'invoke.mjs'), script)
  const env = {
    PATH: process.env['PATH'],
    LAMBDA_TASK_ROOT: folder,
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  }
  await run(process.execPath, ['invoke.mjs'], { cwd: folder, env, timeout: 60_000 })
  return JSON.parse(readFileSync(path.join(folder, 'answer.json'), 'utf8')) as unknown
}

/** What the table's only shard holds, as Lambda would hand it over. */
async function streamEvent(table: string): Promise<JsonObject> {
  await using api = connectTo(inject('dynamodb').endpoint)
  const call = async (action: string, body: JsonObject): Promise<JsonObject> =>
    (await api.call({ service: 'streams', action, body }, signal)) as JsonObject
  const { Streams: streams } = (await call('ListStreams', { TableName: table })) as {
    readonly Streams: readonly { readonly StreamArn: string }[]
  }
  const StreamArn = streams[0]?.StreamArn ?? ''
  const { StreamDescription: description } = (await call('DescribeStream', { StreamArn })) as {
    readonly StreamDescription: { readonly Shards: readonly { readonly ShardId: string }[] }
  }
  const ShardId = description.Shards[0]?.ShardId ?? ''
  const { ShardIterator } = await call('GetShardIterator', { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' })
  const { Records } = (await call('GetRecords', { ShardIterator })) as { readonly Records: readonly JsonObject[] }
  const records = Records.map((record) => ({ ...record, eventSourceARN: StreamArn }))
  return { Records: records, shardId: ShardId, eventSourceARN: StreamArn, state: {} }
}
