import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReferenceResolver } from './references.ts'
import type { ReferenceResolver } from './references.ts'

let root = ''

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'tailrace-references-')))
  mkdirSync(join(root, 'allowed', 'deep'), { recursive: true })
  mkdirSync(join(root, 'outside'))
  mkdirSync(join(root, 'allowed-not'))
  writeFileSync(join(root, 'allowed', 'password'), 'in-allowed\n')
  writeFileSync(join(root, 'allowed', 'a b'), 'blank\n\n')
  writeFileSync(join(root, 'allowed', 'client.properties'), 'user=u\nempty=\npassword=from\\u002dproperties\n')
  writeFileSync(join(root, 'allowed', 'binary'), Buffer.from([0xff, 0xfe, 0x00, 0xd8]))
  writeFileSync(join(root, 'outside', 'secret'), 'canary-outside')
  writeFileSync(join(root, 'allowed-not', 'secret'), 'canary-outside')
  symlinkSync(join(root, 'outside', 'secret'), join(root, 'allowed', 'link-out'))
  symlinkSync('../outside', join(root, 'allowed', 'folder-out'))
  symlinkSync('/', join(root, 'allowed', 'slash'))
  symlinkSync('password', join(root, 'allowed', 'link-in'))
  symlinkSync('loop', join(root, 'allowed', 'loop'))
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

const env = {
  TAILRACE_A: 'value-a',
  KAFKA_PASSWORD: 'p$${env:TAILRACE_A}${env:TAILRACE_A}',
  EMPTY_KAFKA: '',
  KAFKA_EMPTY: '',
  AWS_SECRET_ACCESS_KEY: 'canary-aws',
  HOME: 'canary-home',
}

function resolver(
  allow: readonly string[] = ['env:KAFKA_*', 'env:TAILRACE_?', `file:${root}/allowed`],
): ReferenceResolver {
  return createReferenceResolver(allow, {
    env,
    readFile: (path) => readFileSync(path),
    realPath: (path) => realpathSync(path),
  })
}

/** The text, or the reason why there is none. */
function resolve(text: string, allow?: readonly string[]): string {
  const resolution = resolver(allow).resolve(text)
  return 'text' in resolution ? resolution.text : `PROBLEM ${resolution.problem.text}`
}

const refusedReferences = [
  '${env:HOME}',
  '${env:AWS_SECRET_ACCESS_KEY}',
  '${env:TAILRACE_AB}',
  '${env:TAILRACE_}',
  '${env:EMPTY_KAFKA}',
  '${env:KAFKA_UNSET}',
  '${env:__proto__}',
  '${env:constructor}',
  '${env:KAFKA_*}',
  '${env:KAFKA_PASSWORD:x}',
  '${env:}',
  '${env: KAFKA_PASSWORD}',
  '${ENV:KAFKA_PASSWORD}',
  '${KAFKA_PASSWORD}',
  '${}',
  '${',
  '${env:KAFKA_PASSWORD',
  '${${env:KAFKA_PASSWORD}}',
  '${env:KAFKA\nPASSWORD}',
  '${secretsmanager:x:y}',
  '${dir:/run:x}',
]

const refusedFiles = [
  '/../outside/secret',
  '/allowed/../outside/secret',
  '/allowed/deep/../../outside/secret',
  '/allowed/./password',
  '/allowed//password',
  '//allowed/password',
  '/allowed/..',
  '/allowed/.',
  '/outside/secret',
  '/allowed-not/secret',
  '',
  '/allowed/link-out',
  '/allowed/folder-out/secret',
  '/allowed/slash/etc/passwd',
  '/allowed/slash',
  '/allowed/loop',
  '/allowed/absent',
  '/allowed/deep',
  '/allowed/binary',
  '/allowed',
  '/allowed/password/x',
  '/ALLOWED/password',
  '/allowed/password\0',
  '/allowed/password\n',
  '/allowed/%2e%2e/outside/secret',
  '/allowed/..%2foutside/secret',
  '/allowed/..\\outside\\secret',
  '/allowed/．．/outside/secret',
  '/allowed/client.properties:absent',
  '/allowed/client.properties:',
  '/allowed/client.properties:__proto__',
  '/allowed/password::',
  '/allowed/link-out:key',
  '/allowed/folder-out/../folder-out/secret',
  '/allowed/ password',
  '/allowed/password/',
  '/allowed/password/..',
  '/allowed/...',
  '/allowed/deep/..',
  '/allowed/~',
  '/allowed/$HOME',
  '/allowed/password*',
  '/allowed/pass?ord',
]

const refusedPaths = [
  'etc/passwd',
  './x',
  '../x',
  '~/x',
  'file:///etc/passwd',
  '\\\\host\\share',
  'C:\\x',
  '/etc/passwd',
  '/proc/self/environ',
  '/dev/zero',
]

