import { zipSync } from 'fflate'
import type { Zippable } from 'fflate'

/** A regular file that everybody may read: Lambda's user is not the one who packed it. */
const readableFile = 0o100644 << 16

/** A ZIP of files by path. The same files give the same bytes, whenever, wherever and in whatever order. */
export function writeZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const names = [...files.keys()].toSorted()
  // Made of local parts, which is how a ZIP holds times: so they are the same wherever it is made.
  const mtime = new Date(1980, 0, 1)
  const entries: Zippable = {}
  for (const name of names) {
    const content = files.get(name)
    if (content !== undefined) entries[name] = [content, { level: 9, mtime, os: 3, attrs: readableFile >>> 0 }]
  }
  return zipSync(entries)
}
