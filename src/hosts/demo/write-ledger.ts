import type { ItemWrite } from './delivery-check.ts'

/** A write that DynamoDB has acknowledged. */
export interface LedgerWrite extends ItemWrite {
  readonly key: string
  /** Monotonic milliseconds at which its request was sent. */
  readonly sentMs: number
}

/**
 * Every write of the demo and when its change was first seen in Kafka. In memory: about 200 bytes a write. A change may
 * be seen before its write is answered; the two are joined whichever comes first.
 */
export interface WriteLedger {
  /** Writes that were answered. */
  readonly written: number
  /** Those of them that were seen. */
  readonly seen: number
  write(write: LedgerWrite): void
  see(change: { readonly key: string; readonly rank: number; readonly seenMs: number }): void
  /** Milliseconds from sending to seeing; undefined while one of the two has not happened. */
  latencyMs(key: string, rank: number): number | undefined
  /** The given quantiles (0 to 1) of all latencies, in milliseconds; null without any. */
  quantilesMs(quantiles: readonly number[]): readonly (number | null)[]
  /** By item, in the order of the answers. */
  writes(): ReadonlyMap<string, readonly ItemWrite[]>
}

interface Entry extends ItemWrite {
  readonly sentMs: number
  seenMs: number | undefined
}

/** An empty ledger. */
export function createWriteLedger(): WriteLedger {
  const items = new Map<string, Map<number, Entry>>()
  /** Times of changes whose writes are not answered yet; those that no write made stay here. */
  const early = new Map<string, number>()
  let written = 0
  let seen = 0
  const settle = (entry: Entry, seenMs: number): void => {
    if (entry.seenMs !== undefined) return
    entry.seenMs = seenMs
    seen++
  }
  return {
    get written() {
      return written
    },
    get seen() {
      return seen
    },
    write: ({ key, rank, after, sentMs }) => {
      const entry: Entry = { rank, after, sentMs, seenMs: undefined }
      const item = items.get(key)
      if (item === undefined) items.set(key, new Map([[rank, entry]]))
      else item.set(rank, entry)
      written++
      const name = `${rank} ${key}`
      const seenMs = early.get(name)
      if (seenMs === undefined) return
      early.delete(name)
      settle(entry, seenMs)
    },
    see: ({ key, rank, seenMs }) => {
      const entry = items.get(key)?.get(rank)
      if (entry !== undefined) settle(entry, seenMs)
      else if (!early.has(`${rank} ${key}`)) early.set(`${rank} ${key}`, seenMs)
    },
    latencyMs: (key, rank) => latencyOf(items.get(key)?.get(rank)),
    quantilesMs: (quantiles) => {
      const latencies = Float64Array.from(
        [...items.values()].flatMap((item) => [...item.values()].flatMap((entry) => latencyOf(entry) ?? [])),
      ).sort()
      return quantiles.map((quantile) => latencies[Math.ceil(quantile * latencies.length) - 1] ?? null)
    },
    writes: () => new Map([...items].map(([key, item]) => [key, [...item.values()]])),
  }
}

function latencyOf(entry: Entry | undefined): number | undefined {
  return entry?.seenMs === undefined ? undefined : entry.seenMs - entry.sentMs
}
