import type { Rng } from '../../../src/async/rng.ts'

/** A whole number in [0, end). */
export function below(rng: Rng, end: number): number {
  return Math.floor(rng.next() * end)
}

/** One of them. */
export function pick<T>(rng: Rng, choices: readonly T[]): T {
  return choices[below(rng, choices.length)] as T
}

/** A copy with one bit turned over. `bit` counts from the first byte's lowest. */
export function withBitFlipped(bytes: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(bytes)
  const at = bit >> 3
  flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit & 7)), at)
  return flipped
}

/** A copy with one to four random edits: bytes set, taken out, put in, doubled or exchanged, and ends cut off. */
export function damaged(bytes: Buffer, rng: Rng): Buffer {
  let edited = bytes
  for (let edits = 1 + below(rng, 4); edits > 0 && edited.length > 0; edits--) edited = editOnce(edited, rng)
  return edited
}

/** Bytes that mean something in JSON and YAML, and some that are no text. */
const tellingBytes = [...Buffer.from('0123456789-+.eE"\\{}[]:, \n\t#&*!|>%@`\'<~ntfu$'), 0, 0x7f, 0x80, 0xc3, 0xff]

function editOnce(bytes: Buffer, rng: Rng): Buffer {
  const at = below(rng, bytes.length)
  const to = Math.min(bytes.length, at + 1 + below(rng, 12))
  const [before, cut, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)]
  switch (below(rng, 7)) {
    case 0:
      return withBitFlipped(bytes, below(rng, bytes.length * 8))
    case 1:
      return Buffer.concat([before, Buffer.from([below(rng, 256)]), bytes.subarray(at + 1)])
    case 2:
      return Buffer.concat([before, Buffer.from([pick(rng, tellingBytes)]), bytes.subarray(at)])
    case 3:
      return Buffer.concat([before, after])
    case 4:
      return Buffer.concat([before, cut, cut, after])
    case 5:
      return Buffer.concat([before, Buffer.from(cut).reverse(), after])
    default:
      return rng.next() < 0.5 ? before : bytes.subarray(at)
  }
}
