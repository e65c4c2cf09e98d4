const newline = 0x0a
/** Two images of 400 KB are less than a tenth of this, however they are escaped. */
const maxLineBytes = 32 * 1024 * 1024

/**
 * Cuts text into lines. A last line need not be ended. Throws a RangeError if a line is longer than 32 MiB.
 *
 * @yields The lines that one piece ends, at least one, as UTF-8 without their line ends.
 */
export async function* splitLines(pieces: AsyncIterable<Buffer>): AsyncGenerator<readonly Buffer[]> {
  let begun: Buffer[] = []
  let begunBytes = 0
  for await (const piece of pieces) {
    const lines: Buffer[] = []
    let start = 0
    for (let end = piece.indexOf(newline); end !== -1; end = piece.indexOf(newline, start)) {
      const rest = piece.subarray(start, end)
      lines.push(begun.length === 0 ? rest : Buffer.concat([...begun, rest]))
      begun = []
      begunBytes = 0
      start = end + 1
    }
    if (start < piece.length) {
      begun.push(piece.subarray(start))
      begunBytes += piece.length - start
    }
    if (begunBytes > maxLineBytes) throw new RangeError(`a line is longer than ${maxLineBytes} bytes`)
    if (lines.length > 0) yield lines
  }
  if (begun.length > 0) yield [Buffer.concat(begun)]
}
