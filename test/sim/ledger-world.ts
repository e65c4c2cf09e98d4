import type { Shard } from '../../src/change/shard.ts'
import type { Rng } from '../../src/async/rng.ts'

/** A stream whose shards split, rotate and merge at random; the model's source of truth. */
export interface StreamWorld {
  readonly shards: Map<string, WorldShard>
  /** One random event: more records, or a reshard. */
  step(): void
}

export interface WorldShard {
  readonly id: string
  readonly parents: readonly string[]
  readonly children: string[]
  records: number
  isClosed: boolean
}

/** Starts with three open shards. Merges give shards two parents, as Kinesis does. */
export function createStreamWorld(rng: Rng): StreamWorld {
  const shards = new Map<string, WorldShard>()
  const open: string[] = []
  const create = (parents: readonly string[]): void => {
    const id = `s${shards.size}`
    shards.set(id, { id, parents, children: [], records: Math.floor(rng.next() * 5), isClosed: false })
    open.push(id)
    for (const parent of parents) shards.get(parent)?.children.push(id)
  }
  const close = (id: string): void => {
    open.splice(open.indexOf(id), 1)
    const shard = shards.get(id)
    if (shard !== undefined) shard.isClosed = true
  }
  for (let i = 0; i < 3; i++) create([])

  const step = (): void => {
    const id = pick(open, rng)
    const shard = shards.get(id)
    if (shard === undefined) return
    if (rng.next() < 0.5) {
      shard.records += Math.floor(rng.next() * 4)
      return
    }
    close(id)
    if (open.length > 0 && rng.next() < 0.3) {
      const other = pick(open, rng)
      close(other)
      create([id, other])
      return
    }
    const children = rng.next() < 1 / 3 ? 2 : 1
    for (let i = 0; i < children; i++) create([id])
  }
  return { shards, step }
}

/** What a complete listing shows of a shard. */
export function asShard(shard: WorldShard): Shard {
  return {
    shardId: shard.id,
    parents: shard.parents,
    startingSequenceNumber: undefined,
    endingSequenceNumber: shard.isClosed ? String(shard.records) : undefined,
  }
}

export function pick<T>(from: readonly T[], rng: Rng): T {
  const picked = from[Math.floor(rng.next() * from.length)]
  if (picked === undefined) throw new Error('nothing to pick from')
  return picked
}