describe('references', () => {
  it('are replaced alone and within a text, more than once', () => {
    expect(resolve('${env:TAILRACE_A}')).toBe('value-a')
    expect(resolve('a ${env:TAILRACE_A} b ${env:TAILRACE_A} c')).toBe('a value-a b value-a c')
    expect(resolve('${env:KAFKA_EMPTY}')).toBe('')
  })

  it('are not looked for in what they give', () => {
    expect(resolve('${env:KAFKA_PASSWORD}')).toBe(env.KAFKA_PASSWORD)
  })

  it('can be escaped; other dollars mean nothing', () => {
    expect(resolve('$${env:TAILRACE_A} $5 $ {x} $$ }')).toBe('${env:TAILRACE_A} $5 $ {x} $$ }')
  })

  it('read a file whole, without its last line break, or one of its keys', () => {
    expect(resolve(`\${file:${root}/allowed/password}`)).toBe('in-allowed')
    expect(resolve(`\${file:${root}/allowed/a b}`)).toBe('blank\n')
    expect(resolve(`\${file:${root}/allowed/client.properties:password}`)).toBe('from-properties')
    expect(resolve(`\${file:${root}/allowed/client.properties:empty}`)).toBe('')
    expect(resolve(`\${file:${root}/allowed/link-in}`)).toBe('in-allowed')
  })

  it('may name one file that is allowed by itself', () => {
    const allow = [`file:${root}/allowed/password`]
    expect(resolve(`\${file:${root}/allowed/password}`, allow)).toBe('in-allowed')
    expect(resolve(`\${file:${root}/allowed/client.properties:password}`, allow)).toContain('is not allowed')
  })

  it('are refused when nothing is allowed', () => {
    expect(resolve('${env:TAILRACE_A}', [])).toBe(
      'PROBLEM ${env:TAILRACE_A} is not allowed; add "env:TAILRACE_A" to secrets.allow',
    )
    expect(resolve(`\${file:${root}/allowed/password}`, [])).toContain('is not allowed')
  })

  it('are read once', () => {
    const reads: string[] = []
    const once = createReferenceResolver([`file:${root}/allowed`], {
      env,
      readFile: (path) => {
        reads.push(path)
        return readFileSync(path)
      },
      realPath: (path) => realpathSync(path),
    })
    const text = `\${file:${root}/allowed/password}`
    expect([once.resolve(text), once.resolve(text)]).toEqual([{ text: 'in-allowed' }, { text: 'in-allowed' }])
    expect(reads).toHaveLength(1)
  })
})

describe('references that are refused', () => {
  it.each(refusedReferences)('refuse %s', (text) => {
    expect(resolve(text)).toMatch(/^PROBLEM /)
    expect(resolve(text)).not.toContain('canary')
  })

  it.each(refusedFiles)('refuse the file %j', (path) => {
    expect(resolve(`\${file:${root}${path}}`)).toMatch(/^PROBLEM /)
    expect(resolve(`\${file:${root}${path}}`)).not.toContain('canary')
  })

  it.each(refusedPaths)('refuse the path %s', (path) => {
    expect(resolve(`\${file:${path}}`)).toMatch(/^PROBLEM /)
  })

  it.each(['file:/', 'file:/..', 'file:relative', 'file:'])(
    'an allowed %s opens no way around the rules for paths',
    (entry) => {
      expect(resolve(`\${file:${root}/allowed/../outside/secret}`, [entry])).toMatch(/^PROBLEM /)
    },
  )
})

describe('references to services that keep secrets', () => {
  const resolveWith = (text: string, allow: readonly string[]) => {
    const asked: string[] = []
    const secretOf = (reference: string) => {
      asked.push(reference)
      return reference === 'ssm:/gone' ? { reason: 'it is gone' } : `value of ${reference}`
    }
    const sources = { env: {}, readFile: readFileSync, realPath: realpathSync, secretOf }
    return { found: createReferenceResolver(allow, sources).resolve(text), asked }
  }

  it.each([
    ['secretsmanager:prod/kafka:password', 'secretsmanager:prod/kafka'],
    ['secretsmanager:prod/kafka:password', 'secretsmanager:prod/*'],
    ['ssm:/shop/kafka', 'ssm:/shop/kafka'],
    ['ssm:/shop/kafka', 'ssm:/shop/*'],
  ])('%s is asked for where %s is allowed', (reference, allowed) => {
    expect(resolveWith(`a\${${reference}}b`, [allowed]).found).toEqual({ text: `avalue of ${reference}b` })
  })

  it.each([
    ['secretsmanager:prod/kafka', 'secretsmanager:prod'],
    ['secretsmanager:prod/kafka', 'ssm:prod/kafka'],
    ['ssm:/shop/kafka', 'ssm:/shop'],
    ['ssm:/shop/kafka', 'env:*'],
  ])('%s is not asked for where %s is allowed', (reference, allowed) => {
    const { found, asked } = resolveWith(`\${${reference}}`, [allowed])
    const text = `\${${reference}} is not allowed; add "${reference}" to secrets.allow`
    expect(found).toEqual({ problem: { text, code: 'SECRET_UNAVAILABLE' } })
    expect(asked).toEqual([])
  })

  it('say why there is no value', () => {
    expect(resolveWith('${ssm:/gone}', ['ssm:*']).found).toEqual({
      problem: { text: 'it is gone', code: 'SECRET_UNAVAILABLE' },
    })
  })

  it('do not name what no secret can be called', () => {
    expect(resolveWith('${ssm:a b}', ['ssm:*']).found).toMatchObject({ problem: { code: 'SECRET_UNAVAILABLE' } })
  })

  it('cannot be asked for where nobody asks', () => {
    expect(resolve('${ssm:/shop}', ['ssm:*'])).toBe('PROBLEM ${ssm:/shop} cannot be asked for here')
  })
})
