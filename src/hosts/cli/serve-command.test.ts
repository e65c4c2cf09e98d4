import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { systemClock } from '../../async/system-clock.ts'
import { createRedactor } from '../../observe/redactor.ts'
import { parseAccessList } from '../server/access/access-list.ts'
import { isPassword } from '../server/access/password-hash.ts'
import { runCli } from './run-cli.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-serve-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function run(
  args: readonly string[],
  { input = '', stopAfterMs }: { readonly input?: string; readonly stopAfterMs?: number } = {},
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const [out, err]: [string[], string[]] = [[], []]
  const into = (chunks: string[]): Writable =>
    new Writable({
      write: (chunk: Buffer, _, done) => {
        chunks.push(chunk.toString())
        done()
      },
    })
  const stop = new AbortController()
  if (stopAfterMs !== undefined)
    void systemClock.sleep(stopAfterMs).then(() => stop.abort(new DOMException('', 'AbortError')))
  const exitCode = await runCli(args, {
    stdout: into(out),
    stderr: into(err),
    stdin: Readable.from([input]),
    env: {},
    cwd: folder,
    isTerminal: false,
    signal: stop.signal,
    clock: systemClock,
    rng: seededRng(1),
    redactor: createRedactor(),
  })
  return { exitCode, stdout: out.join(''), stderr: err.join('') }
}

function worker(more: string): string {
  writeFileSync(join(folder, 'worker.properties'), `bootstrap.servers=127.0.0.1:1\ngroup.id=g\n${more}\n`)
  return 'worker.properties'
}

describe('tailrace serve', () => {
  it.each([
    ['listeners=http://0.0.0.0:0', 'LISTEN_UNPROTECTED'],
    ['listenrs=http://127.0.0.1:0', 'CONFIG_INVALID'],
    ['rest.access.file=nowhere', 'CONFIG_INVALID'],
  ])('does not start with %s', async (more, code) => {
    const { exitCode, stderr } = await run(['serve', worker(more)])
    expect(exitCode).toBe(2)
    expect(stderr).toContain(code)
  })

  it('does not start on a port that is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { exitCode, stderr } = await run(['serve', worker(`listeners=http://127.0.0.1:${port}`)])
    server.close()
    expect({ exitCode, isTold: stderr.includes('LISTEN_FAILED') }).toEqual({ exitCode: 2, isTold: true })
  })

  it('waits for a Kafka that is away, and stops when it is told to', async () => {
    const { exitCode, stdout, stderr } = await run(['serve', worker('listeners=http://127.0.0.1:0')], {
      stopAfterMs: 1_500,
    })
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    expect(stderr).toContain('the REST API is served')
  })
})

describe('tailrace access', () => {
  it('makes a line for the list and a password for it', async () => {
    const { exitCode, stdout, stderr } = await run(['access', 'user', 'viewer', 'grafana'])
    expect(exitCode).toBe(0)
    const [user] = parseAccessList(stdout, 'list').users
    const password = /^password: (\S{32})$/m.exec(stderr)?.[1] ?? ''
    expect(user).toMatchObject({ name: 'grafana', role: 'viewer' })
    expect(user !== undefined && (await isPassword(password, user.hash))).toBe(true)
  })

  it('takes a token from standard input, and does not show it', async () => {
    const { stdout, stderr } = await run(['access', 'token', 'admin', 'ci', '--stdin'], { input: 'a canary token\n' })
    expect(stdout).toMatch(/^token admin ci sha256:[0-9a-f]{64}\n$/)
    expect(`${stdout}${stderr}`).not.toContain('canary')
  })

  it('refuses a name that the list cannot hold', async () => {
    expect((await run(['access', 'token', 'admin', 'two words'])).exitCode).toBe(2)
  })
})
