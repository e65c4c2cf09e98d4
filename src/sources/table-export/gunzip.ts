import { pipeline } from 'node:stream'
import { createGunzip, gunzipSync } from 'node:zlib'

/** Text that is made in one go at most; what would give more is decompressed piece by piece. */
const maxTextAtOnce = 32 * 1024 * 1024
const pieceBytes = 128 * 1024

/**
 * Decompresses at once, without leaving the event loop's turn: for a small file the threads of `node:zlib` would cost
 * more than they save. Undefined if the text is larger than 32 MiB. Throws what zlib throws (`Z_…`).
 */
export function gunzipAtOnce(bytes: Uint8Array): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxTextAtOnce })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/**
 * Decompresses as it is read. Rejects with what the body rejects with, or with what zlib says (`Z_…`).
 *
 * @yields Pieces of at most 128 KiB.
 */
export async function* gunzip(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  // The error comes out of the loop below.
  const text = pipeline(body, createGunzip({ chunkSize: pieceBytes }), () => {})
  for await (const piece of text) yield piece
}

/** What zlib's error says of a file; undefined if the error is not zlib's. */
export function gzipProblem(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code !== 'string' || !code.startsWith('Z_')) return undefined
  return code === 'Z_BUF_ERROR' ? 'its gzip ends early' : `it is no sound gzip (${code})`
}
