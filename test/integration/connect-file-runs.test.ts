import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openCli } from '../servers/cli-under-test.ts'
import { createKinesisHistory } from '../servers/kinesis-history.ts'
import { createKinesisStream, putKinesisRecords } from '../servers/kinesis-commands.ts'
import { kinesisRegion, startKinesisUnderTest } from '../servers/local-kinesis.ts'
import type { KinesisUnderTest } from '../servers/local-kinesis.ts'
import { readRecords } from '../servers/whole-records.ts'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'

const { bootstrapServers } = inject('kafka')
const given = readFileSync(new URL('../fixtures/connect/kinesis-source.json', import.meta.url), 'utf8')

let kinesis: KinesisUnderTest
beforeAll(async () => {
  kinesis = await startKinesisUnderTest()
})
afterAll(() => kinesis[Symbol.asyncDispose]())

/** The file as it is, with names of this test and credentials of a local server in it. */
function filled(topic: string, more: Readonly<Record<string, string>> = {}): string {
  const text = given
    .replace('<my-aws-region>', kinesisRegion)
    .replace('<my-aws-access-key>', '123456789012')
    .replace('<my-aws-access-key-secret>', 'not-a-secret')
    .replace('<my-kafka-api-key>', 'not-used')
    .replace('<my-kafka-api-secret>', 'not-used')
  return JSON.stringify({ ...JSON.parse(text), name: topic, 'kafka.topic': topic, ...more })
}

describe("the file of another product's Kinesis connector", () => {
  beforeAll(async () => {
    await createKinesisStream(kinesis.api, 'my-kinesis-stream', 2)
  })

  it('runs as it is: partition keys and data, byte for byte, each once', async () => {
    const topic = `kinesis-testing-${randomUUID().slice(0, 8)}`
    using cli = openCli({ AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint })
    const records = Array.from({ length: 300 }, (_, index) => ({
      partitionKey: `key-${index % 17}`,
      data: Buffer.from([index % 256, 0xff, 0x00, 0x0a]),
    }))
    await putKinesisRecords(kinesis.api, 'my-kinesis-stream', records)
    const worker = cli.file('connect-distributed.properties', `bootstrap.servers=${bootstrapServers}\nplugin.path=/x\n`)
    const running = cli.start(['run', cli.file('kinesis-source.json', filled(topic)), '--worker', worker])
    const read = async (): Promise<readonly string[]> =>
      (await readRecords(bootstrapServers, topic)).map(
        ({ key, value }) => `${key?.toString()} ${value?.toString('hex')}`,
      )
    await expect.poll(async () => (await read()).length, { timeout: 60_000, interval: 300 }).toBe(records.length)
    const ended = await running.interrupt()
    expect(ended).toMatchObject({ exitCode: 0 })
    expect(ended.stderr).toMatch(/tasks\.max/)
    expect(`${ended.stdout}${ended.stderr}`).not.toContain('not-a-secret')
    const written = records.map(({ partitionKey, data }) => `${partitionKey} ${data.toString('hex')}`)
    expect((await read()).toSorted()).toEqual(written.toSorted())
  }, 120_000)

  it('gives records of DynamoDB where it says that there are some', async () => {
    const topic = `kinesis-testing-${randomUUID().slice(0, 8)}`
    using cli = openCli({ AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint, KAFKA_BOOTSTRAP_SERVERS: bootstrapServers })
    await createKinesisStream(kinesis.api, topic, 2)
    const plan = { duplicates: 0.1, disorder: 0, withinMs: 0, table: 'orders', items: 5 }
    const history = createKinesisHistory(plan, seededRng(1))
    await putKinesisRecords(kinesis.api, topic, [...history.next(40, Math.floor(systemClock.now())), ...history.rest()])
    const more = { records: 'dynamodb', 'kinesis.stream': topic, 'source.kinesis.repair.delay.ms': '200' }
    const running = cli.start(['run', cli.file('kinesis-source.json', filled(topic, more))])
    const values = async (): Promise<readonly string[]> =>
      (await readRecords(bootstrapServers, topic)).map(({ value }) => {
        const { after } = JSON.parse(String(value)) as { readonly after: { readonly id: string; readonly n: number } }
        return `${after.id} ${after.n}`
      })
    await expect.poll(async () => (await values()).length, { timeout: 60_000, interval: 300 }).toBe(40)
    expect(await running.interrupt()).toMatchObject({ exitCode: 0 })
    const newest = [...history.versions].flatMap(([item, count]) =>
      Array.from({ length: count }, (_, index) => `${item} ${index + 1}`),
    )
    expect((await values()).toSorted()).toEqual(newest.toSorted())
  }, 120_000)
})
