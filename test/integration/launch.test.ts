import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { cp, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { isRunning } from '../servers/is-running.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const checkout = path.resolve(import.meta.dirname, '../..')

/** Stands in for the product: says what it was started with and which signals it gets; ends with 7 on the second one's turn. */
const job = `
console.log(JSON.stringify({ args: process.argv.slice(2), node: process.versions.node.split('.')[0], pid: process.pid }))
if (process.argv.includes('--wait')) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      console.log(signal)
      setTimeout(() => process.exit(7), 1000)
    })
  }
  setInterval(() => {}, 1000)
} else process.exit(5)
`

/** What the launcher said and how it ended. */
interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

test('builds once, runs the job under Node.js 24 and hands on arguments and exit code', async () => {
  await using folder = await temporaryFolder()
  await makeCheckout(folder.path)
  const first = await finished(launch(folder.path, ['demo', '--for', '20s', '--json']))
  expect(first.stderr).toContain('built dist/')
  expect(first.code).toBe(5)
  expect(JSON.parse(first.stdout)).toMatchObject({ args: ['demo', '--for', '20s', '--json'], node: '24' })
  const builtAt = (await stat(path.join(folder.path, 'dist', 'one.js'))).mtimeMs

  const second = await finished(launch(folder.path, ['demo']))
  expect(second).toMatchObject({ code: 5, stderr: '' })
  expect((await stat(path.join(folder.path, 'dist', 'one.js'))).mtimeMs).toBe(builtAt)

  await writeFile(path.join(folder.path, 'src', 'two.ts'), 'export const two = 2\n')
  await finished(launch(folder.path, ['build']))
  expect(await readFile(path.join(folder.path, 'dist', 'two.js'), 'utf8')).toContain('two = 2')
})

test('a build that fails stops the job and leaves the old build', async () => {
  await using folder = await temporaryFolder()
  await makeCheckout(folder.path)
  await finished(launch(folder.path, ['build']))
  await writeFile(path.join(folder.path, 'src', 'one.ts'), "export const one: number = 'not a number'\n")
  const outcome = await finished(launch(folder.path, ['demo']))
  expect(outcome.code).not.toBe(0)
  expect(outcome.stdout).toContain("Type 'string' is not assignable to type 'number'")
  expect(outcome.stdout).not.toContain('"args"')
  expect(await readFile(path.join(folder.path, 'dist', 'one.js'), 'utf8')).toContain('one = 1')
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s to the launcher alone reaches the job once', async (signal) => {
  await using folder = await temporaryFolder()
  await makeCheckout(folder.path)
  const launcher = launch(folder.path, ['demo', '--wait'])
  const ending = finished(launcher)
  await started(launcher)
  launcher.kill(signal)
  launcher.kill(signal)
  const { code, stdout } = await ending
  expect(code).toBe(7)
  expect(stdout.split('\n').slice(1)).toEqual([signal, ''])
})

test('a Ctrl-C in a terminal reaches the job once', async () => {
  await using folder = await temporaryFolder()
  await makeCheckout(folder.path)
  // A shell that stays in between would answer for the job.
  const command = `exec ${process.execPath} scripts/launch.mjs demo --wait`
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder.path })
  const ending = finished(terminal)
  await started(terminal)
  terminal.stdin.write('\u0003')
  const { code, stdout } = await ending
  expect(code).toBe(7)
  expect(stdout.match(/SIGINT/g)).toHaveLength(1)
})

test('an unknown job is refused', async () => {
  const { code, stderr } = await finished(launch(checkout, ['frobnicate']))
  expect(code).toBe(2)
  expect(stderr).toContain('usage:')
})

/** A small checkout with the real scripts and packages and a job of our own. */
async function makeCheckout(folder: string): Promise<void> {
  for (const name of ['scripts', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json']) {
    await cp(path.join(checkout, name), path.join(folder, name), { recursive: true })
  }
  await symlink(path.join(checkout, 'node_modules'), path.join(folder, 'node_modules'))
  await mkdir(path.join(folder, 'src'))
  await writeFile(path.join(folder, 'src', 'one.ts'), 'export const one = 1\n')
  await mkdir(path.join(folder, 'bin'))
  await writeFile(path.join(folder, 'bin', 'tailrace.js'), job)
  // There is no function in it that could be packed.
  await writeFile(path.join(folder, 'scripts', 'build-function.mjs'), 'export const buildFunction = async () => {}\n')
}

function launch(folder: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['scripts/launch.mjs', ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Resolves when the job has said its first line. */
async function started(launcher: ChildProcess): Promise<void> {
  let text = ''
  launcher.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await expect.poll(() => text, { timeout: 60_000 }).toContain('"args"')
}

/** Collects the output; the job is gone when its launcher is. */
function finished(launcher: ChildProcess): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  launcher.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  launcher.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve, reject) => {
    launcher.once('error', reject)
    launcher.once('close', (code) => {
      const pid = /"pid":(\d+)/.exec(stdout)?.[1]
      if (pid !== undefined) expect(isRunning(Number(pid))).toBe(false)
      resolve({ code, stdout, stderr })
    })
  })
}
