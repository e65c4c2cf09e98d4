import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import { readConfigFile } from './config-file.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-config-file-'))
  mkdirSync(join(folder, 'secrets'))
  writeFileSync(join(folder, 'secrets', 'password'), 'canary-allowed\n')
  writeFileSync(join(folder, 'outside'), 'canary-outside')
  symlinkSync(join(folder, 'outside'), join(folder, 'secrets', 'link'))
  execFileSync('mkfifo', [join(folder, 'secrets', 'pipe')])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function pipeline(password: string): string {
  const path = join(folder, 'pipeline.yaml')
  writeFileSync(
    path,
    `pipeline: shop
source: {region: eu-west-1, tables: orders}
secrets.allow: ["file:${folder}/secrets"]
kafka:
  bootstrap.servers: b:9092
  security.protocol: SASL_SSL
  sasl.mechanism: PLAIN
  sasl.username: u
  sasl.password: \${file:${folder}/secrets/${password}}
`,
  )
  return path
}

function codeOf(path: string): string {
  try {
    readConfigFile(path, {})
    return 'read'
  } catch (error) {
    return error instanceof TailraceError ? error.code : String(error)
  }
}

describe('readConfigFile', () => {
  it('reads the file and the secrets that it may read', () => {
    const config = readConfigFile(pipeline('password'), {})
    expect(config.secrets.map((secret) => secret.reveal())).toEqual(['canary-allowed'])
  })

  it.each(['link', 'pipe', 'absent', '.', '../outside'])(
    'does not take %s for a secret, and does not wait for it',
    (name) => {
      expect(codeOf(pipeline(name))).toBe('SECRET_UNAVAILABLE')
    },
  )

  it('takes only regular files of text for a configuration', () => {
    writeFileSync(join(folder, 'binary.yaml'), Buffer.from([0xff, 0xfe, 0xfd]))
    for (const path of ['absent.yaml', '.', 'secrets/pipe', 'binary.yaml']) {
      expect(codeOf(join(folder, path))).toBe('CONFIG_UNREADABLE')
    }
    expect(codeOf('/dev/zero')).toBe('CONFIG_UNREADABLE')
  })
})
