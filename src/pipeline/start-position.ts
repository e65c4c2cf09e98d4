/** Where a pipeline's first start begins: the trim horizon, a moment (milliseconds), or now. */
export type StartPosition =
  | { readonly kind: 'TRIM_HORIZON' }
  | { readonly kind: 'LATEST' }
  | { readonly kind: 'AT'; readonly timeMs: number }

/** Changes created before this moment are not wanted. Milliseconds; undefined = all are. */
export function notBeforeOf(start: StartPosition, nowMs: number): number | undefined {
  const startMs = start.kind === 'LATEST' ? nowMs : start.kind === 'AT' ? start.timeMs : undefined
  // Streams round creation times down to the second: so does the boundary, or changes of its own second would be lost.
  return startMs === undefined ? undefined : Math.floor(startMs / 1000) * 1000
}
