import { afterEach, beforeEach, expect, inject, it } from 'vitest'
import { lambdaRefusal, startLambdaApiDouble } from '../servers/lambda-api-double.ts'
import type { LambdaApiDouble } from '../servers/lambda-api-double.ts'
import { openShop } from '../servers/shop-commands.ts'
import type { ShopCommands } from '../servers/shop-commands.ts'

const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:shop'
const settings = { FunctionArn: functionArn, Runtime: 'nodejs24.x', Timeout: 60, MemorySize: 512, State: 'Active' }
let api: LambdaApiDouble
let shop: ShopCommands

beforeEach(async () => {
  api = await startLambdaApiDouble()
  shop = await openShop(inject('kafka').bootstrapServers, { AWS_ENDPOINT_URL_LAMBDA: api.endpoint })
})

afterEach(async () => {
  await shop[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

const check = async (functionName = 'shop', file = shop.file): Promise<{ exitCode: number; stdout: string }> =>
  shop.cli.run('check', file, '--lambda', functionName)
const map = (more: Readonly<Record<string, unknown>> = {}): void =>
  api.map({ FunctionArn: functionArn, EventSourceArn: shop.orders.stream.arn, TumblingWindowInSeconds: 1, ...more })

it('finds nothing wrong with a function and a mapping as they should be, and says what is promised', async () => {
  api.define('shop', settings)
  map()
  const { exitCode, stdout } = await check()
  expect(stdout).toMatch(/ok +function shop +nodejs24\.x, 512 MB, 60 s, no VPC, .* for 20 s/)
  expect(stdout).toMatch(/ok +mapping of table orders +Enabled, exactly once, in order of each item/)
  expect(stdout).not.toMatch(/warning|failed/)
  expect(exitCode).toBe(0)
  expect((await check(functionArn)).exitCode).toBe(0)
})

it('names each setting that takes from the promise, and what to set instead', async () => {
  api.define('shop', { ...settings, Timeout: 3, MemorySize: 128, Runtime: 'nodejs18.x', State: 'Failed' })
  map({
    ParallelizationFactor: 10,
    MaximumRetryAttempts: 3,
    State: 'Disabled',
    LastProcessingResult: 'PROBLEM: Function call failed',
  })
  const { exitCode, stdout } = await check()
  expect(exitCode).toBe(2)
  expect(stdout).toMatch(/warning +mapping of table orders +Disabled, nothing is written: .*ParallelizationFactor/)
  expect(stdout).toMatch(/failed +mapping of table orders +\[LAMBDA_MAPPING_UNSAFE\] ParallelizationFactor is 10/)
  expect(stdout).toContain('remedy: Set `ParallelizationFactor: 1`, or `delivery: at_least_once`.')
  expect(stdout).toMatch(/warning +mapping of table orders +MaximumRetryAttempts is 3/)
  expect(stdout).toMatch(/warning +mapping of table orders +mapping \S+ is Disabled/)
  expect(stdout).toMatch(/PROBLEM: Function call failed/)
  for (const what of [/Timeout is 3 s/, /MemorySize is 128 MB/, /Runtime is nodejs18/, /state is Failed/])
    expect(stdout).toMatch(what)
})

it('knows other mappings of the streams, and those that lack or are of other streams', async () => {
  shop.newTable('stock')
  const file = shop.cli.file('two.yaml', shop.text().replace('orders', 'orders, stock'))
  api.define('shop', settings)
  map()
  map({ FunctionArn: `${functionArn}:live` })
  map({ FunctionArn: functionArn.replace(':shop', ':audit') })
  api.map({ FunctionArn: functionArn, EventSourceArn: shop.orders.stream.arn.replace('orders', 'users') })
  const { exitCode, stdout } = await check(functionArn, file)
  expect(exitCode).toBe(2)
  expect(stdout).toMatch(/warning +mapping of table orders +the stream is also handed over by mapping \S+0002/)
  expect(stdout).toMatch(/warning +table orders +also handed over to \S+:audit/)
  expect(stdout).toMatch(/warning +table stock +no mapping hands its changes over to function/)
  expect(stdout).toMatch(/failed +mapping of \S+users\S+ +\[LAMBDA_WRONG_STREAM\]/)
})

it.each([
  ['there is none of that name', undefined, 2, 'LAMBDA_FUNCTION_UNKNOWN'],
  [
    'nobody may look at it',
    lambdaRefusal(
      'AccessDeniedException',
      'User: x is not authorized to perform: lambda:GetFunctionConfiguration on resource: y',
      403,
    ),
    1,
    'AWS_ACCESS_DENIED',
  ],
] as const)('says when %s', async (_, fault, code, error) => {
  api.answerWith(fault)
  const { exitCode, stdout } = await check()
  expect(stdout).toMatch(new RegExp(`failed +function shop +\\[${error}\\]`))
  expect(exitCode).toBe(code)
})

it('says whose turn it is, here and in status, and lets no worker join while it is the function', async () => {
  api.define('shop', settings)
  map()
  shop.fill(0, 2)
  expect(await shop.runUntil(2)).toBe(0)
  const status = async (): Promise<unknown> => (await shop.cli.json('status', shop.file)).result
  expect(await status()).toMatchObject({ way: 'worker' })
  expect(await check()).toMatchObject({
    exitCode: 2,
    stdout: expect.stringMatching(/\[WAY_CONFLICT\] pipeline \S+ is moved by its worker, so not by a function/),
  })
  expect((await shop.cli.run('switch', shop.file, '--to', 'lambda')).exitCode).toBe(0)
  expect(await status()).toMatchObject({ way: 'lambda' })
  expect((await shop.cli.run('status', shop.file)).stdout).toMatch(/moved by +a Lambda function/)
  const lambda = await check()
  expect(lambda.stdout).toMatch(/1 table, it is the function's turn/)
  expect(lambda.exitCode).toBe(0)
  expect((await shop.cli.run('check', shop.file)).exitCode).toBe(2)
  const run = await shop.cli.run('run', shop.file)
  expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/not started[^]*\[WAY_CONFLICT\]/) })
})

it('does not check a function without asking anybody', async () => {
  expect((await shop.cli.run('check', shop.file, '--offline', '--lambda', 'shop')).exitCode).toBe(2)
  expect(api.calls).toHaveLength(0)
})
