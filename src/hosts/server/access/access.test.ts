import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { silentLogger } from '../../../observe/logger.ts'
import type { LogFields, Logger } from '../../../observe/logger.ts'
import { createManualClock } from '../../../testing/manual-clock.ts'
import { parseAccessList } from './access-list.ts'
import type { AccessList } from './access-list.ts'
import { createAuthenticator } from './authenticator.ts'
import type { Authentication, Credentials } from './authenticator.ts'
import { auditTo } from './audit-log.ts'
import { createFailureLimit } from './failure-limit.ts'
import { hashPassword, isPassword, parsePasswordHash } from './password-hash.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

let list: AccessList
beforeAll(async () => {
  list = parseAccessList(
    `# who may do what
user admin alice ${await hashPassword('päss:word')}
token operator ci sha256:${sha256('tok')}
certificate viewer CN=ops team,O=Acme
certificate admin CN=ops team,O=Acme,OU=core
`,
    'access.list',
  )
})

function as(overrides: Partial<Credentials>): Credentials {
  return { authorization: undefined, subject: undefined, address: '10.0.0.1', ...overrides }
}

describe('authentication', () => {
  it.each([
    ['a user', as({ authorization: basic('alice', 'päss:word') }), { name: 'alice', role: 'admin' }],
    ['a token, in any case of its scheme', as({ authorization: 'bEARER tok' }), { name: 'ci', role: 'operator' }],
    [
      'a certificate',
      as({
        subject: new Map([
          ['CN', 'ops team'],
          ['O', 'Acme'],
          ['C', 'DE'],
        ]),
      }),
      { name: 'CN=ops team,O=Acme', role: 'viewer' },
    ],
    [
      'a certificate by the entry that says most',
      as({
        subject: new Map([
          ['CN', 'ops team'],
          ['O', 'Acme'],
          ['OU', 'core'],
        ]),
      }),
      { name: 'CN=ops team,O=Acme,OU=core', role: 'admin' },
    ],
  ])('knows %s', async (_, credentials, principal) => {
    expect(await createAuthenticator(list, createManualClock()).authenticate(credentials)).toEqual({ principal })
  })

  it.each([
    ['nothing', as({})],
    ['another password', as({ authorization: basic('alice', 'pass') })],
    ['another user', as({ authorization: basic('bob', 'päss:word') })],
    ['the hash for a password', as({ authorization: basic('ci', sha256('tok')) })],
    ['another token', as({ authorization: 'Bearer tok2' })],
    ['the hash of a token', as({ authorization: `Bearer ${sha256('tok')}` })],
    ['a part of a subject', as({ subject: new Map([['CN', 'ops team']]) })],
    ['another scheme', as({ authorization: 'Digest tok' })],
    [
      'a wrong token beside a certificate',
      as({
        authorization: 'Bearer x',
        subject: new Map([
          ['CN', 'ops team'],
          ['O', 'Acme'],
        ]),
      }),
    ],
  ])('does not know %s', async (_, credentials) => {
    expect(await createAuthenticator(list, createManualClock()).authenticate(credentials)).toMatchObject({
      status: 401,
    })
  })

  it('lets five failures a minute pass for one name from one address, also side by side, and nobody else wait', async () => {
    const clock = createManualClock()
    const { authenticate } = createAuthenticator(list, clock)
    const right = as({ authorization: basic('alice', 'päss:word') })
    const statusOf = (each: Authentication): number => ('principal' in each ? 200 : each.status)
    const guess = (count: number): Credentials => as({ authorization: basic('alice', `x${count}`) })
    const answers = await Promise.all(Array.from({ length: 8 }, (_, count) => authenticate(guess(count))))
    expect(answers.map(statusOf)).toEqual([401, 401, 401, 401, 401, 429, 429, 429])
    expect(await authenticate(right)).toMatchObject({ status: 429, retryAfterMs: 60_000 })
    expect(statusOf(await authenticate({ ...right, address: '10.0.0.2' }))).toBe(200)
    await clock.advance(60_000)
    expect(statusOf(await authenticate(right))).toBe(200)
    for (let count = 0; count < 5; count++) await authenticate(guess(count))
    // Who was right before need not wait for what others do under the same name.
    expect(statusOf(await authenticate(right))).toBe(200)
  })

  it('lets nobody wait for a client behind the same address that has an old token', async () => {
    const { authenticate } = createAuthenticator(list, createManualClock())
    const statusOf = async (token: string): Promise<number> => {
      const answer = await authenticate(as({ authorization: `Bearer ${token}` }))
      return 'principal' in answer ? 200 : answer.status
    }
    const old: number[] = []
    for (let count = 0; count < 7; count++) old.push(await statusOf('old'))
    expect(old).toEqual([401, 401, 401, 401, 401, 429, 429])
    expect([await statusOf('other'), await statusOf('tok')]).toEqual([401, 200])
  })

  it.each([
    ['tokens', (count: number) => `Bearer x${count}`],
    ['names', (count: number) => basic(`name${count}`, 'x')],
  ])('lets nobody guess %s without end from one address', async (_, guess) => {
    const { authenticate } = createAuthenticator(list, createManualClock())
    const answers = await Promise.all(
      Array.from({ length: 31 }, (__, count) => authenticate(as({ authorization: guess(count) }))),
    )
    expect(answers.map((answer) => 'status' in answer && answer.status)).toEqual([...Array<number>(30).fill(401), 429])
  })

  it.each([
    ['a password', basic('alice', 'päss:word')],
    ['a token', 'Bearer tok'],
  ])(
    'lets who has %s make as many requests as it likes, side by side from the first one on',
    async (_, authorization) => {
      const { authenticate } = createAuthenticator(list, createManualClock())
      const answers = await Promise.all(Array.from({ length: 40 }, () => authenticate(as({ authorization }))))
      for (let count = 0; count < 40; count++) answers.push(await authenticate(as({ authorization })))
      expect(answers.filter((answer) => !('principal' in answer))).toEqual([])
    },
  )
})

