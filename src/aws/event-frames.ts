import { crc32 } from 'node:zlib'

/** One message of AWS's event-stream framing, with its text headers (`:message-type`, `:event-type`, …). */
export interface EventFrame {
  readonly headers: Readonly<Record<string, string>>
  readonly payload: Buffer
  /** Bytes of the whole message. */
  readonly bytes: number
}

/** Takes a stream of bytes apart into messages. Holds the message that is not complete yet, and what came behind it. */
export interface EventFrames {
  push(chunk: Buffer): void
  /** The next complete message. Throws what `fail` makes for a wrong checksum or length; then no byte can be trusted. */
  take(): EventFrame | undefined
  /** True if no byte waits. */
  readonly isEmpty: boolean
}

/** What comes before a message's headers: its length, the headers' length, and a checksum of the two. */
const preludeBytes = 12
const checksumBytes = 4
const textHeader = 7

/** Bytes of the values of headers that are not text, by type; undefined where two bytes of length come first. */
const headerBytes: ReadonlyMap<number, number | undefined> = new Map([
  [0, 0],
  [1, 0],
  [2, 1],
  [3, 2],
  [4, 4],
  [5, 8],
  [6, undefined],
  [textHeader, undefined],
  [8, 8],
  [9, 16],
])

/** Frames of at most `maxBytes`; `fail` turns the reason into what is thrown. */
export function createEventFrames(maxBytes: number, fail: (reason: string) => Error): EventFrames {
  let chunks: Buffer[] = []
  let held = 0
  /** Bytes of the message that comes next, once its prelude was checked. */
  let expected: number | undefined

  /** The first `count` bytes in one piece, which stay where they are. */
  const front = (count: number): Buffer => {
    const [first] = chunks
    if (first !== undefined && first.length >= count) return first
    chunks = [Buffer.concat(chunks)]
    return chunks[0] ?? Buffer.alloc(0)
  }

  return {
    get isEmpty() {
      return held === 0
    },
    push: (chunk) => {
      if (chunk.length === 0) return
      chunks.push(chunk)
      held += chunk.length
    },
    take: () => {
      if (held < preludeBytes) return undefined
      expected ??= checkedLength(front(preludeBytes), maxBytes, fail)
      if (held < expected) return undefined
      const whole = front(expected)
      const message = whole.subarray(0, expected)
      const rest = whole.subarray(expected)
      chunks = rest.length === 0 ? chunks.slice(1) : [rest, ...chunks.slice(1)]
      held -= expected
      expected = undefined
      return readMessage(message, fail)
    },
  }
}

function checkedLength(prelude: Buffer, maxBytes: number, fail: (reason: string) => Error): number {
  if (crc32(prelude.subarray(0, 8)) !== prelude.readUInt32BE(8))
    throw fail('the length of an event has a wrong checksum')
  const length = prelude.readUInt32BE(0)
  const headersLength = prelude.readUInt32BE(4)
  if (length < preludeBytes + headersLength + checksumBytes) throw fail('an event has an impossible length')
  if (length > maxBytes) throw fail(`an event of ${length} bytes is larger than any that is awaited`)
  return length
}

function readMessage(message: Buffer, fail: (reason: string) => Error): EventFrame {
  const end = message.length - checksumBytes
  if (crc32(message.subarray(0, end)) !== message.readUInt32BE(end)) throw fail('an event has a wrong checksum')
  const payloadAt = preludeBytes + message.readUInt32BE(4)
  return {
    headers: readHeaders(message.subarray(preludeBytes, payloadAt), fail),
    payload: message.subarray(payloadAt, end),
    bytes: message.length,
  }
}

function readHeaders(bytes: Buffer, fail: (reason: string) => Error): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  try {
    for (let at = 0; at < bytes.length;) {
      const nameEnd = at + 1 + bytes.readUInt8(at)
      const name = bytes.toString('utf8', at + 1, nameEnd)
      const type = bytes.readUInt8(nameEnd)
      if (!headerBytes.has(type)) throw new RangeError(`type ${type}`)
      const fixed = headerBytes.get(type)
      const valueAt = nameEnd + (fixed === undefined ? 3 : 1)
      const valueEnd = valueAt + (fixed ?? bytes.readUInt16BE(nameEnd + 1))
      if (valueEnd > bytes.length) throw new RangeError('too long')
      if (type === textHeader) headers[name] = bytes.toString('utf8', valueAt, valueEnd)
      at = valueEnd
    }
  } catch (error) {
    if (error instanceof RangeError) throw fail('the headers of an event cannot be read')
    throw error
  }
  return headers
}
