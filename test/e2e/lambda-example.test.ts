import { execFile } from 'node:child_process'
import { cp, readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { createEventSourceMapping } from '../servers/event-source-mapping/event-source-mapping.ts'
import { defaultMappingSettings } from '../servers/event-source-mapping/mapping.ts'
import { createLambdaFunction } from '../servers/lambda-runtime/lambda-function.ts'
import type { LambdaFunction } from '../servers/lambda-runtime/lambda-function.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { connectTo } from '../servers/stream-simulator/simulator-client.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { readRecords } from '../servers/whole-records.ts'

const run = promisify(execFile)
const root = path.join(import.meta.dirname, '..', '..')
const { bootstrapServers } = inject('kafka')
const env = {
  ...process.env,
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_prefer_offline: 'true',
}

describe('examples/lambda', () => {
  it('works as its README says, line by line, with the packed package', async () => {
    await using folder = await temporaryFolder()
    await cp(path.join(root, 'examples', 'lambda'), folder.path, { recursive: true })
    await using table = await createLocalTable(inject('dynamodb').endpoint)
    await inFile(path.join(folder.path, 'pipeline.yaml'), 'tables: [orders]', `tables: [${table.name}]`)
    await inFile(path.join(folder.path, 'pipeline.yaml'), 'pipeline: shop', `pipeline: ${table.name}`)
    const tarball = await packed(folder.path)
    await writeFile(path.join(folder.path, 'package.json'), '{"name":"mine","version":"1.0.0","type":"module"}')
    const [without = '', deploy = '', withCode = ''] = await shellBlocks(folder.path)
    expect(deploy).toMatch(/^sam deploy /)

    await sh(without.replace('npm install tailrace', `npm install ./${tarball}`), folder.path)
    expect(await readFile(path.join(folder.path, 'template.yaml'), 'utf8')).toContain('TumblingWindowInSeconds: 1')
    await table.put({ id: { S: 'a' }, n: { N: '1' } })
    await using zipped = await createLambdaFunction({
      code: path.join(folder.path, 'function.zip'),
      env: environment(),
      timeLimitSeconds: 30,
    })
    expect(await delivered(zipped, table, 1)).toEqual([{ id: 'a', n: 1 }])

    // The same pipeline goes on in the other form: what is in Kafka already is not written again.
    await run('rm', ['function.zip'], { cwd: folder.path })
    const script = withCode.replace('npm install tailrace', `npm install ./${tarball}`)
    // Not every machine that runs tests has `zip`; those that do have Python.
    await sh(script.replace('zip -qr function.zip', 'python3 -m zipfile -c function.zip'), folder.path)
    await table.put({ id: { S: 'a' }, n: { N: '2' } })
    await using own = await createLambdaFunction({
      code: path.join(folder.path, 'function.zip'),
      env: environment(),
      timeLimitSeconds: 30,
    })
    expect(await delivered(own, table, 2)).toEqual([
      { id: 'a', n: 1 },
      { id: 'a', n: 2 },
    ])
  }, 300_000)
})

function environment(): Readonly<Record<string, string>> {
  return {
    KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
    AWS_ENDPOINT_URL_DYNAMODB: inject('dynamodb').endpoint,
    AWS_ENDPOINT_URL_DYNAMODB_STREAMS: inject('dynamodb').endpoint,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'not-a-secret',
  }
}

async function packed(folder: string): Promise<string> {
  await run('npm', ['pack', '--pack-destination', folder], { cwd: root, env })
  return (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? ''
}

/** What the README tells people to type. */
async function shellBlocks(folder: string): Promise<readonly string[]> {
  const text = await readFile(path.join(folder, 'README.md'), 'utf8')
  return [...text.matchAll(/```sh\n([^`]*)```/g)].map(([, block = '']) => block)
}

async function sh(script: string, cwd: string): Promise<void> {
  await run('sh', ['-ec', script], { cwd, env })
}

async function inFile(file: string, from: string, to: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  expect(text).toContain(from)
  await writeFile(file, text.replace(from, to))
}

/** Images in the topic, once there are so many; handed over by a mapping that was just made. */
async function delivered(code: LambdaFunction, table: LocalTable, changes: number): Promise<readonly unknown[]> {
  await using api = connectTo(inject('dynamodb').endpoint)
  const stop = new AbortController()
  const request = { service: 'streams', action: 'ListStreams', body: { TableName: table.name } } as const
  const { Streams: streams } = (await api.call(request, AbortSignal.timeout(10_000))) as {
    readonly Streams: readonly { readonly StreamArn: string }[]
  }
  const errors: unknown[] = []
  const mapping = createEventSourceMapping({
    kind: 'dynamodb',
    streamArn: streams[0]?.StreamArn ?? '',
    api,
    clock: systemClock,
    rng: seededRng(1),
    settings: { ...defaultMappingSettings, tumblingWindowSeconds: 1 },
    pace: { pollMs: 200 },
    invoke: async (event) => {
      const result = await code.invoke(event)
      if (result.kind !== 'answer') errors.push(result)
      return result
    },
  })
  const running = mapping.run(stop.signal)
  const read = (): ReturnType<typeof readRecords> => readRecords(bootstrapServers, `${table.name}.${table.name}`)
  try {
    await expect.poll(async () => (await read()).length, { timeout: 60_000, interval: 300 }).toBe(changes)
  } finally {
    stop.abort(new Error('enough'))
    await running
  }
  expect(errors).toEqual([])
  return (await read()).map(({ value }) => (JSON.parse(value?.toString() ?? '{}') as { after: unknown }).after)
}
