import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import type { KafkaApi } from '../../src/kafka/kafka.ts'
import { shortLogConfig } from '../../src/kafka/compacted-topic.ts'
import { connectKafka } from '../servers/connected-kafka.ts'
import { openRawProducer, textRecord } from '../servers/raw-producer.ts'
import { startServiceProcess } from '../servers/service-under-test.ts'
import type { ServiceProcessUnderTest } from '../servers/service-under-test.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')
const signal = AbortSignal.timeout(170_000)
const group = `service-${randomUUID().slice(0, 8)}`
const log = `tailrace.service.${group}.config`
const reports = `tailrace.service.${group}.status`
const patience = { timeout: 30_000, interval: 200 }
const open: AsyncDisposable[] = []
let kafka: KafkaApi
let processes: readonly ServiceProcessUnderTest[]

/** What each process says of its own health, and of how many processes it knows. */
async function seen(): Promise<readonly string[]> {
  return Promise.all(
    processes.map(async (process) => {
      const { status } = await process.call('GET', '/health')
      return `${status} ${/Processes that live: \d/.exec(await process.page('/readyz'))?.[0]}`
    }),
  )
}

beforeAll(async () => {
  const folder = await temporaryFolder()
  open.push(folder)
  kafka = connectKafka(bootstrapServers)
  open.push(kafka)
  // Made by hand; what processes make has one partition.
  await kafka.createTopic({ name: reports, partitions: 5, replicationFactor: -1, config: shortLogConfig }, signal)
  const properties = { 'bootstrap.servers': bootstrapServers, 'group.id': group, 'process.timeout.ms': '5000' }
  const start = (name: string): Promise<ServiceProcessUnderTest> =>
    startServiceProcess({ directory: folder.path, name, properties })
  processes = [await start('first'), await start('second')]
  open.push(...processes)
}, 120_000)
afterAll(async () => {
  for (const one of open.toReversed()) await one[Symbol.asyncDispose]()
}, 60_000)

it('processes make the topic of their reports anew when it was deleted, and hear of each other again', async () => {
  const well = ['200 Processes that live: 2', '200 Processes that live: 2']
  await expect.poll(seen, patience).toEqual(well)
  await kafka.deleteTopic(reports, signal)
  await systemClock.sleep(6_000)
  await expect.poll(seen, patience).toEqual(well)
  await systemClock.sleep(6_000)
  expect(await seen()).toEqual(well)
})

it('a log that somebody else has written into is told to whoever wants to change something', async () => {
  const producer = await openRawProducer(kafka, null)
  const change = async (): Promise<string> => {
    const answers = await Promise.all(processes.map((process) => process.call('PUT', '/connectors/orders/stop')))
    return answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`).join('\n')
  }
  await expect.poll(change, patience).toMatch(/^404 .*\n404 /)
  await producer.write([textRecord(log, 0, 'connector/orders', 'not ours')])
  await expect
    .poll(change, patience)
    .toMatch(/^500 .*SERVICE_LOG_UNREADABLE.*tombstone.*\n500 .*SERVICE_LOG_UNREADABLE/)
})
