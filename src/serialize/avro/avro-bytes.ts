import type { JsonWriter } from '../json-writer.ts'

/** The memory that Avro's binary form is written into: the writer of JSON is one of bytes, too. */
export type ByteSink = Pick<JsonWriter, 'byte' | 'bytes' | 'text'>

/** Avro's `int` and `long`: zig-zag, seven bits a byte, the lowest first. */
export function writeLong(sink: ByteSink, value: number | bigint): void {
  if (typeof value === 'bigint' || value < -maxSmall || value > maxSmall) {
    writeBig(sink, BigInt(value))
    return
  }
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  while (rest > 0x7f) {
    sink.byte((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  sink.byte(rest)
}

/** Twice it still fits into 31 bits. */
const maxSmall = 0x3f_ff_ff_ff

function writeBig(sink: ByteSink, value: bigint): void {
  let rest = value < 0n ? -2n * value - 1n : 2n * value
  while (rest > 0x7fn) {
    sink.byte(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  sink.byte(Number(rest))
}

/** UTF-8 behind its length. The text must have no lone surrogates. */
export function writeString(sink: ByteSink, text: string): void {
  writeLong(sink, Buffer.byteLength(text, 'utf8'))
  sink.text(text)
}

/** Bytes behind their number. */
export function writeBytes(sink: ByteSink, bytes: Buffer): void {
  writeLong(sink, bytes.length)
  sink.bytes(bytes)
}

const scratch = Buffer.alloc(8)

/** Four bytes, the lowest first. */
export function writeFloat(sink: ByteSink, value: number): void {
  scratch.writeFloatLE(value)
  sink.bytes(scratch.subarray(0, 4))
}

/** Eight bytes, the lowest first. */
export function writeDouble(sink: ByteSink, value: number): void {
  scratch.writeDoubleLE(value)
  sink.bytes(scratch)
}

/** Two's complement, the highest byte first, in as few bytes as it takes; `size` makes it so long. */
export function wholeBytes(value: bigint, size?: number): Buffer {
  let length = size ?? 1
  if (size === undefined) while (BigInt.asIntN(length * 8, value) !== value) length++
  const hex = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0')
  return Buffer.from(hex, 'hex')
}

/** Reads what the functions above wrote. Every method yields undefined behind the end, and for what they cannot have written. */
export interface ByteReader {
  readonly isAtEnd: boolean
  long(): number | undefined
  bytes(): Buffer | undefined
}

/** Lengths and places of unions are all that is read, so numbers beyond 2^53 are none of ours. */
export function createByteReader(buffer: Buffer): ByteReader {
  let at = 0
  const long = (): number | undefined => {
    let result = 0
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = buffer[at++]
      if (byte === undefined) return undefined
      result += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return result % 2 === 0 ? result / 2 : -(result + 1) / 2
    }
    return undefined
  }
  return {
    get isAtEnd() {
      return at === buffer.length
    },
    long,
    bytes: () => {
      const length = long()
      if (length === undefined || length < 0 || at + length > buffer.length) return undefined
      at += length
      return buffer.subarray(at - length, at)
    },
  }
}
