import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../../async/clock.ts'
import type { AccessList, Subject } from './access-list.ts'
import { createFailureLimit } from './failure-limit.ts'
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

/** Failures a minute: of one name from one address, and of one address under whatever names. */
const failuresOfName = 5
const failuresOfAddress = 30
/** Passwords that were right are known again, so that not each request costs 50 ms; as many as there may be users. */
const maximumKnown = 1000

/** Basic, bearer and client certificates by a list. What the header says counts before the certificate. */
export function createAuthenticator(list: AccessList, clock: Clock): Authenticator {
  const ofName = createFailureLimit(clock, failuresOfName)
  const ofAddress = createFailureLimit(clock, failuresOfAddress)
  const known = createKnownPasswords()
  const limited = async (
    keys: { readonly name: string; readonly address: string },
    find: () => Promise<Principal | undefined>,
  ): Promise<Authentication> => {
    const retryAfterMs = Math.max(ofName.waitMs(keys.name), ofAddress.waitMs(keys.address))
    if (retryAfterMs > 0) return { status: 429, message: 'too many failed attempts', retryAfterMs }
    ofName.failed(keys.name)
    ofAddress.failed(keys.address)
    const principal = await find()
    if (principal !== undefined) {
      ofName.forgive(keys.name)
      ofAddress.forgive(keys.address)
      return { principal }
    }
    return { status: 401, message: 'User cannot access the resource.' }
  }
  return {
    authenticate: ({ authorization, subject, address }) => {
      const [, scheme = '', text = ''] = /^(\S+)[ ]+(\S+)\s*$/.exec(authorization ?? '') ?? []
      if (scheme.toLowerCase() === 'bearer')
        return limited({ name: `bearer ${address}`, address }, () => Promise.resolve(principalOfToken(list, text)))
      if (scheme.toLowerCase() === 'basic') {
        const given = passwordOf(text)
        const user = known.find(given, list)
        if (user !== undefined) return Promise.resolve({ principal: principalOf(user) })
        const name = `basic ${address} ${given.name.slice(0, 100)}`
        return limited({ name, address }, () => checkPassword(list, given, known))
      }
      const certified =
        subject === undefined || authorization !== undefined ? undefined : principalOfSubject(list, subject)
      const principal = certified === undefined ? undefined : { principal: certified }
      return Promise.resolve(principal ?? { status: 401, message: 'User cannot access the resource.' })
    },
  }
}

type User = AccessList['users'][number]

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

async function checkPassword(
  { users }: AccessList,
  given: GivenPassword,
  known: KnownPasswords,
): Promise<Principal | undefined> {
  const user = users.find(({ name }) => name === given.name)
  // An unknown name takes as long as a known one.
  const isRight = given.password.length <= 1024 && (await isPassword(given.password, user?.hash ?? impossibleHash))
  if (user === undefined || !isRight) return undefined
  known.add(given)
  return principalOf(user)
}

/** Looks at every token, whichever is found. */
function principalOfToken({ tokens }: AccessList, token: string): Principal | undefined {
  const hash = createHash('sha256').update(token).digest()
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

interface KnownPasswords {
  find(given: GivenPassword, list: AccessList): User | undefined
  add(given: GivenPassword): void
}

/** Remembers right passwords as keyed hashes, whose key lives as long as the process. */
function createKnownPasswords(): KnownPasswords {
  const key = randomBytes(32)
  const hashes = new Set<string>()
  const hash = ({ name, password }: GivenPassword): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([name, password]))
      .digest('base64')
  return {
    find: (given, { users }) => (hashes.has(hash(given)) ? users.find(({ name }) => name === given.name) : undefined),
    add: (given) => {
      const [oldest] = hashes
      if (hashes.size >= maximumKnown && oldest !== undefined) hashes.delete(oldest)
      hashes.add(hash(given))
    },
  }
}
