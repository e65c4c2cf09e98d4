/** FNV-1a over a text's UTF-16 units, the same in every process and version: a number from 0 up to 2^32. */
export function textHash(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  // FNV's low bits are weak for short differences; fold the high half in.
  hash ^= hash >>> 15
  return hash >>> 0
}
