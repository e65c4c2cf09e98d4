import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../../../test/fixtures/run-command.ts'
import type { RanCommand } from '../../../test/fixtures/run-command.ts'
import { errorCatalogue } from '../../error-catalogue.ts'
import type { CommandContext } from './command-context.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-cli-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = async (args: readonly string[], context: Partial<CommandContext> = {}): Promise<RanCommand> =>
  runCommand(args, { cwd: folder, ...context })

const flags = ['--region', 'eu-west-1', '--tables', 'orders', 'billing-*', '--bootstrap-servers', 'b:9092']
const secretEnv = { KAFKA_USERNAME: 'user-1', KAFKA_PASSWORD: 'canary-password' }

describe('the command line', () => {
  it('prints version and help with 0', async () => {
    const version = await run(['--version'])
    expect(version).toMatchObject({ exitCode: 0, stderr: '' })
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+/)
    const help = await run(['check', '--help'])
    expect(help.exitCode).toBe(0)
    expect(help.stdout).toContain('--json')
  })

  it.each([
    [[], 'Usage: tailrace'],
    [['frobnicate'], "[USAGE] unknown command 'frobnicate'"],
    [['errors', '--frobnicate'], "[USAGE] unknown option '--frobnicate'"],
    [['errors', 'a', 'b'], '[USAGE] too many arguments'],
    [['config'], 'Usage: tailrace config'],
    [['errors', 'NO_SUCH_CODE'], '[USAGE] there is no error code of this name'],
    [['init'], '[USAGE] --region is missing; --tables is missing; --bootstrap-servers is missing'],
    [['init', '--access', 'x'], '[USAGE]'],
  ])('refuses %j with 2', async (args, expected) => {
    const ran = await run(args)
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' })
    expect(ran.stderr).toContain(expected)
  })

  it('writes errors as JSON on standard output where JSON was asked for, before or after the command', async () => {
    for (const args of [
      ['errors', 'NO_SUCH_CODE', '--json'],
      ['--json', 'errors', 'NO_SUCH_CODE'],
    ]) {
      const ran = await run(args)
      expect(ran).toMatchObject({ exitCode: 2, stderr: '' })
      expect(JSON.parse(ran.stdout)).toMatchObject({
        error: { code: 'USAGE', message: 'there is no error code of this name', remedy: errorCatalogue.USAGE.remedy },
      })
    }
  })
})

describe('errors', () => {
  it('lists every code, explains one, and prints the document', async () => {
    const list = await run(['errors'])
    for (const code of Object.keys(errorCatalogue)) expect(list.stdout).toContain(code)
    expect((await run(['errors', 'stream_gap'])).stdout).toContain(errorCatalogue.STREAM_GAP.remedy)
    expect(JSON.parse((await run(['errors', 'STREAM_GAP', '--json'])).stdout)).toEqual({
      code: 'STREAM_GAP',
      ...errorCatalogue.STREAM_GAP,
    })
    expect(JSON.parse((await run(['errors', '--json'])).stdout)).toEqual(errorCatalogue)
    expect((await run(['errors', '--markdown'])).stdout).toContain('### STREAM_GAP')
  })
})

describe('config', () => {
  it('prints the reference and the schema', async () => {
    expect((await run(['config', 'docs'])).stdout).toContain('`source.region`')
    expect(JSON.parse((await run(['config', 'schema'])).stdout)).toMatchObject({ title: 'tailrace pipeline' })
  })
})

