import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { networkInterfaces } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareSequenceNumbers } from '../../src/change/sequence-number.ts'
import { startLocalKinesis } from '../../src/hosts/demo/local-kinesis.ts'
import { isRunning } from '../servers/is-running.ts'
import {
  createKinesisStream,
  deleteKinesisStream,
  describeKinesisStream,
  listKinesisShards,
  mergeKinesisShards,
  putKinesisRecords,
  readKinesisShard,
  splitKinesisShard,
  updateKinesisShardCount,
} from '../servers/kinesis-commands.ts'
import { kinesisAccount, kinesisRegion, startKinesisUnderTest } from '../servers/local-kinesis.ts'
import type { KinesisUnderTest } from '../servers/local-kinesis.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

let kinesis: KinesisUnderTest

beforeAll(async () => {
  kinesis = await startKinesisUnderTest()
})

afterAll(() => kinesis[Symbol.asyncDispose]())

const dataOf = (record: Readonly<Record<string, unknown>>): string =>
  Buffer.from(String(record['Data']), 'base64').toString()

test('it takes records through splits and merges, and gives back each of them, in order within a shard', async () => {
  const { api } = kinesis
  await createKinesisStream(api, 'resharded', 2)
  const put = async (from: number, to: number): Promise<void> => {
    const numbers = Array.from({ length: to - from }, (_, i) => from + i)
    await putKinesisRecords(
      api,
      'resharded',
      numbers.map((number) => ({ partitionKey: `key-${number % 50}`, data: Buffer.from(String(number)) })),
    )
  }
  await put(0, 700)
  const [first] = await listKinesisShards(api, 'resharded')
  await splitKinesisShard(api, 'resharded', first?.shardId ?? '')
  await put(700, 800)
  const [, , left, right] = await listKinesisShards(api, 'resharded')
  await mergeKinesisShards(api, 'resharded', left?.shardId ?? '', right?.shardId ?? '')
  await put(800, 900)
  await updateKinesisShardCount(api, 'resharded', 4)
  await put(900, 1_000)

  const shards = await listKinesisShards(api, 'resharded')
  expect(shards.filter((shard) => shard.endingSequenceNumber === undefined)).toHaveLength(4)
  expect(shards.find((shard) => shard.adjacentParentShardId === right?.shardId)?.parentShardId).toBe(left?.shardId)
  const numbers: number[] = []
  for (const { shardId } of shards) {
    const records = await readKinesisShard(api, 'resharded', shardId)
    const sequenceNumbers = records.map((record) => String(record['SequenceNumber']))
    expect(sequenceNumbers.toSorted(compareSequenceNumbers)).toEqual(sequenceNumbers)
    numbers.push(...records.map((record) => Number(dataOf(record))))
  }
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, number) => number))
})

test('its streams are of the account and region of whoever asks', async () => {
  await createKinesisStream(kinesis.api, 'owned', 'on-demand')
  expect(await describeKinesisStream(kinesis.api, 'owned')).toMatchObject({
    StreamARN: `arn:aws:kinesis:${kinesisRegion}:${kinesisAccount}:stream/owned`,
    StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    OpenShardCount: 4,
  })
})

test('an answer without a body is one only where it is expected', async () => {
  const create = (name: string, hasEmptyAnswer: boolean): Promise<unknown> =>
    kinesis.api.call(
      { service: 'kinesis', action: 'CreateStream', body: { StreamName: name, ShardCount: 1 }, hasEmptyAnswer },
      AbortSignal.timeout(30_000),
    )
  expect(await create('expected', true)).toBeUndefined()
  await expect(create('unexpected', false)).rejects.toMatchObject({ code: 'AWS_RESPONSE' })
})

test('a stream that is recreated under its name has another time of creation', async () => {
  await createKinesisStream(kinesis.api, 'recreated')
  const before = await describeKinesisStream(kinesis.api, 'recreated')
  await deleteKinesisStream(kinesis.api, 'recreated')
  await createKinesisStream(kinesis.api, 'recreated')
  const after = await describeKinesisStream(kinesis.api, 'recreated')
  expect(after['StreamARN']).toBe(before['StreamARN'])
  expect(after['StreamCreationTimestamp']).not.toBe(before['StreamCreationTimestamp'])
})

test('it speaks TLS, too, and both ports are reached from this machine only', async () => {
  const tls = connect({ host: '127.0.0.1', port: Number(new URL(kinesis.tlsEndpoint).port), rejectUnauthorized: false })
  await once(tls, 'secureConnect')
  tls.destroy()
  const outer = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find((address) => !address.internal && address.family === 'IPv4')
  if (outer === undefined) return // a machine without a network: nothing could reach it
  for (const endpoint of [kinesis.endpoint, kinesis.tlsEndpoint]) {
    const attempt = createConnection({ host: outer.address, port: Number(new URL(endpoint).port) })
    await expect(once(attempt, 'connect')).rejects.toThrow('ECONNREFUSED')
  }
})

test.each(['killed', 'exit'])('it does not outlive its parent (%s)', async (end) => {
  await using folder = await temporaryFolder()
  const program = path.resolve(import.meta.dirname, '../servers/parent-of-kinesis.ts')
  const parent = spawn(process.execPath, [program, folder.path, end], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string]
    if (end === 'killed') {
      expect(isRunning(Number(line))).toBe(true)
      parent.kill('SIGKILL')
    }
    await expect.poll(() => isRunning(Number(line)), { timeout: 5_000 }).toBe(false)
  } finally {
    parent.kill('SIGKILL')
  }
})

test('stop leaves no process and can be repeated', async () => {
  await using folder = await temporaryFolder()
  const { pid, stop } = await startLocalKinesis({ directory: folder.path })
  expect(isRunning(pid)).toBe(true)
  await stop()
  await stop()
  expect(isRunning(pid)).toBe(false)
})
