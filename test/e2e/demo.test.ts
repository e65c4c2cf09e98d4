import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import type { TemporaryFolder } from '../servers/temporary-folder.ts'

const program = path.resolve(import.meta.dirname, '../../bin/tailrace.js')

/** A demo as a child process, with a temporary folder of its own. */
interface RunningDemo {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  stdout(): string
  stderr(): string
}

let folder: TemporaryFolder
let demo: RunningDemo | undefined

beforeEach(async () => {
  folder = await temporaryFolder()
})

afterEach(async () => {
  demo?.child.kill('SIGKILL')
  await demo?.ended
  demo = undefined
  await folder[Symbol.asyncDispose]()
})

test('demo --for --json ends with the summary of a run without fault, and leaves nothing behind', async () => {
  demo = startDemo(['--for', '8s', '--json'])
  const processes = await processesOnceStreaming(demo)
  expect(await endOf(demo)).toBe('exit code 0')

  const lines = demo.stdout().split('\n')
  expect(lines).toHaveLength(2)
  expect(lines[1]).toBe('')
  expect(lines[0]).toMatch(
    /^\{"existing":2000,"rows":2000,"written":\d+,"delivered":\d+,"duplicated":0,"lost":0,"reordered":0,"p50Ms":\d+,"p99Ms":\d+\}$/,
  )
  const { written, delivered } = JSON.parse(lines[0] ?? '') as { written: number; delivered: number }
  expect(delivered).toBe(written)
  expect(written).toBeGreaterThan(10)
  await expectNothingLeft(processes)
})

test('demo --source kinesis puts repeats and disorder right, and leaves nothing behind', async () => {
  demo = startDemo(['--source', 'kinesis', '--rate', '100', '--for', '8s', '--json'])
  const processes = await processesOnceStreaming(demo)
  expect(await endOf(demo)).toBe('exit code 0')

  expect(demo.stderr()).toContain('3 % of the changes twice')
  const summary = JSON.parse(demo.stdout()) as Readonly<Record<string, number>>
  const { written = 0, kinesisRecords = 0, kinesisRepeats = 0 } = summary
  expect(summary).toMatchObject({ existing: 0, delivered: written, duplicated: 0, lost: 0, reordered: 0 })
  expect(written).toBeGreaterThan(10)
  expect(kinesisRecords).toBe(written + kinesisRepeats)
  expect(kinesisRepeats).toBeGreaterThan(0)
  await expectNothingLeft(processes)
})

test('Ctrl-C ends a demo with its summary', async () => {
  demo = startDemo([])
  const processes = await processesOnceStreaming(demo)
  await until(() => demo?.stdout().includes('\nUPDATE ') === true)
  demo.child.kill('SIGINT')
  expect(await endOf(demo)).toBe('exit code 0')

  expect(demo.stdout()).toMatch(/^UPDATE {2}\S+ +.*version \d+ → \d+.* shop\.orders-\d@\d+ +\d+ ms$/m)
  expect(demo.stdout()).toMatch(/^ {2}lost +0$/m)
  expect(demo.stdout()).toMatch(/✓ every change is in Kafka once, in order, as it was written\n$/)
  await expectNothingLeft(processes)
})

test('a second Ctrl-C does not wait, and leaves nothing behind either', async () => {
  demo = startDemo(['--json'])
  const processes = await processesOnceStreaming(demo)
  demo.child.kill('SIGINT')
  await until(() => demo?.stderr().includes('stopping tailrace') === true)
  demo.child.kill('SIGINT')
  const { code } = await demo.ended
  expect(code).toBe(130)
  expect(demo.stdout()).toBe('')
  await expectNothingLeft(processes)
})

test('a duration that is none is refused before anything is started', async () => {
  demo = startDemo(['--for', 'long'])
  expect((await demo.ended).code).toBe(2)
  expect(demo.stderr()).toContain('[USAGE] --for long')
  expect(readdirSync(folder.path)).toEqual([])
})

function startDemo(args: readonly string[]): RunningDemo {
  const child = spawn(process.execPath, [program, 'demo', ...args], {
    cwd: folder.path,
    // A profile that does not exist: the demo must not look at it.
    env: { ...process.env, TMPDIR: folder.path, AWS_PROFILE: 'nobody', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text.stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text.stderr += chunk
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return { child, ended, stdout: () => text.stdout, stderr: () => text.stderr }
}

/** How the demo ended; with what it said about it when that was not well. */
async function endOf(running: RunningDemo): Promise<string> {
  const { code, signal } = await running.ended
  return code === 0 ? 'exit code 0' : `${signal ?? `exit code ${code}`}:\n${running.stderr()}${running.stdout()}`
}

/** Waits for the second status line; resolves with the demo's servers and their guards. */
async function processesOnceStreaming(running: RunningDemo): Promise<readonly number[]> {
  await until(() => /^00:02 /m.test(running.stdout() + running.stderr()) || running.child.exitCode !== null)
  const descendants = descendantsOf(running.child.pid ?? 0)
  const servers = descendants.filter(({ command }) => /^(?:\S*\/)?java /.test(command))
  if (servers.length < 2) throw new Error(`the demo has ${servers.length} servers:\n${running.stderr()}`)
  return descendants.map(({ pid }) => pid)
}

/** The guards end a moment after what they guarded. */
async function expectNothingLeft(processes: readonly number[]): Promise<void> {
  const alive = (): readonly number[] => {
    const living = new Set(allProcesses().map(({ pid }) => pid))
    return processes.filter((pid) => living.has(pid))
  }
  await until(() => alive().length === 0, 10_000)
  expect(alive()).toEqual([])
  expect(readdirSync(folder.path)).toEqual([])
}

interface ProcessLine {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

function allProcesses(): readonly ProcessLine[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return table.split('\n').flatMap((line) => {
    const [, pid, parent, state = '', command = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
    // A zombie has ended; that nobody has asked for its exit code is its parent's affair.
    return pid === undefined || state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), command }]
  })
}

function descendantsOf(pid: number): readonly ProcessLine[] {
  const all = allProcesses()
  const found: ProcessLine[] = []
  let parents = new Set([pid])
  while (parents.size > 0) {
    const children = all.filter(({ parent }) => parents.has(parent))
    found.push(...children)
    parents = new Set(children.map((child) => child.pid))
  }
  return found
}

/** Waits until it is true, or the time is over: what follows says what is wrong. */
async function until(isTrue: () => boolean, limitMs = 90_000): Promise<void> {
  const deadlineMs = systemClock.monotonic() + limitMs
  while (!isTrue() && systemClock.monotonic() < deadlineMs) await systemClock.sleep(25)
}
