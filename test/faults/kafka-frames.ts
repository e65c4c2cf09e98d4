import { decodeFields } from './kafka-layout.ts'
import { layoutOf } from './kafka-layouts.ts'
import type { KafkaAnswer, KafkaFields, KafkaRequest, KafkaValue } from './toxic.ts'

/** A request and the bytes it came in. */
export interface RequestFrame extends KafkaRequest {
  /** With its four bytes of length. */
  readonly frame: Buffer
}

/** Cuts a stream of bytes into frames, their lengths included. */
export interface FrameSplitter {
  /** The frames that are complete now. Throws when what comes cannot be Kafka's plain protocol. */
  push(chunk: Buffer): readonly Buffer[]
}

/** More than any broker takes; the first bytes of TLS and of HTTP read as more. */
const maxFrameBytes = 256 * 1024 * 1024

/** Makes a splitter for one direction of one connection. */
export function createFrameSplitter(): FrameSplitter {
  let chunks: Buffer[] = []
  let held = 0
  let wanted = 4
  return {
    push: (chunk) => {
      chunks.push(chunk)
      held += chunk.length
      // A large frame comes in many chunks, which are put together once.
      if (held < wanted) return []
      let rest = Buffer.concat(chunks)
      const frames: Buffer[] = []
      wanted = wantedBytes(rest)
      while (rest.length >= wanted) {
        frames.push(rest.subarray(0, wanted))
        rest = rest.subarray(wanted)
        wanted = wantedBytes(rest)
      }
      chunks = [rest]
      held = rest.length
      return frames
    },
  }
}

function wantedBytes(start: Buffer): number {
  if (start.length < 4) return 4
  const length = start.readInt32BE(0)
  if (length < 4 || length > maxFrameBytes) {
    throw new Error(`A frame of ${length} bytes: this is not Kafka's protocol, or it is inside TLS.`)
  }
  return 4 + length
}

/** Reads the head of a request; its fields are decoded when somebody asks. Throws for a frame that has no head. */
export function readRequest(frame: Buffer): RequestFrame {
  if (frame.length < 14) throw new Error(`A request of ${frame.length} bytes has no head.`)
  const apiKey = frame.readInt16BE(4)
  const apiVersion = frame.readInt16BE(6)
  const clientIdLength = frame.readInt16BE(12)
  const bodyAt = 14 + Math.max(0, clientIdLength)
  let fields: KafkaFields | undefined
  let isDecoded = false
  return {
    frame,
    apiKey,
    apiVersion,
    correlationId: frame.readInt32BE(8),
    clientId: clientIdLength < 0 ? null : frame.toString('utf8', 14, bodyAt),
    get fields() {
      if (!isDecoded) fields = decode({ apiKey, apiVersion }, 'request', frame.subarray(bodyAt))
      isDecoded = true
      return fields
    },
  }
}

/** Reads the answer to a request. */
export function readAnswer(request: KafkaRequest, frame: Buffer): KafkaAnswer {
  const { apiKey, apiVersion, correlationId } = request
  const fields = decode(request, 'answer', frame.subarray(8))
  return { apiKey, apiVersion, correlationId, fields, errorCode: fields && (firstCode(fields) ?? 0) }
}

/** Flexible heads end with tagged fields: in all APIs with a layout, so the answer of ApiVersions is no exception here. */
function decode(
  { apiKey, apiVersion }: Pick<KafkaRequest, 'apiKey' | 'apiVersion'>,
  what: 'request' | 'answer',
  body: Buffer,
): KafkaFields | undefined {
  const layout = layoutOf(apiKey, apiVersion, what)
  if (layout === undefined) return undefined
  // Neither clients nor brokers put tagged fields into heads: one zero byte.
  return decodeFields(layout, layout.isFlexible ? body.subarray(1) : body)
}

function firstCode(value: KafkaValue | undefined): number | undefined {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return undefined
  const own = 'errorCode' in value ? value['errorCode'] : undefined
  if (typeof own === 'number' && own !== 0) return own
  for (const inner of Object.values(value)) {
    const found = firstCode(inner)
    if (found !== undefined) return found
  }
  return undefined
}
