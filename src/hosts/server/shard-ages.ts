import type { Clock } from '../../async/clock.ts'
import type { HaltedShard, PipelineEvent, ShardName } from '../../pipeline/pipeline-event.ts'

/**
 * How old the oldest change of each shard is that is not committed, as far as this process can know: for what it reads, and for
 * what it would read if its lane, its table or the whole pipeline did not stand still. Time passes for those as well.
 */
export interface ShardAges {
  onEvent(event: PipelineEvent): void
  shards(): readonly ShardView[]
  /** From now on lanes are let go because nobody is to work on them: what they held stays, until a worker starts again. */
  standStill(): void
}

/** One shard of this process. */
export interface ShardView {
  readonly shard: ShardName
  /** Nobody reads it now. */
  readonly isHalted: boolean
  /** Age of the oldest change that is not committed yet, as an upper bound; 0 while the shard is read to its tip. */
  readonly ageMs: number
  /** How long its stream keeps changes. */
  readonly retentionMs: number
  /** Wire records that were read and not yet committed. */
  readonly pending: number
}

/** So little behind is no distance: the page itself has taken its time. */
const atTipMs = 60_000

export function createShardAges(clock: Clock): ShardAges {
  const shards = new Map<string, TrackedShard>()
  let isStandingStill = false
  return {
    onEvent: (event) => {
      if (event.kind === 'worker-started') isStandingStill = false
      if (event.kind === 'lane-released' && isStandingStill) return halt(shards, event.lane)
      track(shards, event, clock.now())
    },
    shards: () => [...shards.values()].map((entry) => viewOf(entry, clock.now())),
    standStill: () => {
      isStandingStill = true
    },
  }
}

interface TrackedShard {
  readonly shard: ShardName
  readonly retentionMs: number
  isHalted: boolean
  /** What is not committed was created after this moment, by the ledger; where it does not know, since it was met. */
  sinceMs: number
  /** When an empty page last showed that nothing was unread; what is unread now is younger. */
  tipAtMs: number
  /** Records read that no commit has covered yet. */
  pending: number
  /** The last page was empty, and nothing was pending. */
  isAtTip: boolean
}

/** Whoever does not look any more does not know that there is nothing. */
function viewOf({ shard, retentionMs, pending, ...entry }: TrackedShard, nowMs: number): ShardView {
  const { isHalted, isAtTip, sinceMs, tipAtMs } = entry
  const seesTip = isAtTip && !isHalted && nowMs - tipAtMs < atTipMs
  const ageMs = seesTip ? 0 : Math.max(0, nowMs - Math.max(sinceMs, tipAtMs))
  return { shard, isHalted, ageMs, retentionMs, pending }
}

function track(shards: Map<string, TrackedShard>, event: PipelineEvent, nowMs: number): void {
  switch (event.kind) {
    case 'shard-opened':
      return put(shards, event, { isHalted: false, nowMs })
    case 'shard-closed': {
      // The survey that follows tells what becomes of it. Without one its lane is in doubt, or is let go.
      const entry = shards.get(nameKey(event.shard))
      if (entry !== undefined) Object.assign(entry, standing)
      return
    }
    case 'lane-in-doubt':
      return halt(shards, event.lane)
    case 'lane-surveyed': {
      const kept = new Set(event.halted.map(({ shard }) => nameKey(shard)))
      for (const [key, entry] of shards)
        if (entry.shard.lane === event.lane && entry.isHalted && !kept.has(key)) shards.delete(key)
      for (const halted of event.halted) put(shards, halted, { isHalted: true, nowMs })
      return
    }
    case 'lane-released':
      return forget(shards, (lane) => lane === event.lane)
    case 'lanes-assigned':
      return forget(shards, (lane) => !event.lanes.includes(lane))
    case 'page-read': {
      const entry = shards.get(nameKey(event.shard))
      if (entry !== undefined) notePage(entry, event, nowMs)
      return
    }
    case 'transaction-committed':
      for (const { shard, read, lastCreatedAtMs } of event.shards) {
        const entry = shards.get(nameKey(shard))
        if (entry === undefined) continue
        entry.pending = Math.max(0, entry.pending - read)
        entry.sinceMs = lastCreatedAtMs
      }
      return
    default:
  }
}

/** What was seen of the shard before stays true: behind what is committed there was nothing at that moment. */
function put(
  shards: Map<string, TrackedShard>,
  { shard, sinceMs, retentionMs }: HaltedShard,
  { isHalted, nowMs }: { readonly isHalted: boolean; readonly nowMs: number },
): void {
  const key = nameKey(shard)
  const before = shards.get(key)
  const tipAtMs = before?.tipAtMs ?? 0
  const since = sinceMs ?? before?.sinceMs ?? nowMs
  shards.set(key, { shard, retentionMs, isHalted, sinceMs: since, tipAtMs, pending: 0, isAtTip: false })
}

/** An empty page of Kinesis may be far from the tip, which it says; where a source says nothing, empty is empty. */
function notePage(
  entry: TrackedShard,
  { records, readUpToMs }: { readonly records: number; readonly readUpToMs?: number | undefined },
  nowMs: number,
): void {
  entry.pending += records
  const isEmpty = records === 0 && entry.pending === 0
  entry.isAtTip = isEmpty && (readUpToMs === undefined || nowMs - readUpToMs < atTipMs)
  if (isEmpty) entry.tipAtMs = Math.max(entry.tipAtMs, entry.isAtTip ? nowMs : (readUpToMs ?? nowMs))
}

const standing = { isHalted: true, pending: 0 }

function halt(shards: Map<string, TrackedShard>, lane: number): void {
  for (const entry of shards.values()) if (entry.shard.lane === lane) Object.assign(entry, standing)
}

function forget(shards: Map<string, TrackedShard>, isGone: (lane: number) => boolean): void {
  for (const [key, { shard }] of shards) if (isGone(shard.lane)) shards.delete(key)
}

function nameKey(shard: ShardName): string {
  return `${shard.arn}/${shard.shardId}`
}
