import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemClock } from '../../../src/async/system-clock.ts'
import { runTool } from '../../../src/hosts/demo/run-tool.ts'
import { isRunning } from '../is-running.ts'
import { member } from '../stream-simulator/simulator-client.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import type { TemporaryFolder } from '../temporary-folder.ts'
import { createLambdaFunction } from './lambda-function.ts'
import type { LambdaFunction } from './lambda-function.ts'
import { runtimeEmulator } from './runtime-emulator.ts'

const source = `
import { appendFileSync } from 'node:fs'
let count = 0
let ticks = 0
export const handler = async (event, context) => {
  count++
  if (event.fail) throw new RangeError('refused')
  if (event.exit) process.exit(7)
  if (event.note) appendFileSync(process.env.NOTES, event.note)
  if (event.tick) setInterval(() => ticks++, 10)
  if (event.hold) globalThis.held = Buffer.alloc(event.hold, 1)
  while (event.spin) continue
  if (event.sleepMs) await new Promise((resolve) => setTimeout(resolve, event.sleepMs))
  const { awsRequestId, invokedFunctionArn } = context
  return { count, ticks, pid: process.pid, remainingMs: context.getRemainingTimeInMillis(), awsRequestId, invokedFunctionArn, who: process.env.WHO, home: process.env.HOME ?? null }
}
`

let folder: TemporaryFolder
let code: string

beforeAll(async () => {
  folder = await temporaryFolder()
  code = path.join(folder.path, 'function')
  await mkdir(code)
  await writeFile(path.join(code, 'index.mjs'), source)
  await runtimeEmulator()
})

afterAll(() => folder[Symbol.asyncDispose]())

/** A member of what the function answered; fails the test if it did not. */
async function answered(lambda: LambdaFunction, event: unknown, name: string): Promise<unknown> {
  const result = await lambda.invoke(event)
  expect(result).toMatchObject({ kind: 'answer' })
  return result.kind === 'answer' ? member(result.body, name) : undefined
}

it('starts once and keeps the state of its module, and tells the function who and how long it is', async () => {
  await using lambda = await createLambdaFunction({ code, env: { WHO: 'orders' }, timeLimitSeconds: 5 })
  const startedAtMs = systemClock.monotonic()
  expect(await answered(lambda, {}, 'count')).toBe(1)
  const coldMs = systemClock.monotonic() - startedAtMs
  const { kind, body } = { body: undefined, ...(await lambda.invoke({ sleepMs: 500 })) }
  expect(kind).toBe('answer')
  expect(body).toMatchObject({
    count: 2,
    who: 'orders',
    home: null,
    awsRequestId: expect.stringMatching(/^[\da-f-]{36}$/),
    invokedFunctionArn: expect.stringMatching(/^arn:aws:lambda:.*:function/),
  })
  const remainingMs = Number(member(body, 'remainingMs'))
  expect(remainingMs).toBeGreaterThan(3_000)
  expect(remainingMs).toBeLessThanOrEqual(4_500)
  expect(lambda.coldStarts).toBe(1)
  expect(coldMs).toBeLessThan(10_000)
  expect(await lambda.sandboxes[0]?.log()).toContain('INIT REPORT')
})

it('tells errors, ends, and time-outs, after which a new runtime runs', async () => {
  await using lambda = await createLambdaFunction({ code, timeLimitSeconds: 1 })
  expect(await lambda.invoke({ fail: true })).toEqual({
    kind: 'error',
    errorType: 'RangeError',
    errorMessage: 'refused',
  })
  expect(await answered(lambda, {}, 'count')).toBe(2)
  expect(await lambda.invoke({ exit: true })).toMatchObject({ kind: 'error', errorType: 'Runtime.ExitError' })
  expect(await answered(lambda, {}, 'count')).toBe(1)
  expect(await lambda.invoke({ sleepMs: 5_000 })).toEqual({ kind: 'timeout' })
  expect(await answered(lambda, {}, 'count')).toBe(1)
  expect(await lambda.invoke({ spin: true })).toEqual({ kind: 'timeout' })
  expect(await answered(lambda, {}, 'count')).toBe(1)
  expect(lambda.coldStarts).toBe(1)
})

