import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** What a password is compared with. */
export interface PasswordHash {
  readonly cost: number
  readonly blockSize: number
  readonly salt: Buffer
  readonly key: Buffer
}

/** About 50 ms of one core, and 16 MiB, for each guess. */
const cost = 16_384
const blockSize = 8
const keyLength = 32

/** A hash as the access list holds it: `scrypt:16384:8:<salt>:<key>`, in base64url. */
export async function hashPassword(password: string, salt: Buffer = randomBytes(16)): Promise<string> {
  const key = await derive(password, { cost, blockSize, salt, key: Buffer.alloc(keyLength) })
  return `scrypt:${cost}:${blockSize}:${salt.toString('base64url')}:${key.toString('base64url')}`
}

/** Reads a hash; undefined for anything else, and for costs that would stop the process. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const [, n = '', r = '', salt = '', key = ''] =
    /^scrypt:(\d{1,6}):(\d{1,2}):([\w-]{11,86}):([\w-]{43,86})$/.exec(text) ?? []
  const parsed = {
    cost: Number(n),
    blockSize: Number(r),
    salt: Buffer.from(salt, 'base64url'),
    key: Buffer.from(key, 'base64url'),
  }
  const isCost = parsed.cost >= 1024 && parsed.cost <= 131_072 && Number.isInteger(Math.log2(parsed.cost))
  return isCost && parsed.blockSize >= 1 && parsed.blockSize <= 16 ? parsed : undefined
}

/** A hash that no password has: unknown names are to cost as much time as known ones. */
export const impossibleHash: PasswordHash = { cost, blockSize, salt: Buffer.alloc(16), key: Buffer.alloc(keyLength) }

/** True for the right password. Takes as long for a wrong one. */
export async function isPassword(password: string, hash: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, hash), hash.key)
}

function derive(password: string, { cost: N, blockSize: r, salt, key }: PasswordHash): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, key.length, { N, r, p: 1, maxmem: 256 * N * r }, (error, derived) => {
      if (error === null) resolve(derived)
      else reject(error)
    })
  })
}
