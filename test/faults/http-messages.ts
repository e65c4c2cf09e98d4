/** A whole HTTP/1.1 message. */
export interface HttpMessage {
  /** `POST / HTTP/1.1` or `HTTP/1.1 200 OK`. */
  readonly startLine: string
  /** As they came, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Without the framing of chunks. */
  readonly body: Buffer
  /** All of it as it came. */
  readonly bytes: Buffer
}

/** Puts the messages of one direction of a connection together. */
export interface HttpReader {
  /** The messages that are complete now. Throws when what comes cannot be HTTP/1.1. */
  push(chunk: Buffer): readonly HttpMessage[]
  /** The sender has ended: the answer whose length nothing but the end tells, or what there is of one, or nothing. */
  end(): Buffer
}

const maxHeadBytes = 256 * 1024

/** Makes a reader. `hasBody` is asked for the start line of a message without any length. */
export function createHttpReader(hasBodyUntilEnd: (startLine: string) => boolean): HttpReader {
  let buffered: Buffer = Buffer.alloc(0)
  return {
    push: (chunk) => {
      buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
      const messages: HttpMessage[] = []
      for (;;) {
        const message = readMessage(buffered, hasBodyUntilEnd)
        if (message === undefined) return messages
        messages.push(message)
        buffered = buffered.subarray(message.bytes.length)
      }
    },
    end: () => {
      const rest = buffered
      buffered = Buffer.alloc(0)
      return rest
    },
  }
}

/** The value of a header, whatever the case of its name; undefined without it. */
export function headerOf(message: Pick<HttpMessage, 'headers'>, name: string): string | undefined {
  return message.headers.find(([header]) => header.toLowerCase() === name)?.[1]
}

/** The head of a message with this body length in place of whatever length it announced. */
export function writeHead({ startLine, headers }: Omit<HttpMessage, 'body' | 'bytes'>, contentLength: number): Buffer {
  const kept = headers.filter(([name]) => !/^(content-length|transfer-encoding|trailer)$/i.test(name))
  const lines = [...kept, ['content-length', String(contentLength)] as const].map(
    ([name, value]) => `${name}: ${value}`,
  )
  return Buffer.from([startLine, ...lines, '', ''].join('\r\n'), 'latin1')
}

function readMessage(bytes: Buffer, hasBodyUntilEnd: (startLine: string) => boolean): HttpMessage | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) {
    if (bytes.length > maxHeadBytes) throw new Error('This is not HTTP/1.1: no end of its head in 256 KiB.')
    return undefined
  }
  const [startLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  if (!/ HTTP\/1\.[01]$|^HTTP\/1\.[01] \d{3}/.test(startLine)) {
    throw new Error(`This is not HTTP/1.1: ${JSON.stringify(startLine.slice(0, 80))}.`)
  }
  const headers = lines.map(parseHeader)
  if (headerOf({ headers }, 'expect') !== undefined) {
    throw new Error('The proxy needs the whole request: it cannot serve one that waits for "100 Continue".')
  }
  const bodyAt = headEnd + 4
  const whole = (body: Buffer, end: number): HttpMessage => ({
    startLine,
    headers,
    body,
    bytes: bytes.subarray(0, end),
  })
  if (/\bchunked\b/i.test(headerOf({ headers }, 'transfer-encoding') ?? '')) {
    const chunked = readChunks(bytes, bodyAt)
    return chunked && whole(Buffer.concat(chunked.chunks), chunked.end)
  }
  const announced = headerOf({ headers }, 'content-length')
  if (announced === undefined && hasBodyUntilEnd(startLine)) return undefined
  const length = Number(announced ?? 0)
  if (!Number.isSafeInteger(length) || length < 0) throw new Error(`This is not HTTP/1.1: content-length ${announced}.`)
  const end = bodyAt + length
  return bytes.length < end ? undefined : whole(bytes.subarray(bodyAt, end), end)
}

function parseHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
}

/** The chunks of a body and where it ends; undefined when it has not ended yet. */
function readChunks(bytes: Buffer, from: number): { readonly chunks: Buffer[]; readonly end: number } | undefined {
  const chunks: Buffer[] = []
  for (let at = from; ;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (Number.isNaN(size)) throw new Error('This is not HTTP/1.1: a chunk without a size.')
    at = lineEnd + 2
    if (size === 0) {
      // Trailers end with an empty line; without any, that line comes at once.
      const isEmpty = bytes.toString('latin1', at, at + 2) === '\r\n'
      const trailersEnd = isEmpty ? at - 2 : bytes.indexOf('\r\n\r\n', at)
      return trailersEnd === -1 || bytes.length < trailersEnd + 4 ? undefined : { chunks, end: trailersEnd + 4 }
    }
    if (bytes.length < at + size + 2) return undefined
    chunks.push(bytes.subarray(at, at + size))
    at += size + 2
  }
}
