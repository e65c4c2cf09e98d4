import { withDeadline } from '../../../async/clock.ts'
import type { Clock } from '../../../async/clock.ts'
import { parseJson } from '../../../aws/exact-json.ts'
import type { Failure } from './failure-status.ts'
import type { RequestBody } from './route.ts'

/** Bytes that a body may have. */
export const bodyLimit = 1_048_576

/** So much more is read and thrown away, as long as it comes: a connection that closes under who writes loses the answer. */
const discardLimit = 33_554_432
const discardIdleMs = 1_000

/** The bytes of a body, or why they are not kept. */
export async function readBytes(request: Request, clock: Clock): Promise<Buffer | Failure> {
  if (request.body === null) return Buffer.alloc(0)
  const body = request.body.getReader()
  const chunks: Uint8Array[] = []
  const told = Number(request.headers.get('content-length') ?? 0)
  for (let length = 0; told <= bodyLimit && length <= bodyLimit;) {
    const { value } = await body.read()
    if (value === undefined) return Buffer.concat(chunks)
    length += value.length
    chunks.push(value)
  }
  await discard(body, clock)
  return { status: 413, message: `the body is larger than ${bodyLimit} bytes` }
}

async function discard(body: ReadableStreamDefaultReader<Uint8Array>, clock: Clock): Promise<void> {
  const idle = new Error('no more comes')
  try {
    for (let length = 0; length <= discardLimit;) {
      const { value } = await withDeadline(clock, discardIdleMs, body.read(), () => idle)
      if (value === undefined) return
      length += value.length
    }
  } catch (error) {
    if (error !== idle) throw error
  }
}

/** JSON is the only type of a body, so that no form of a foreign page can make one. */
export function isJsonType(contentType: string | null): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType?.trim() ?? '')
}

/** The JSON of a body; undefined if there is none. The failure quotes nothing. */
export function readJson(bytes: Buffer): RequestBody | undefined | Failure {
  if (bytes.length === 0) return undefined
  try {
    const value = parseJson(bytes)
    return { value, texts: parseJson(Buffer.from(withNumbersAsTexts(bytes.toString('utf8')))) }
  } catch {
    return { status: 400, message: 'the body is not JSON' }
  }
}

/** Puts quotes around every number of a JSON text, so that `1.0` and `12345678901234567890` stay what they are. */
function withNumbersAsTexts(json: string): string {
  return json.replaceAll(/"(?:[^"\\]+|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  )
}
