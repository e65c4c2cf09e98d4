import { expect, it } from 'vitest'
import { systemClock } from '../../../async/system-clock.ts'
import type { Clock } from '../../../async/clock.ts'
import type { AwsApi } from '../../../aws/aws.ts'
import { configInput } from '../../config-file.ts'
import { loadConfig } from '../../../config/load-config.ts'
import { TailraceError } from '../../../errors.ts'
import type { KafkaApi } from '../../../kafka/kafka.ts'
import type { Logger } from '../../../observe/logger.ts'
import { createGatedKafka } from './gated-kafka.ts'
import { createMappingWatch } from './mapping-watch.ts'
import type { Invocation, MappingWatch } from './mapping-watch.ts'

const never = new AbortController().signal
const sourceArn = 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026'
const functionArn = 'arn:aws:lambda:eu-west-1:123456789012:function:shop'
const batch: Invocation = { functionArn, sourceArn }
const right = { UUID: 'm-1', FunctionArn: functionArn, EventSourceArn: sourceArn, TumblingWindowInSeconds: 1 }
const wrong = { ...right, ParallelizationFactor: 10 }
const throttled = new TailraceError('AWS_THROTTLED', 'too often')
const denied = new TailraceError('AWS_ACCESS_DENIED', 'not allowed')

it('asks once, and again after a quarter of an hour', async () => {
  const { watch, asked, pass } = watchOver('', [[right], [right]])
  for (let i = 0; i < 3; i++) expect(await written(watch)).toBe('written')
  expect(asked()).toBe(1)
  pass(901_000)
  expect(await written(watch)).toBe('written')
  expect(asked()).toBe(2)
})

it('notices within the quarter of an hour that a mapping was made wrong, and within seconds that it was mended', async () => {
  const { watch, asked, pass, log } = watchOver('', [[right], [wrong], [right]])
  expect(await written(watch)).toBe('written')
  pass(901_000)
  expect(await written(watch)).toBe('LAMBDA_MAPPING_UNSAFE')
  expect(await written(watch)).toBe('LAMBDA_MAPPING_UNSAFE')
  expect(asked()).toBe(2)
  pass(11_000)
  expect(await written(watch)).toBe('written')
  expect(log.filter((line) => line.startsWith('error'))).toHaveLength(1)
})

it('asks no more where it may not, later where it is asked too often, and each time where it must know', async () => {
  const silent = watchOver('', [denied])
  for (let i = 0; i < 3; i++) expect(await written(silent.watch)).toBe('written')
  silent.pass(3_600_000)
  expect(await written(silent.watch)).toBe('written')
  expect([silent.asked(), silent.log.length]).toEqual([1, 1])

  const busy = watchOver('', [throttled, [wrong]])
  expect([await written(busy.watch), await written(busy.watch)]).toEqual(['written', 'written'])
  busy.pass(31_000)
  expect(await written(busy.watch)).toBe('LAMBDA_MAPPING_UNSAFE')

  const strict = watchOver('lambda.mapping.check: required', [throttled, denied, [right]])
  expect([await written(strict.watch), await written(strict.watch), await written(strict.watch)]).toEqual([
    'LAMBDA_MAPPING_UNKNOWN',
    'LAMBDA_MAPPING_UNKNOWN',
    'written',
  ])
})

it('goes on by what it has seen when it cannot look again', async () => {
  const { watch, pass } = watchOver('', [[wrong], denied])
  expect(await written(watch)).toBe('LAMBDA_MAPPING_UNSAFE')
  pass(11_000)
  expect(await written(watch)).toBe('LAMBDA_MAPPING_UNSAFE')
})

it('lets nobody write while one is not judged yet, and all of them ask but once', async () => {
  const answer = Promise.withResolvers<unknown>()
  const { watch, asked } = watchOver('', [answer.promise])
  const both = [written(watch), written(watch)]
  await systemClock.sleep(20)
  expect(await Promise.race([...both, systemClock.sleep(20).then(() => 'waits')])).toBe('waits')
  answer.resolve([wrong])
  expect(await Promise.all(both)).toEqual(['LAMBDA_MAPPING_UNSAFE', 'LAMBDA_MAPPING_UNSAFE'])
  expect(asked()).toBe(1)
})