describe('the access list', () => {
  it.each([
    ['user boss alice scrypt:1', 'must be viewer, operator or admin'],
    ['group admin alice x', 'must be user, token or certificate'],
    ['user admin alice', 'must be `user'],
    ['user admin alice plain-canary', 'must be `user'],
    ['token admin ci canary', 'must be `token'],
    ['certificate admin ops', 'must be `certificate'],
    ['certificate admin CN=a,CN=b', 'each attribute once'],
  ])('refuses %s', (line, message) => {
    const read = (): unknown => parseAccessList(`# first\n${line}`, 'access.list')
    expect(read).toThrow(
      expect.objectContaining({ code: 'ACCESS_INVALID', message: expect.stringContaining(`access.list line 2: `) }),
    )
    expect(read).toThrow(message)
    expect(read).not.toThrow('canary')
  })

  it.each(['', '# nobody yet\n\n'])('is refused if it names nobody: %j', (text) => {
    expect(() => parseAccessList(text, 'access.list')).toThrow(
      expect.objectContaining({ code: 'ACCESS_INVALID', message: expect.stringContaining('names nobody') }),
    )
  })

  it('takes a name once', () => {
    const line = `token viewer ci sha256:${sha256('a')}`
    expect(() => parseAccessList(`${line}\n${line}`, 'access.list')).toThrow('second entry')
  })
})

describe('password hashes', () => {
  it('are salted, hold for one password, and are refused with costs that would stop the process', async () => {
    const [one, two] = [await hashPassword('a'), await hashPassword('a')]
    expect(one).not.toBe(two)
    const hash = parsePasswordHash(one)
    if (hash === undefined) throw new Error('the hash cannot be read')
    expect([await isPassword('a', hash), await isPassword('b', hash)]).toEqual([true, false])
    expect(parsePasswordHash(one.replace(':16384:', ':524288:'))).toBeUndefined()
    expect(parsePasswordHash(one.replace(':16384:', ':16385:'))).toBeUndefined()
  })
})

describe('the limit of failures', () => {
  it('forgets the oldest of too many names', () => {
    const limit = createFailureLimit(createManualClock(), 1)
    for (let name = 0; name <= 10_000; name++) limit.failed(String(name))
    expect([limit.waitMs('0'), limit.waitMs('1'), limit.waitMs('10000')]).toEqual([0, 60_000, 60_000])
  })
})

describe('the audit log', () => {
  it('is lines that can be told from others, and says who it was, or that it was nobody', () => {
    const lines: (LogFields | undefined)[] = []
    const logger = (bound: LogFields): Logger => ({
      ...silentLogger,
      info: (_, fields) => void lines.push({ ...bound, ...fields }),
      child: (fields) => logger({ ...bound, ...fields }),
    })
    const audit = auditTo(logger({}))
    const subject = { connector: 'shop', table: 'orders', task: undefined, logger: undefined }
    const entry = { address: '::1', method: 'PUT', route: '/x', ...subject, status: 204, isForwarded: false }
    audit({ ...entry, principal: { name: 'ci', role: 'operator' } })
    audit({ ...entry, principal: undefined })
    expect(lines).toEqual([
      { ...entry, audit: true, principal: 'ci', role: 'operator' },
      { ...entry, audit: true, principal: 'nobody', role: 'none' },
    ])
  })
})
