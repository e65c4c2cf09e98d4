import { parseJson } from '../../../aws/exact-json.ts'
import type { Failure } from './failure-status.ts'
import type { RequestBody } from './route.ts'

/** Bytes that a body may have. */
export const bodyLimit = 1_048_576

/** The bytes of a body, or why it is not read to its end. */
export async function readBytes(request: Request): Promise<Buffer | Failure> {
  const tooLarge = { status: 413, message: `the body is larger than ${bodyLimit} bytes` }
  if (Number(request.headers.get('content-length') ?? 0) > bodyLimit) return tooLarge
  const chunks: Uint8Array[] = []
  let length = 0
  if (request.body !== null) {
    for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > bodyLimit) return tooLarge
      chunks.push(chunk)
    }
  }
  return Buffer.concat(chunks)
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