describe('init', () => {
  it.each(['none', 'tls', 'plain', 'scram', 'msk-iam'])(
    'writes a file that passes the check: --access %s',
    async (access) => {
      const ran = await run(['init', 'shop.yaml', ...flags, '--access', access])
      expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
      expect(readFileSync(join(folder, 'shop.yaml'), 'utf8')).toMatch(/^# A pipeline/)
      const checked = await run(['check', 'shop.yaml', '--offline', '--json'], { env: secretEnv })
      expect(JSON.parse(checked.stdout)).toMatchObject({ ok: true })
      expect(checked.exitCode).toBe(0)
    },
  )

  it('overwrites nothing', async () => {
    writeFileSync(join(folder, 'pipeline.yaml'), 'mine')
    const ran = await run(['init', ...flags, '--json'])
    expect(ran.exitCode).toBe(2)
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: 'FILE_EXISTS' } })
    expect(readFileSync(join(folder, 'pipeline.yaml'), 'utf8')).toBe('mine')
  })

  it('says so when it cannot write', async () => {
    expect(await run(['init', 'absent/pipeline.yaml', ...flags])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('[FILE_UNWRITABLE]'),
    })
  })

  it('refuses answers that the check would refuse, all at once', async () => {
    const { exitCode, stderr } = await run([
      'init',
      '--pipeline',
      'Shop!',
      '--region',
      'Europe',
      '--tables',
      'a/b',
      '--bootstrap-servers',
      'b',
    ])
    expect(exitCode).toBe(2)
    for (const flag of ['--pipeline must be', '--region must be', '--tables must be', '--bootstrap-servers must be']) {
      expect(stderr).toContain(flag)
    }
    expect(readdirSync(folder)).toEqual([])
  })

  it('asks at a terminal for what is missing, again until it fits, and takes suggestions', async () => {
    const stdin = Readable.from(['shop\n', '\n', 'orders, billing-*\nbroker\n', 'broker:9092\nscram\n\n'])
    const ran = await run(['init'], { stdin, isTerminal: true, env: { AWS_REGION: 'eu-west-3' } })
    expect(ran.exitCode).toBe(0)
    expect(ran.stderr).toContain('AWS region [eu-west-3]: ')
    expect(ran.stderr).toContain('  must be `host:port`')
    const text = readFileSync(join(folder, 'pipeline.yaml'), 'utf8')
    expect(text).toContain('pipeline: shop')
    expect(text).toContain('region: eu-west-3')
    expect(text).toContain('- billing-*')
    expect(text).toContain('sasl.password: ${env:KAFKA_PASSWORD}')
    expect(ran.stdout).toBe('wrote pipeline.yaml; next: tailrace check pipeline.yaml --offline\n')
  })

  it('writes nothing when the input ends or the person leaves', async () => {
    const ended = await run(['init'], { stdin: Readable.from(['shop\n']), isTerminal: true })
    expect(ended.exitCode).toBe(2)
    const stop = new AbortController()
    const waiting = run(['init'], { stdin: new Readable({ read: () => {} }), isTerminal: true, signal: stop.signal })
    stop.abort(new DOMException('interrupted', 'AbortError'))
    expect(await waiting).toMatchObject({ exitCode: 130, stdout: '' })
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('check --offline', () => {
  const file = (text: string): void => writeFileSync(join(folder, 'p.yaml'), text)

  it('shows what the file says, with notes as warnings, and no secret', async () => {
    file(`pipeline: shop
source: {region: eu-west-1, tables: orders}
kafka:
  bootstrap.servers: b:9092
  security.protocol: SASL_SSL
  sasl.mechanism: PLAIN
  sasl.username: \${env:KAFKA_USERNAME}
  sasl.password: \${env:KAFKA_PASSWORD}
  linger.ms: 5
`)
    const ran = await run(['check', 'p.yaml', '--offline'], { env: secretEnv })
    expect(ran.exitCode).toBe(0)
    expect(ran.stdout).toMatch(/ok +kafka +b:9092 \(TLS, PLAIN\)/)
    expect(ran.stdout).toMatch(/warning +note +without effect: kafka\.linger\.ms/)
    expect(ran.stdout + ran.stderr).not.toContain('canary')
  })

  it("loads the user's files, and refuses what cannot be used", { timeout: 20_000 }, async () => {
    const text =
      'pipeline: p\nsource: {region: eu-west-1, tables: orders}\nkafka.bootstrap.servers: b:9092\ntransforms: [./code.ts]\n'
    writeFileSync(join(folder, 'p.yaml'), text)
    writeFileSync(join(folder, 'code.ts'), 'export default (change: object): object => change')
    expect(await run(['check', 'p.yaml', '--offline'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/transforms +1 file can be loaded/),
    })
    writeFileSync(join(folder, 'code.ts'), 'export default (change: object): object => {')
    expect(await run(['check', 'p.yaml', '--offline'])).toMatchObject({
      exitCode: 2,
      stdout: expect.stringContaining('TRANSFORM_UNUSABLE'),
    })
  })

  it('refuses a wrong file with 2 and everything that is wrong', async () => {
    file('pipelin: shop\nsource.tables: [1]\n')
    const ran = await run(['check', 'p.yaml', '--offline'])
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' })
    expect(ran.stderr).toContain('[CONFIG_INVALID]')
    expect(ran.stderr).toContain('line 1: pipelin is not a property; did you mean pipeline?')
    expect(ran.stderr).toContain(errorCatalogue.CONFIG_INVALID.remedy)
  })

  it.each([
    ['absent.yaml', 'CONFIG_UNREADABLE'],
    ['.', 'CONFIG_UNREADABLE'],
  ])('refuses %s as a file', async (path, code) => {
    const ran = await run(['check', path, '--offline', '--json'])
    expect(ran.exitCode).toBe(2)
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code } })
  })
})
