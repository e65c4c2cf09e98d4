import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, inject, it, vi } from 'vitest'
import { createHandler } from '../../src/hosts/lambda/create-handler.ts'
import type { LambdaHandler } from '../../src/hosts/lambda/create-handler.ts'
import { lambdaRefusal, startLambdaApiDouble } from '../servers/lambda-api-double.ts'
import type { LambdaApiDouble } from '../servers/lambda-api-double.ts'
import { openBlackHole } from '../servers/black-hole.ts'
import { context, newPipeline, numbersIn, readStream } from '../servers/lambda-batches.ts'
import { useLocalCredentials } from '../servers/cli-under-test.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'

const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:shop'
let api: LambdaApiDouble
let table: LocalTable

beforeEach(async () => {
  useLocalCredentials()
  api = await startLambdaApiDouble()
  table = await createLocalTable(inject('dynamodb').endpoint)
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', api.endpoint)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await api[Symbol.asyncDispose]()
  await table[Symbol.asyncDispose]()
})

it('writes what a right mapping hands over, and asks once', async () => {
  const { handler, batch, streamArn, topic } = await functionOf()
  api.map({ FunctionArn: functionArn, EventSourceArn: streamArn, TumblingWindowInSeconds: 1 })
  await handler(batch(), context(20_000, functionArn))
  await handler(batch(), context(20_000, functionArn))
  expect(api.calls).toEqual([
    '/2015-03-31/event-source-mappings?FunctionName=arn%3Aaws%3Alambda%3Aeu-central-1%3A123456789012%3Afunction%3Ashop',
  ])
  expect(await numbersIn(topic)).toEqual({ a: [1], b: [2] })
})

it('writes nothing of a mapping that would lose changes, however late that is known, and all of it once it is mended', async () => {
  const { handler, batch, streamArn, topic, config } = await functionOf()
  const own = { FunctionArn: functionArn, EventSourceArn: streamArn, TumblingWindowInSeconds: 1 }
  // On a second page, and later than everything else of a first batch.
  for (let i = 0; i < 3; i++) api.map({ ...own, EventSourceArn: `arn:of:another:${i}` })
  api.map({ ...own, ParallelizationFactor: 10 })
  api.delay(700)
  await expect(handler(batch(), context(20_000, functionArn))).rejects.toThrow(
    /LAMBDA_MAPPING_UNSAFE.*ParallelizationFactor is 10/,
  )
  expect(api.calls).toHaveLength(2)
  await expect(handler(batch(), context(20_000, functionArn))).rejects.toThrow(/LAMBDA_MAPPING_UNSAFE/)
  // Whoever mends it does not wait for the function that knew it otherwise.
  api.update({ ParallelizationFactor: 1 })
  api.delay(0)
  const another = createHandler({ config })
  await another(batch(), context(20_000, functionArn))
  expect(await numbersIn(topic)).toEqual({ a: [1], b: [2] })
})

it.each([
  [
    'it may not be asked',
    () =>
      api.answerWith(
        lambdaRefusal(
          'AccessDeniedException',
          'User: x is not authorized to perform: lambda:ListEventSourceMappings on resource: *',
          403,
        ),
      ),
  ],
  ['it is asked too often', () => api.answerWith(lambdaRefusal('TooManyRequestsException', 'Rate exceeded', 429))],
  ['the function is not mapped', () => undefined],
])('goes on where %s, unless it is required to know', async (_, spoil) => {
  const { handler, batch, topic, config } = await functionOf()
  spoil()
  const strict = createHandler({ config: { ...config, 'lambda.mapping.check': 'required' } })
  await expect(strict(batch(), context(20_000, functionArn))).rejects.toThrow(/LAMBDA_MAPPING_UNKNOWN/)
  await handler(batch(), context(20_000, functionArn))
  const asked = api.calls.length
  await handler(batch(), context(20_000, functionArn))
  expect(api.calls).toHaveLength(asked)
  expect(await numbersIn(topic)).toEqual({ a: [1], b: [2] })
})