it('is killed at any moment, and runs again', async () => {
  await using lambda = await createLambdaFunction({ code, timeLimitSeconds: 10 })
  expect(await lambda.kill()).toBe(false)
  const first = Number(await answered(lambda, {}, 'pid'))
  expect(lambda.sandboxes[0]?.runtimePid).toBe(first)
  const cut = lambda.invoke({ sleepMs: 8_000 })
  await systemClock.sleep(200)
  expect(await lambda.kill()).toBe(true)
  expect(await cut).toMatchObject({ kind: 'error', errorType: 'Runtime.ExitError' })
  expect(isRunning(first)).toBe(false)
  const second = Number(await answered(lambda, {}, 'pid'))
  expect(second).not.toBe(first)
  expect(await lambda.kill()).toBe(true)
  expect(isRunning(second)).toBe(false)
  expect(await answered(lambda, {}, 'count')).toBe(1)
  expect(lambda.coldStarts).toBe(2)
})

it('is killed while it starts', async () => {
  await using lambda = await createLambdaFunction({ code })
  const cut = lambda.invoke({})
  await expect.poll(() => lambda.sandboxes[0]?.runtimePid, { timeout: 10_000, interval: 1 }).toBeGreaterThan(1)
  expect(await lambda.kill()).toBe(true)
  expect(await cut).toMatchObject({ kind: 'error', errorType: 'Runtime.ExitError' })
  expect(await answered(lambda, {}, 'count')).toBe(1)
})

it('has a sandbox for each invocation at once, and reuses them', async () => {
  await using lambda = await createLambdaFunction({ code, timeLimitSeconds: 10 })
  const pids = await Promise.all([1, 2, 3].map(() => answered(lambda, { sleepMs: 1_500 }, 'pid')))
  expect(new Set(pids).size).toBe(3)
  expect(lambda.coldStarts).toBe(3)
  expect(pids).toContain(await answered(lambda, {}, 'pid'))
  expect(lambda.coldStarts).toBe(3)
})

it('stands still between invocations when it is frozen', async () => {
  await using lambda = await createLambdaFunction({ code, isFrozenBetween: true })
  await answered(lambda, { tick: true }, 'ticks')
  await systemClock.sleep(1_500)
  expect(Number(await answered(lambda, {}, 'ticks'))).toBeLessThan(40)
  expect(Number(await answered(lambda, { sleepMs: 800 }, 'ticks'))).toBeGreaterThan(40)
})

it('knows how much memory the runtime has held', async () => {
  await using lambda = await createLambdaFunction({ code })
  await answered(lambda, {}, 'count')
  const before = lambda.sandboxes[0]?.peakBytes() ?? 0
  expect(before).toBeGreaterThan(20e6)
  await answered(lambda, { hold: 150_000_000 }, 'count')
  expect(lambda.sandboxes[0]?.peakBytes()).toBeGreaterThan(before + 100e6)
})

it('runs a zip file, and says what is wrong with one that has no handler', async () => {
  const zip = path.join(folder.path, 'function.zip')
  const notes = path.join(folder.path, 'notes')
  await runTool('python3', ['-m', 'zipfile', '-c', zip, 'index.mjs'], { purpose: 'packing', cwd: code })
  await using lambda = await createLambdaFunction({ code: zip, env: { NOTES: notes } })
  await answered(lambda, { note: 'seen' }, 'count')
  expect(await readFile(notes, 'utf8')).toBe('seen')
  await using wrong = await createLambdaFunction({ code: zip, handler: 'index.other' })
  expect(await wrong.invoke({})).toMatchObject({ kind: 'error', errorMessage: expect.stringContaining('index.other') })
})

it.each([['killed'], ['exit']])('leaves no runtime behind a parent that is %s, not even a busy one', async (how) => {
  const program = path.resolve(import.meta.dirname, '../parent-of-lambda.ts')
  const parent = spawn(process.execPath, [program, code, how], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string]
    const pid = Number(line)
    expect(pid).toBeGreaterThan(1)
    if (how === 'killed') {
      expect(isRunning(pid)).toBe(true)
      parent.kill('SIGKILL')
    }
    await expect.poll(() => isRunning(pid), { timeout: 5_000 }).toBe(false)
  } finally {
    parent.kill('SIGKILL')
  }
})
