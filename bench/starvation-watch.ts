import type { PipelineEvent } from '../src/pipeline/pipeline-event.ts'

/**
 * Tells how long lanes had to wait for pages although the source had some: the time between a commit that left nothing
 * to write and the next page of a lane's shards. Waiting for the first page counts, the time behind the last does not.
 */
export interface StarvationWatch {
  onEvent(event: PipelineEvent, atMs: number): void
  /** Mean over the lanes of the time waited, by the time from a lane's first shard to its last page. */
  share(): number
}

interface Lane {
  readonly openedAtMs: number
  pending: number
  waitingSinceMs: number | undefined
  waitedMs: number
  lastPageAtMs: number
}

export function createStarvationWatch(): StarvationWatch {
  const lanes = new Map<number, Lane>()
  return {
    onEvent: (event, atMs) => {
      if (event.kind === 'shard-opened' && !lanes.has(event.shard.lane)) {
        const fresh = { openedAtMs: atMs, pending: 0, waitingSinceMs: atMs, waitedMs: 0, lastPageAtMs: atMs }
        lanes.set(event.shard.lane, fresh)
      }
      if (event.kind === 'page-read' && event.records > 0) onPage(lanes.get(event.shard.lane), event.records, atMs)
      if (event.kind === 'transaction-committed') {
        const read = event.shards.reduce((sum, shard) => sum + shard.read, 0)
        onCommit(lanes.get(event.lane), read, atMs)
      }
    },
    share: () => {
      const shares = [...lanes.values()].map((lane) => lane.waitedMs / Math.max(1, lane.lastPageAtMs - lane.openedAtMs))
      return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length)
    },
  }
}

function onPage(lane: Lane | undefined, records: number, atMs: number): void {
  if (lane === undefined) return
  if (lane.waitingSinceMs !== undefined) lane.waitedMs += atMs - lane.waitingSinceMs
  lane.waitingSinceMs = undefined
  lane.lastPageAtMs = atMs
  lane.pending += records
}

function onCommit(lane: Lane | undefined, read: number, atMs: number): void {
  if (lane === undefined || read === 0) return
  lane.pending -= read
  if (lane.pending <= 0) lane.waitingSinceMs = atMs
}