it('leaves no question behind an invocation that had nothing to write; the next one asks', async () => {
  const { watch, asked, aborted } = watchOver('', [new Promise(() => undefined), [wrong]])
  await watch.guard(batch, never, () => Promise.resolve())
  expect(aborted()).toBe(1)
  expect(await written(watch)).toBe('LAMBDA_MAPPING_UNSAFE')
  expect(asked()).toBe(2)
})

it('refuses the batches of the wrong mapping alone', async () => {
  const other = sourceArn.replace('orders', 'stock')
  const { watch } = watchOver('', [[wrong, { ...right, UUID: 'm-2', EventSourceArn: other }]])
  expect(await written(watch, { ...batch, sourceArn: other })).toBe('written')
  expect(await written(watch)).toBe('LAMBDA_MAPPING_UNSAFE')
})

it('answers as the mapping wants it, unless it is told otherwise', async () => {
  const reporting = { ...right, FunctionResponseTypes: ['ReportBatchItemFailures'] }
  const loose = 'delivery: at_least_once'
  const known = watchOver(loose, [[reporting]])
  expect(known.watch.reportsItemFailures(batch)).toBe(false)
  await written(known.watch)
  expect(known.watch.reportsItemFailures(batch)).toBe(true)
  const told = watchOver(`${loose}\nlambda.partial.batch.responses: false`, [[reporting]])
  await written(told.watch)
  expect(told.watch.reportsItemFailures(batch)).toBe(false)
})

it('gates what readers could see, and nothing else', async () => {
  const called: string[] = []
  const kafka = new Proxy({} as KafkaApi, { get: (_, name) => async () => void called.push(String(name)) })
  const gated = createGatedKafka(kafka, () => Promise.reject(new Error('shut')))
  const methods = Object.entries(gated) as [string, (...of: unknown[]) => Promise<unknown>][]
  const shut: string[] = []
  for (const [name, method] of methods) await method({}, never).catch(() => shut.push(name))
  expect(shut.toSorted()).toEqual(['addPartitions', 'createTopic', 'deleteTopic', 'produce'])
  expect(called).toHaveLength(methods.length - shut.length)
})

/** An invocation with something to write: what became of it. */
async function written(watch: MappingWatch, of: Invocation = batch): Promise<string> {
  let hasWritten = false
  try {
    await watch.guard(of, never, async (signal) => {
      await watch.gate(signal)
      hasWritten = true
    })
    return 'written'
  } catch (error) {
    return hasWritten ? 'written, and refused' : (error as TailraceError).code
  }
}

/** Over a Lambda that gives these answers, one after the other; time passes when it is told to. */
function watchOver(
  more: string,
  answers: readonly unknown[],
): {
  readonly watch: MappingWatch
  readonly asked: () => number
  readonly aborted: () => number
  readonly pass: (ms: number) => void
  readonly log: readonly string[]
} {
  let now = 0
  let asked = 0
  let aborted = 0
  const log: string[] = []
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: (_ms, signal) => systemClock.sleep(60_000, signal),
  }
  const call: AwsApi['call'] = async (_request, signal) => {
    const answer = answers[asked++]
    if (answer instanceof Error) throw answer
    const cut = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => {
        aborted++
        reject(signal.reason)
      }),
    )
    return { EventSourceMappings: await Promise.race([answer, cut]) }
  }
  const api = {
    call,
    exchange: () => Promise.reject(new Error('not used')),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const line =
    (level: string) =>
    (message: string): void =>
      void log.push(`${level} ${message}`)
  const logger = {
    debug: line('debug'),
    info: () => undefined,
    warn: line('warn'),
    error: line('error'),
  } as unknown as Logger
  const text = `pipeline: shop\nsource: { region: eu-west-1, tables: orders }\nkafka.bootstrap.servers: localhost:9092\n${more}\n`
  const config = loadConfig(configInput({ text, path: '/shop.yaml', env: {} }))
  const watch = createMappingWatch({ config, clock, logger, open: () => Promise.resolve(api) })
  return { watch, asked: () => asked, aborted: () => aborted, pass: (ms) => (now += ms), log }
}
