/**
 * Writes JSON text straight into memory, as UTF-8. What is taken lies side by side in one block of memory that is never
 * written again: a page of records costs a few allocations, not several per record.
 */
export interface JsonWriter {
  /** Forgets what was written and not taken (the rest of a record that failed). */
  reset(): void
  /** The bytes written since the last `take`. They belong to the caller. */
  take(): Buffer
  /** One ASCII character by its code. */
  byte(code: number): void
  /** Text as it stands: JSON's own punctuation, numbers. */
  text(text: string): void
  /** Bytes as they stand. */
  bytes(bytes: Uint8Array): void
  /** A JSON string with quotes. Lone surrogates become `\udXXX`: valid UTF-8, and nothing lost. */
  string(text: string): void
  /** Runs `write`, takes back what it wrote, and writes that text as one JSON string. */
  nested(write: () => void): void
}

export function createJsonWriter(): JsonWriter {
  return new SlabWriter()
}

const slabBytes = 65_536
/** Up to here a loop in JavaScript is faster than a call into the runtime. Measured; flat between 20 and 30. */
const maxLoopLength = 24
const quote = 34
const backslash = 92
const space = 32
const tilde = 126
/** 1 for each byte that JSON strings must escape, and for all beyond ASCII, where lone surrogates may hide. */
const careBytes = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < space || byte > tilde || byte === quote || byte === backslash ? 1 : 0,
)

class SlabWriter implements JsonWriter {
  #slab = Buffer.allocUnsafeSlow(slabBytes)
  #start = 0
  #end = 0

  reset(): void {
    this.#end = this.#start
  }

  take(): Buffer {
    const taken = this.#slab.subarray(this.#start, this.#end)
    this.#start = this.#end
    if (this.#slab.length === slabBytes) return taken
    // A block that was enlarged for one big record: give out what is used and let the rest go.
    this.#slab = Buffer.allocUnsafeSlow(slabBytes)
    this.#start = 0
    this.#end = 0
    return Buffer.from(taken)
  }

  byte(code: number): void {
    if (this.#end === this.#slab.length) this.#grow(1)
    this.#slab[this.#end++] = code
  }

  text(text: string): void {
    const length = text.length
    if (length > maxLoopLength) {
      this.#longText(text)
      return
    }
    if (this.#slab.length - this.#end < length) this.#grow(length)
    const slab = this.#slab
    let end = this.#end
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > tilde) {
        this.#longText(text)
        return
      }
      slab[end++] = code
    }
    this.#end = end
  }

  bytes(bytes: Uint8Array): void {
    const length = bytes.length
    if (this.#slab.length - this.#end < length) this.#grow(length)
    if (length > maxLoopLength) {
      this.#slab.set(bytes, this.#end)
      this.#end += length
      return
    }
    const slab = this.#slab
    let end = this.#end
    for (let index = 0; index < length; index++) slab[end++] = bytes[index] ?? 0
    this.#end = end
  }

  string(text: string): void {
    const length = text.length
    if (this.#slab.length - this.#end < length + 2) this.#grow(length + 2)
    if (length > maxLoopLength) {
      this.#longString(text)
      return
    }
    const slab = this.#slab
    let end = this.#end
    slab[end++] = quote
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code < space || code > tilde || code === quote || code === backslash) {
        this.#longText(JSON.stringify(text))
        return
      }
      slab[end++] = code
    }
    slab[end++] = quote
    this.#end = end
  }

  nested(write: () => void): void {
    const before = this.#end - this.#start
    write()
    // Relative to the start: writing may have moved the record into a larger block.
    const from = this.#start + before
    const text = this.#slab.toString('utf8', from, this.#end)
    this.#end = from
    this.string(text)
  }

  /** Copies first and looks then: bytes are read much faster than a string's characters. */
  #longString(text: string): void {
    const slab = this.#slab
    let end = this.#end
    slab[end++] = quote
    const written = slab.write(text, end, 'utf8')
    const textEnd = end + written
    let care = written === text.length ? 0 : 1
    while (end < textEnd) care |= careBytes[slab[end++] ?? 0] ?? 1
    if (care === 0) {
      slab[end++] = quote
      this.#end = end
    } else {
      this.#longText(JSON.stringify(text))
    }
  }

  #longText(text: string): void {
    // Three bytes per UTF-16 unit is UTF-8's worst case; counting exactly is worth it only where that does not fit.
    if (this.#slab.length - this.#end < text.length * 3) {
      const length = Buffer.byteLength(text, 'utf8')
      if (this.#slab.length - this.#end < length) this.#grow(length)
    }
    this.#end += this.#slab.write(text, this.#end, 'utf8')
  }

  /** Moves the unfinished record into a fresh block with room for it and `more` bytes. */
  #grow(more: number): void {
    const written = this.#end - this.#start
    const needed = written + more
    const slab = Buffer.allocUnsafeSlow(needed <= slabBytes ? slabBytes : Math.max(needed, 2 * written))
    this.#slab.copy(slab, 0, this.#start, this.#end)
    this.#slab = slab
    this.#start = 0
    this.#end = written
  }
}
