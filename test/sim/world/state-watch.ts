import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'

/** What a worker was doing when something hit it, the most telling first. */
export const pipelineStates = [
  'starting',
  'taking-lanes',
  'first-start',
  'resharding',
  'taking-over',
  'in-doubt',
  'steady',
] as const

/** One of them. */
export type PipelineState = (typeof pipelineStates)[number]

/** Follows the events of all workers, to say in which state a fault meets one of them. */
export interface StateWatch {
  onEvent(worker: string, event: PipelineEvent): void
  stateOf(worker: string): PipelineState
  died(worker: string): void
}

interface Known {
  hasLanes: boolean
  wantedLanes: number
  takenLanes: number
  doubtAtMs: number
}

/** How long something counts as having happened just now. */
const recentMs = 3_000

/** Nothing has happened yet. */
export function createStateWatch(nowMs: () => number): StateWatch {
  const workers = new Map<string, Known>()
  let tableAtMs = Number.POSITIVE_INFINITY
  let reshardAtMs = Number.NEGATIVE_INFINITY
  let deathAtMs = Number.NEGATIVE_INFINITY
  const knownOf = (worker: string): Known => {
    const known = workers.get(worker) ?? { hasLanes: false, wantedLanes: 0, takenLanes: 0, doubtAtMs: -Infinity }
    workers.set(worker, known)
    return known
  }
  const isRecent = (atMs: number): boolean => nowMs() - atMs < recentMs
  return {
    onEvent: (worker, event) => {
      const known = knownOf(worker)
      if (event.kind === 'lanes-assigned') {
        known.hasLanes = true
        known.wantedLanes = event.lanes.length
        known.takenLanes = Math.min(known.takenLanes, event.lanes.length)
      } else if (event.kind === 'lane-taken') known.takenLanes++
      else if (event.kind === 'lane-released') known.takenLanes = Math.max(0, known.takenLanes - 1)
      else if (event.kind === 'lane-in-doubt') {
        known.doubtAtMs = nowMs()
        known.takenLanes = Math.max(0, known.takenLanes - 1)
      } else if (event.kind === 'table-started') tableAtMs = nowMs()
      else if (event.kind === 'shard-ended') reshardAtMs = nowMs()
    },
    stateOf: (worker) => {
      const known = knownOf(worker)
      if (!known.hasLanes) return 'starting'
      if (known.takenLanes < known.wantedLanes) return 'taking-lanes'
      if (nowMs() - tableAtMs < recentMs || tableAtMs === Number.POSITIVE_INFINITY) return 'first-start'
      if (isRecent(reshardAtMs)) return 'resharding'
      if (isRecent(deathAtMs)) return 'taking-over'
      return isRecent(known.doubtAtMs) ? 'in-doubt' : 'steady'
    },
    died: (worker) => {
      workers.delete(worker)
      deathAtMs = nowMs()
    },
  }
}
