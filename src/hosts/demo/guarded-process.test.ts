import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { isRunning } from '../../../test/servers/is-running.ts'
import { systemClock } from '../../async/system-clock.ts'
import { spawnGuarded } from './guarded-process.ts'

const cwd = tmpdir()

test('the process id is the command’s and its output arrives', async () => {
  let output = ''
  const child = await spawnGuarded('sh', ['-c', 'echo $$; echo "$0 $1" >&2; exit 3', 'a b', "c'd"], {
    cwd,
    output: (text) => (output += text),
  })
  expect(await child.exited).toEqual({ code: 3, signal: null })
  await expect.poll(() => output).toBe(`${child.pid}\na b c'd\n`)
  expect(child.exit).toEqual({ code: 3, signal: null })
})

test('a command that does not exist ends with 127', async () => {
  const child = await spawnGuarded('tailrace-no-such-command', [], { cwd, output: () => undefined })
  expect((await child.exited).code).toBe(127)
})

test('stderr can have a receiver of its own, and all output is there when the process is closed', async () => {
  const received = { output: 0, errors: '' }
  const child = await spawnGuarded('sh', ['-c', 'echo complaint >&2; head -c 3000000 /dev/zero'], {
    cwd,
    output: (text) => (received.output += text.length),
    errors: (text) => (received.errors += text),
  })
  expect(await child.closed).toEqual({ code: 0, signal: null })
  expect(received).toEqual({ output: 3_000_000, errors: 'complaint\n' })
})

test('a process that ignores SIGTERM is killed after its time of grace', async () => {
  let output = ''
  const script = 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
  const child = await spawnGuarded('sh', ['-c', script], { cwd, output: (text) => (output += text) })
  await expect.poll(() => output).toBe('ready\n')
  expect(await child.stop(systemClock, 100)).toEqual({ code: null, signal: 'SIGKILL' })
  expect(await child.stop(systemClock, 100)).toEqual({ code: null, signal: 'SIGKILL' })
})

test('it dies with its parent, killed by SIGKILL', async () => {
  const module = pathToFileURL(path.join(import.meta.dirname, 'guarded-process.ts')).href
  const program = `
    const { spawnGuarded } = await import(${JSON.stringify(module)})
    const child = await spawnGuarded('sleep', ['60'], { cwd: '/', output: () => undefined })
    process.stdout.write(String(child.pid))`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [text] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(text.toString())
    expect(isRunning(pid)).toBe(true)
    parent.kill('SIGKILL')
    await expect.poll(() => isRunning(pid), { timeout: 5000 }).toBe(false)
  } finally {
    parent.kill('SIGKILL')
  }
})
