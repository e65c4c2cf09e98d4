import { expect, inject, it } from 'vitest'
import { createHandler } from '../../src/hosts/lambda/create-handler.ts'
import { context, newPipeline, numbersIn, readStream } from '../servers/lambda-batches.ts'
import { createLocalTable } from '../servers/local-table.ts'
import { readConfig, startWorker } from '../servers/pipeline-under-test.ts'

it('writes each change once, whatever comes again, however it is cut', async () => {
  await using table = await createLocalTable(inject('dynamodb').endpoint)
  const pipeline = newPipeline(table)
  for (let i = 0; i < 10; i++) await table.put({ id: { S: `c${i % 3}` }, n: { N: String(i) } })
  const { records, event } = await readStream(table)
  const first = createHandler({ config: pipeline.config })
  expect(await first(event(records.slice(0, 4)), context())).toEqual({ batchItemFailures: [], state: { kept: 1 } })
  await first(event(records.slice(2, 7)), context())
  // Another sandbox gets what the first one had already; the first one then notices that it is not alone.
  const second = createHandler({ config: pipeline.config })
  await second(event(records.slice(0, 9)), context())
  await Promise.all([first(event(records), context()), second(event(records), context())])
  expect(await first(event([]), context())).toEqual({ batchItemFailures: [], state: { kept: 1 } })
  expect(await numbersIn(pipeline.topic)).toEqual({ c0: [0, 3, 6, 9], c1: [1, 4, 7], c2: [2, 5, 8] })
})

it('refuses what is no batch of its own, and a worker while it is its turn', async () => {
  await using table = await createLocalTable(inject('dynamodb').endpoint)
  await using other = await createLocalTable(inject('dynamodb').endpoint)
  const pipeline = newPipeline(table)
  await table.put({ id: { S: 'a' }, n: { N: '1' } })
  await other.put({ id: { S: 'a' }, n: { N: '1' } })
  const { records, event } = await readStream(table)
  const handler = createHandler({ config: pipeline.config })
  const refusal = (batch: unknown): Promise<unknown> =>
    handler(batch, context()).then(
      () => 'taken',
      (error: Error) => error.name,
    )
  expect(await refusal({ Records: [{ eventSource: 'aws:sqs' }] })).toBe('LAMBDA_EVENT_UNKNOWN')
  expect(await refusal({ hello: 'world' })).toBe('LAMBDA_EVENT_UNKNOWN')
  expect(await refusal({ Records: records })).toBe('LAMBDA_NO_SHARD')
  const foreign = await readStream(other)
  expect(await refusal(foreign.event(foreign.records))).toBe('LAMBDA_WRONG_STREAM')
  expect(await refusal(event([...records, ...records]))).toBe('LAMBDA_EVENT_MIXED')
  expect(await refusal(event([...records, ...foreign.records]))).toBe('LAMBDA_EVENT_MIXED')
  await handler(event(records), context())
  const worker = startWorker(readConfig(JSON.stringify(pipeline.config)))
  await expect(worker.ended).rejects.toMatchObject({ code: 'WAY_CONFLICT' })
})

it('says what is wrong with its configuration, each time, and without a secret', async () => {
  const handler = createHandler({ config: { pipeline: 'x', 'source.secret.access.key': 'canary-secret', unknown: 1 } })
  for (let i = 0; i < 2; i++) {
    const error = await handler({}, context()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'CONFIG_INVALID', message: expect.stringContaining('unknown') })
    expect(String(error)).not.toContain('canary')
  }
})

it('gives up in time when the brokers do not answer', async () => {
  await using table = await createLocalTable(inject('dynamodb').endpoint)
  const { config } = newPipeline(table)
  await table.put({ id: { S: 'a' }, n: { N: '1' } })
  const { records, event } = await readStream(table)
  const handler = createHandler({ config: { ...config, 'kafka.bootstrap.servers': '127.0.0.1:1' } })
  const startedAt = performance.now()
  await expect(handler(event(records), context(2_000))).rejects.toThrow(/LAMBDA_OUT_OF_TIME.*KAFKA_UNREACHABLE/)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})
