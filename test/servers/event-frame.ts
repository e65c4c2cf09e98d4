import { crc32 } from 'node:zlib'

/** One message of AWS's event-stream framing, with text headers. */
export function eventFrame(headers: Readonly<Record<string, string>>, payload: Buffer | string): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => textHeader(name, value)))
  return frameOf(head, Buffer.from(payload))
}

/** An event as Kinesis sends it. */
export function jsonEvent(type: string, payload: unknown): Buffer {
  const headers = { ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }
  return eventFrame(headers, JSON.stringify(payload))
}

/** An exception in the place of an event. */
export function exceptionEvent(type: string, message: string): Buffer {
  const headers = { ':message-type': 'exception', ':exception-type': type, ':content-type': 'application/json' }
  return eventFrame(headers, JSON.stringify({ message }))
}

/** A message with headers that are encoded already. */
export function frameOf(head: Buffer, payload: Buffer): Buffer {
  const frame = Buffer.alloc(16 + head.length + payload.length)
  frame.writeUInt32BE(frame.length, 0)
  frame.writeUInt32BE(head.length, 4)
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8)
  head.copy(frame, 12)
  payload.copy(frame, 12 + head.length)
  frame.writeUInt32BE(crc32(frame.subarray(0, -4)), frame.length - 4)
  return frame
}

function textHeader(name: string, value: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(Buffer.byteLength(value))
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), length, Buffer.from(value)])
}
