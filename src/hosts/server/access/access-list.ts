import { TailraceError } from '../../../errors.ts'
import { roles } from './principal.ts'
import type { Role } from './principal.ts'
import { parsePasswordHash } from './password-hash.ts'
import type { PasswordHash } from './password-hash.ts'

/** Who may use the service, and how they show who they are. Holds no secrets, only what secrets are compared with. */
export interface AccessList {
  readonly users: readonly { readonly name: string; readonly role: Role; readonly hash: PasswordHash }[]
  readonly tokens: readonly { readonly name: string; readonly role: Role; readonly sha256: Buffer }[]
  readonly certificates: readonly { readonly name: string; readonly role: Role; readonly subject: Subject }[]
}

/** Attributes of a certificate's subject: `CN` → `ops`. */
export type Subject = ReadonlyMap<string, string>

/**
 * Reads a list of one entry a line; `#` begins a comment:
 *
 * - `user <role> <name> scrypt:…`
 * - `token <role> <name> sha256:<hex of the token's hash>`
 * - `certificate <role> CN=ops,O=Acme`: all these attributes of the subject must be so.
 *
 * Throws ACCESS_INVALID with the number of the line, never with its text, and for a list of nobody: who has lost the entries of a file has not
 * asked that everybody be admin. `path` names the file for people.
 */
export function parseAccessList(text: string, path: string): AccessList {
  const list = {
    users: [] as AccessList['users'][number][],
    tokens: [] as AccessList['tokens'][number][],
    certificates: [] as AccessList['certificates'][number][],
  }
  const names = new Set<string>()
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = whole.trim()
    if (line === '' || line.startsWith('#')) continue
    const wrong = (why: string): TailraceError =>
      new TailraceError('ACCESS_INVALID', `${path} line ${index + 1}: ${why}`, { details: { file: path } })
    const [, kind = '', roleText = '', rest = ''] = /^(\S+)\s+(\S+)\s+(.+)$/.exec(line) ?? []
    const role = roles.find((each) => each === roleText)
    if (role === undefined) throw wrong('the second word must be viewer, operator or admin')
    const name = kind === 'certificate' ? rest : (rest.split(/\s+/)[0] ?? '')
    if (names.has(`${kind} ${name}`)) throw wrong('is the second entry of that name')
    names.add(`${kind} ${name}`)
    if (kind === 'certificate') list.certificates.push({ name, role, subject: subjectOf(rest, wrong) })
    else if (kind === 'user') list.users.push({ name, role, hash: hashOf(rest, wrong) })
    else if (kind === 'token') list.tokens.push({ name, role, sha256: tokenHashOf(rest, wrong) })
    else throw wrong('the first word must be user, token or certificate')
  }
  if (isEmptyList(list))
    throw new TailraceError('ACCESS_INVALID', `${path} names nobody who may use the service`, {
      details: { file: path },
    })
  return list
}

/** Where there is no list, and everybody may do everything. */
export const nobodyListed: AccessList = { users: [], tokens: [], certificates: [] }

/** True if nobody is on the list. */
export function isEmptyList({ users, tokens, certificates }: AccessList): boolean {
  return users.length + tokens.length + certificates.length === 0
}

type Wrong = (why: string) => TailraceError

function hashOf(rest: string, wrong: Wrong): PasswordHash {
  const [name = '', text = '', ...more] = rest.split(/\s+/)
  const hash = more.length > 0 || name.includes(':') ? undefined : parsePasswordHash(text)
  if (hash === undefined) throw wrong('must be `user <role> <name> scrypt:…`, without a colon in the name')
  return hash
}

function tokenHashOf(rest: string, wrong: Wrong): Buffer {
  const hex = /^\S+\s+sha256:([0-9a-f]{64})$/i.exec(rest)?.[1]
  if (hex === undefined) throw wrong('must be `token <role> <name> sha256:<64 hex digits>`, the hash of the token')
  return Buffer.from(hex, 'hex')
}

function subjectOf(rest: string, wrong: Wrong): Subject {
  const pairs = rest.split(',').map((part) => /^\s*([A-Za-z]+)\s*=\s*([^=+"\\]+?)\s*$/.exec(part))
  const subject = new Map(pairs.map((pair) => [(pair?.[1] ?? '').toUpperCase(), pair?.[2] ?? '']))
  if (pairs.includes(null) || subject.size < pairs.length)
    throw wrong('must be `certificate <role> CN=…,O=…`, each attribute once')
  return subject
}