it('loses little time where no way leads to Lambda, and only once', async () => {
  await using hole = await openBlackHole()
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', `https://127.0.0.1:${hole.port}`)
  const { batch, topic, config } = await functionOf()
  // What a first start makes in Kafka takes its time.
  await createHandler({ config: { ...config, 'lambda.mapping.check': 'off' } })(batch(), context())
  await table.put({ id: { S: 'a' }, n: { N: '3' } })
  const { records, event } = await readStream(table)
  const requiring = createHandler({ config: { ...config, 'lambda.mapping.check': 'required' } })
  await expect(requiring(event(records), context(20_000, functionArn))).rejects.toThrow(
    /takes no connection within 300 ms/,
  )
  const handler = createHandler({ config })
  expect(await timed(handler, event(records))).toBeLessThan(1_500)
  expect(await numbersIn(topic)).toEqual({ a: [1, 3], b: [2] })
})

it('waits no longer than it must for a Lambda that takes connections and says nothing', async () => {
  // Never says a word of TLS.
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', `https://127.0.0.1:${(silent.address() as AddressInfo).port}`)
  try {
    const { handler, batch, topic } = await functionOf()
    const first = await timed(handler, batch())
    const second = await timed(handler, batch())
    expect(first).toBeLessThan(10_000)
    expect(second).toBeLessThan(500)
    expect(await numbersIn(topic)).toEqual({ a: [1], b: [2] })
  } finally {
    silent.close()
  }
})

it('leaves nothing behind when it ends before Lambda has answered', async () => {
  const { handler, batch, streamArn } = await functionOf()
  api.map({ FunctionArn: functionArn, EventSourceArn: streamArn, TumblingWindowInSeconds: 1 })
  let left = 0
  api.answerWith((response) => void response.once('close', () => left++))
  await expect(handler({ Records: 'none' }, context(20_000, functionArn))).rejects.toThrow(/LAMBDA_EVENT_UNKNOWN/)
  expect(api.calls).toHaveLength(0)
  await expect(handler(batch(), context(700, functionArn))).rejects.toThrow(/LAMBDA_OUT_OF_TIME/)
  await vi.waitUntil(() => left === 1)
  api.answerWith(undefined)
  await handler(batch(), context(20_000, functionArn))
  expect(api.calls).toHaveLength(2)
})

it('asks nobody when it is told not to', async () => {
  const { batch, topic, config } = await functionOf()
  const handler = createHandler({ config: { ...config, 'lambda.mapping.check': 'off' } })
  await handler(batch(), context(20_000, functionArn))
  expect(api.calls).toHaveLength(0)
  expect(await numbersIn(topic)).toEqual({ a: [1], b: [2] })
})

it('names the record that failed where the mapping asks for it, and fails as a whole where it does not', async () => {
  await table.put({ id: { S: 'poison' }, n: { N: '3' }, big: { S: 'x'.repeat(300_000) } })
  const { batch, streamArn, config, records } = await functionOf()
  const loose = { ...config, delivery: 'at_least_once', 'topic.max.message.bytes': '100000' }
  api.map({ FunctionArn: functionArn, EventSourceArn: streamArn })
  await expect(createHandler({ config: loose })(batch(), context(20_000, functionArn))).rejects.toThrow(
    /RECORD_TOO_LARGE/,
  )
  api.update({ FunctionResponseTypes: ['ReportBatchItemFailures'] })
  const number = (records[0] as { dynamodb: { SequenceNumber: string } }).dynamodb.SequenceNumber
  const answer = await createHandler({ config: loose })(batch(), context(20_000, functionArn))
  expect(answer).toMatchObject({ batchItemFailures: [{ itemIdentifier: number }] })
  api.update({ FunctionResponseTypes: [] })
  const sure = createHandler({ config: { ...loose, 'lambda.partial.batch.responses': true } })
  await expect(sure(batch(), context(20_000, functionArn))).rejects.toThrow(
    /LAMBDA_MAPPING_UNSAFE.*FunctionResponseTypes/,
  )
})

interface Function {
  readonly handler: LambdaHandler
  readonly config: Readonly<Record<string, unknown>>
  readonly streamArn: string
  readonly topic: string
  readonly records: readonly unknown[]
  readonly batch: () => unknown
}

async function functionOf(): Promise<Function> {
  await table.put({ id: { S: 'a' }, n: { N: '1' } })
  await table.put({ id: { S: 'b' }, n: { N: '2' } })
  const { config, topic } = newPipeline(table)
  const { streamArn, event, records } = await readStream(table)
  return { handler: createHandler({ config }), config, streamArn, topic, records, batch: () => event(records) }
}

async function timed(handler: LambdaHandler, batch: unknown): Promise<number> {
  const startedAt = performance.now()
  await handler(batch, context(20_000, functionArn))
  return performance.now() - startedAt
}
