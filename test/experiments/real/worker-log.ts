import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'

/** What a line of a worker's log says, as far as experiments look at it. */
export type WorkerLine =
  | { readonly kind: 'event'; readonly event: PipelineEvent }
  /** It reached the crash point that it was started for, and is dead. */
  | { readonly kind: 'crash-point'; readonly point: string }
  /** It reached the point at which it was told to freeze, and is frozen. */
  | { readonly kind: 'freeze-point' }
  /** Its event loop stands still for so long from now on. */
  | { readonly kind: 'stalled'; readonly ms: number }
  | { readonly kind: 'died'; readonly reason: string }

const kinds = new Set<string>([
  'worker-started',
  'worker-stopped',
  'lanes-assigned',
  'lane-taken',
  'lane-released',
  'lane-in-doubt',
  'table-started',
  'table-stopped',
  'shard-ended',
] satisfies readonly PipelineEvent['kind'][])

/**
 * Reads one line. Undefined for events that nobody asks for (transactions are most of a log), and for what is no event,
 * such as the trace of a crash. An event's errors are plain objects here, with a message and the text of the cause.
 */
export function readWorkerLine(line: string): WorkerLine | undefined {
  const kind = /^\d+ \{"kind":"([a-z-]+)"/.exec(line)?.[1]
  if (kind === undefined) return undefined
  const text = line.slice(line.indexOf('{'))
  if (kinds.has(kind)) return { kind: 'event', event: JSON.parse(text) as PipelineEvent }
  if (kind === 'crash-point') return { kind, point: (JSON.parse(text) as { readonly point: string }).point }
  if (kind === 'freeze-point') return { kind }
  if (kind === 'stalled') return { kind, ms: (JSON.parse(text) as { readonly ms: number }).ms }
  return kind === 'died' ? { kind, reason: text.slice(0, 500) } : undefined
}
