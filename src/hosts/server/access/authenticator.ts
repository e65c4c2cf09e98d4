import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../../async/clock.ts'
import type { AccessList, Subject } from './access-list.ts'
import { createFailureLimit } from './failure-limit.ts'
import { createKnownSecrets } from './known-secrets.ts'
import { impossibleHash, isPassword } from './password-hash.ts'
import type { Principal } from './principal.ts'

/** What a request shows of who makes it. */
export interface Credentials {
  /** The header of that name. */
  readonly authorization: string | undefined
  /** Of a client certificate that the TLS handshake has verified. */
  readonly subject: Subject | undefined
  /** Where the request comes from. */
  readonly address: string
}

/** Who it is, or why nobody was recognised. */
export type Authentication =
  | { readonly principal: Principal }
  | { readonly status: 401; readonly message: string }
  | { readonly status: 429; readonly message: string; readonly retryAfterMs: number }

/** Finds out who makes requests. Never rejects, and keeps no password. */
export interface Authenticator {
  authenticate(credentials: Credentials): Promise<Authentication>
}

/** Everybody is admin: for a service that only its own machine can reach. */
export const openAccess: Authenticator = {
  authenticate: () => Promise.resolve({ principal: { name: 'anonymous', role: 'admin' } }),
}

/** Failures a minute: of one name, or one token, from one address, and of one address under whatever names. */
const failuresOfName = 5
const failuresOfAddress = 30

const unknown: Authentication = { status: 401, message: 'User cannot access the resource.' }

/** Basic, bearer and client certificates by a list. What the header says counts before the certificate. */
export function createAuthenticator(list: AccessList, clock: Clock): Authenticator {
  const known = createKnownSecrets<Principal>()
  const limited = createLimitedTries(clock)
  const byHeader = async (authorization: string, address: string): Promise<Authentication> => {
    const [, scheme = '', text = ''] = /^(\S+)[ ]+(\S+)\s*$/.exec(authorization) ?? []
    const kind = scheme.toLowerCase()
    if (kind !== 'basic' && kind !== 'bearer') return unknown
    const given = kind === 'basic' ? passwordOf(text) : { name: '', password: text }
    const label = `${kind} ${given.name}`
    const right = known.find(label, given.password)
    if (right !== undefined) return { principal: right }
    const judge = async (): Promise<Principal | undefined> => {
      const found = kind === 'basic' ? await principalOfPassword(list, given) : principalOfToken(list, text)
      if (found !== undefined) known.add(label, given.password, found)
      return found
    }
    // A token has no name: who shows an old one again and again shall not lock out who has another, behind the same proxy.
    const who = kind === 'basic' ? label.slice(0, 100) : `${label}${sha256(text).toString('base64')}`
    const keys = { name: `${address} ${who}`, address }
    return known.once(`${address} ${label}`, given.password, () => limited(keys, judge))
  }
  return {
    authenticate: async ({ authorization, subject, address }) => {
      if (authorization !== undefined) return byHeader(authorization, address)
      const principal = subject === undefined ? undefined : principalOfSubject(list, subject)
      return principal === undefined ? unknown : { principal }
    },
  }
}

type LimitedTries = (
  keys: { readonly name: string; readonly address: string },
  judge: () => Promise<Principal | undefined>,
) => Promise<Authentication>

/** Lets judge while there were few failures. Tries count as failures until they are judged: many at once don't slip through. */
function createLimitedTries(clock: Clock): LimitedTries {
  const ofName = createFailureLimit(clock, failuresOfName)
  const ofAddress = createFailureLimit(clock, failuresOfAddress)
  return async ({ name, address }, judge) => {
    const retryAfterMs = Math.max(ofName.waitMs(name), ofAddress.waitMs(address))
    if (retryAfterMs > 0) return { status: 429, message: 'too many failed attempts', retryAfterMs }
    ofName.failed(name)
    ofAddress.failed(address)
    const principal = await judge()
    if (principal === undefined) return unknown
    ofName.forgive(name)
    ofAddress.forgive(address)
    return { principal }
  }
}

interface GivenPassword {
  readonly name: string
  readonly password: string
}

function passwordOf(base64: string): GivenPassword {
  const text = Buffer.from(base64, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? { name: text, password: '' } : { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

function principalOf({ name, role }: Principal): Principal {
  return { name, role }
}

async function principalOfPassword({ users }: AccessList, given: GivenPassword): Promise<Principal | undefined> {
  const user = users.find(({ name }) => name === given.name)
  // An unknown name takes as long as a known one.
  const isRight = given.password.length <= 1024 && (await isPassword(given.password, user?.hash ?? impossibleHash))
  return user === undefined || !isRight ? undefined : principalOf(user)
}

function sha256(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Looks at every token, whichever is found. */
function principalOfToken({ tokens }: AccessList, token: string): Principal | undefined {
  const hash = sha256(token)
  let found: Principal | undefined
  for (const entry of tokens) if (timingSafeEqual(entry.sha256, hash)) found = principalOf(entry)
  return found
}

/** The entry that says most about the subject, of those that it agrees with. */
function principalOfSubject({ certificates }: AccessList, subject: Subject): Principal | undefined {
  const [found] = certificates
    .filter((entry) => [...entry.subject].every(([name, value]) => subject.get(name) === value))
    .toSorted((a, b) => b.subject.size - a.subject.size)
  return found === undefined ? undefined : principalOf(found)
}
