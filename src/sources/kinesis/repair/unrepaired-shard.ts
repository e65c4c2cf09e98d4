import type { KinesisRecord } from '../../../change/kinesis-record.ts'
import type { RepairedShard } from './repaired-shard.ts'

/** The records of a shard as they come: nothing is remembered, nothing is held back. */
export function createUnrepairedShard(after: string | undefined): RepairedShard {
  let out: KinesisRecord[] = []
  let last = after
  return {
    replays: [],
    accept: ({ id, record }) => {
      last = id
      out.push(record)
    },
    release: () => {
      const released = out
      out = []
      return released
    },
    letGo: () => true,
    note: (readUpToMs) => ({
      readUpToMs,
      bounds: { frontierMicros: 0, floorMicros: 0 },
      own: {
        from: undefined,
        tail: { base: last, stragglers: [], count: 0, first: undefined, last: undefined, bits: '' },
      },
      older: [],
    }),
    takeCounts: () => ({ duplicates: 0, reordered: 0, late: 0, overtaken: 0, shortened: 0 }),
    hasMore: false,
    handedOutMs: 0,
    close: () => {},
  }
}
