import type { Clock } from '../../../src/async/clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import type { Item } from '../../../src/change/attribute-value.ts'

/** How far point-in-time recovery's idea of a write's time may be off. */
export interface TimeSkew {
  readonly rng: Rng
  /** Milliseconds, both ways. The service says: a minute. */
  readonly maxMs: number
}

/** One item in a window: what it was in front of it, and what it is behind it. */
export interface HistoryChange {
  /** Of the item's last write in the window. Microseconds since the epoch. */
  readonly writtenMicros: number
  readonly keys: Item
  readonly hash: number
  readonly before: Item | undefined
  readonly after: Item | undefined
}

/** An item at a time. */
export interface HistoryItem {
  readonly item: Item
  readonly hash: number
}

/**
 * What point-in-time recovery keeps of a table: every write since it was switched on. Each write has one time, for all
 * exports, and the times of one item rise; between items they may be off by the skew. So whatever is asked about a time is
 * final only when the skew has passed.
 */
export interface TableHistory {
  readonly beganAtMs: number
  /** Greatest distance between a write's time here and its true one. Milliseconds. */
  readonly skewMs: number
  note(write: HistoryWrite): void
  /** All items as the writes before that time left them. */
  stateAt(ms: number): readonly HistoryItem[]
  /** Items with writes from a time on (inclusive) to another (exclusive); those that are absent at both ends are not told. */
  changesBetween(fromMs: number, toMs: number): readonly HistoryChange[]
}

/** What a write left. */
export interface HistoryWrite {
  /** See `keyText`. */
  readonly key: string
  readonly keys: Item
  readonly hash: number
  readonly after: Item | undefined
}

interface Version {
  readonly micros: number
  readonly after: Item | undefined
}

interface ItemPast {
  readonly keys: Item
  readonly hash: number
  /** The last version that was written before a time. */
  readonly at: (micros: number) => Version | undefined
  readonly add: (version: Version) => void
}

/** How a table's writes are kept. */
export interface RecoveryOptions {
  /** Default: times are true. */
  readonly skew?: TimeSkew
  /** As if recovery had been on since then, without a write. Default: now. */
  readonly beganAtMs?: number
}

/** A history that begins with what the table holds. */
export function createTableHistory(
  clock: Clock,
  begin: readonly (HistoryWrite & { readonly after: Item })[],
  { skew, beganAtMs = clock.now() }: RecoveryOptions = {},
): TableHistory {
  const pasts = new Map<string, ItemPast>()
  let lastMicros = 0
  const pastOf = ({ key, keys, hash }: HistoryWrite): ItemPast => {
    const past = pasts.get(key) ?? createPast(keys, hash)
    pasts.set(key, past)
    return past
  }
  for (const write of begin) pastOf(write).add({ micros: Number.NEGATIVE_INFINITY, after: write.after })
  return {
    beganAtMs,
    skewMs: skew?.maxMs ?? 0,
    note: (write) => {
      lastMicros = Math.max(lastMicros + 1, clock.now() * 1000)
      const offMs = skew === undefined ? 0 : (2 * skew.rng.next() - 1) * skew.maxMs
      pastOf(write).add({ micros: lastMicros + Math.round(offMs * 1000), after: write.after })
    },
    stateAt: (ms) =>
      [...pasts.values()].flatMap(({ hash, at }) => {
        const item = at(ms * 1000)?.after
        return item === undefined ? [] : [{ item, hash }]
      }),
    changesBetween: (fromMs, toMs) =>
      [...pasts.values()].flatMap(({ keys, hash, at }) => {
        const [first, last] = [at(fromMs * 1000), at(toMs * 1000)]
        if (last === undefined || last === first) return []
        const [before, after] = [first?.after, last.after]
        return before === undefined && after === undefined
          ? []
          : [{ writtenMicros: last.micros, keys, hash, before, after }]
      }),
  }
}

function createPast(keys: Item, hash: number): ItemPast {
  const versions: Version[] = []
  return {
    keys,
    hash,
    at: (micros) => versions.findLast((version) => version.micros < micros),
    // However wrong the clocks are, an item's writes keep their order.
    add: ({ micros, after }) =>
      void versions.push({ micros: Math.max(micros, (versions.at(-1)?.micros ?? micros - 1) + 1), after }),
  }
}
