import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { systemClock } from '../../src/async/system-clock.ts'
import { spawnGuarded } from '../../src/hosts/demo/guarded-process.ts'
import type { GuardedProcess, ProcessExit } from '../../src/hosts/demo/guarded-process.ts'

/** An answer of the REST API, its JSON read. */
export interface RestAnswer {
  readonly status: number
  readonly body: unknown
}

/** One process of `tailrace serve`. */
export interface ServiceProcessUnderTest extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  /** Resolves when it has ended, however. */
  readonly ended: Promise<ProcessExit>
  call(method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<RestAnswer>
  /** The text of a page that is no JSON. */
  page(path: string): Promise<string>
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL. */
  kill(): Promise<void>
  log(): string
}

const main = fileURLToPath(new URL('../../src/hosts/cli/main.ts', import.meta.url))

/** Starts a process; resolves when it says that it is ready. `properties` are those of its worker file, `env` wins over this process's. */
export async function startServiceProcess(options: {
  readonly directory: string
  readonly name: string
  readonly properties: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}): Promise<ServiceProcessUnderTest> {
  const directory = path.join(options.directory, options.name)
  await mkdir(directory)
  const file = path.join(directory, 'worker.properties')
  const lines = Object.entries({ listeners: 'http://127.0.0.1:0', ...options.properties })
  await writeFile(file, lines.map(([name, value]) => `${name}=${value}\n`).join(''))
  const logFile = path.join(directory, 'log')
  const log = openSync(logFile, 'w')
  // Processes of one test run the same code: compiled once.
  const compiled = { NODE_COMPILE_CACHE: path.join(options.directory, 'compile-cache') }
  const credentials = { AWS_ACCESS_KEY_ID: '123456789012', AWS_SECRET_ACCESS_KEY: 'local' }
  const env = { ...process.env, ...compiled, ...credentials, ...options.env }
  const text = (): string => readFileSync(logFile, 'utf8')
  let child: GuardedProcess
  try {
    child = await spawnGuarded(process.execPath, [main, 'serve', file, '--json'], { cwd: directory, env, output: log })
  } finally {
    closeSync(log)
  }
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await child.exited
  }
  let url: string
  try {
    url = await readyUrl(text, child)
  } catch (error) {
    await kill()
    throw error
  }
  return {
    url,
    pid: child.pid,
    ended: child.exited,
    call: async (method, at, body) => {
      const answer = await request(`${url}${at}`, {
        method,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      })
      const received = await answer.body.text()
      return { status: answer.statusCode, body: received === '' ? undefined : JSON.parse(received) }
    },
    page: async (at) => (await request(`${url}${at}`)).body.text(),
    stop: async () => (await child.stop(systemClock, 30_000)).code,
    kill,
    log: text,
    [Symbol.asyncDispose]: kill,
  }
}

async function readyUrl(text: () => string, child: GuardedProcess): Promise<string> {
  let hasEnded = false
  void child.exited.then(() => (hasEnded = true))
  for (const deadline = systemClock.monotonic() + 60_000; ; await systemClock.sleep(50)) {
    const found = /^\{"ready":true.*"urls":\["([^"]+)"/m.exec(text())?.[1]
    if (found !== undefined) return found
    if (hasEnded || systemClock.monotonic() > deadline) throw new Error(`the service is not ready: ${text()}`)
  }
}
