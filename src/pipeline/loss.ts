/** Stops after which changes are missing downstream that no later change may bring back. */
const losses: ReadonlySet<string> = new Set(['STREAM_GAP', 'SHARD_NOT_FOUND', 'SOURCE_REPLACED'])

/** True for the code of such a stop. */
export function isLoss(code: string): boolean {
  return losses.has(code)
}
