import { expect, inject, it } from 'vitest'
import { createHandler } from '../../src/hosts/lambda/create-handler.ts'
import type { LambdaHandler } from '../../src/hosts/lambda/create-handler.ts'
import { newLedger } from '../../src/lanes/ledger-topic.ts'
import { connectKafka } from '../servers/connected-kafka.ts'
import { context, newPipeline, numbersIn, readStream } from '../servers/lambda-batches.ts'
import { createLocalTable } from '../servers/local-table.ts'

const { endpoint } = inject('dynamodb')
const { bootstrapServers } = inject('kafka')
const signal = AbortSignal.timeout(100_000)

const outcome = (handler: LambdaHandler, event: unknown): Promise<string> =>
  handler(event, context()).then(
    () => 'delivered',
    (error: Error) => error.name,
  )

it('a ledger that is made anew under a function is no first start, and nothing is written twice', async () => {
  await using table = await createLocalTable(endpoint)
  await using kafka = connectKafka(bootstrapServers)
  const { config, topic } = newPipeline(table)
  await table.put({ id: { S: 'a' }, n: { N: '1' } })
  const first = await readStream(table)
  const warm = createHandler({ config })
  expect(await outcome(warm, first.event(first.records))).toBe('delivered')
  const ledgerTopic = `tailrace.${String(config['pipeline'])}.ledger`
  await kafka.deleteTopic(ledgerTopic, signal)
  await kafka.createTopic(newLedger({ ledgerTopic, lanes: 3, replicationFactor: 1 }), signal)
  await table.put({ id: { S: 'a' }, n: { N: '2' } })
  const { records, event } = await readStream(table)
  // The id of the shard shows that something was written.
  expect(await outcome(createHandler({ config }), event(records))).toBe('LEDGER_LOST')
  // Whoever holds the shard knows where it is. Whoever takes it does not, and finds a position in a ledger that says nothing else.
  expect(await outcome(warm, event(records))).toBe('delivered')
  const cold = createHandler({ config })
  expect(await outcome(cold, event(records))).toBe('LEDGER_LOST')
  expect(await outcome(cold, event(records))).toBe('LEDGER_LOST')
  expect(await outcome(warm, event(records))).toBe('delivered')
  expect(await numbersIn(topic)).toEqual({ a: [1, 2] })
})

it('what is left of an older stream is not written behind the newer one, not even by whoever holds it', async () => {
  await using table = await createLocalTable(endpoint)
  const { config, topic } = newPipeline(table)
  await table.put({ id: { S: 'a' }, n: { N: '1' } })
  await table.put({ id: { S: 'a' }, n: { N: '2' } })
  const old = await readStream(table)
  const holder = createHandler({ config })
  expect(await outcome(holder, old.event(old.records.slice(0, 1)))).toBe('delivered')
  await table.disableStream()
  await table.enableStream()
  await table.put({ id: { S: 'a' }, n: { N: '3' } })
  const present = await readStream(table)
  expect(await outcome(createHandler({ config }), present.event(present.records))).toBe('delivered')
  expect(await outcome(holder, old.event(old.records))).toBe('LAMBDA_WRONG_STREAM')
  expect(await numbersIn(topic)).toEqual({ a: [1, 3] })
})

it('a stream that was turned off before the first batch came is written to its end', async () => {
  await using table = await createLocalTable(endpoint)
  const { config, topic } = newPipeline(table)
  await table.put({ id: { S: 'a' }, n: { N: '1' } })
  await table.put({ id: { S: 'a' }, n: { N: '2' } })
  const { records, event } = await readStream(table)
  await table.disableStream()
  const handler = createHandler({ config })
  expect(await outcome(handler, event(records.slice(0, 1)))).toBe('delivered')
  expect(await outcome(createHandler({ config }), event(records))).toBe('delivered')
  expect(await numbersIn(topic)).toEqual({ a: [1, 2] })
})

it('a table that was deleted before its first batch came is refused', async () => {
  await using table = await createLocalTable(endpoint)
  const { config } = newPipeline(table)
  await table.put({ id: { S: 'a' }, n: { N: '1' } })
  const { records, event } = await readStream(table)
  await table.drop()
  expect(await outcome(createHandler({ config }), event(records))).toBe('TABLE_NOT_FOUND')
})

it('the first batch of a pipeline that begins with the latest changes is one of them', async () => {
  await using table = await createLocalTable(endpoint)
  const { config, topic } = newPipeline(table)
  await table.put({ id: { S: 'a' }, n: { N: '1' } })
  const { records, event } = await readStream(table)
  const handler = createHandler({ config: { ...config, 'source.start': 'latest' } })
  expect(await outcome(handler, event(records))).toBe('delivered')
  expect(await numbersIn(topic)).toEqual({ a: [1] })
})
