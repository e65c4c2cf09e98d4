import type { Item } from '../../change/attribute-value.ts'
import type { ForeignPosition } from '../../change/foreign-position.ts'
import { isSequenceNumber } from '../../change/sequence-number.ts'
import { TailraceError } from '../../errors.ts'

/** One row of a lease table: which worker of the Kinesis Client Library reads a shard, and how far. */
export interface KclLease {
  readonly shardId: string
  /** A sequence number, or one of the library's words. */
  readonly checkpoint: string
  /** Raised with every renewal; whoever holds a lease renews it every few seconds. */
  readonly counter: string
  /** Stays when a worker is killed; who stops in order gives some leases back. */
  readonly owner: string | undefined
}

/**
 * Reads a row as versions 1 to 3 of the library write it. Undefined for a row that is no lease. The key is a shard's id, or ends
 * with one where a worker reads several streams.
 */
export function readLease(item: Item): KclLease | undefined {
  const [key, checkpoint] = [textOf(item, 'leaseKey'), textOf(item, 'checkpoint')]
  if (key === undefined || checkpoint === undefined) return undefined
  const counter = item['leaseCounter']
  return {
    shardId: key.slice(key.lastIndexOf(':') + 1),
    checkpoint,
    counter: counter !== undefined && 'N' in counter ? counter.N : '',
    owner: textOf(item, 'leaseOwner'),
  }
}

/**
 * What a checkpoint says. TRIM_HORIZON, LATEST and AT_TIMESTAMP stand where nothing was checkpointed since the worker met the shard:
 * of a shard that was met at its end, or at a moment, nobody knows where that was, and it counts as begun. Throws
 * LEASES_UNUSABLE for anything else that is no sequence number.
 */
export function positionOf({ shardId, checkpoint }: KclLease): ForeignPosition {
  if (checkpoint === 'SHARD_END') return { kind: 'end' }
  if (checkpoint === 'TRIM_HORIZON' || checkpoint === 'LATEST' || checkpoint === 'AT_TIMESTAMP')
    return { kind: 'begun' }
  if (isSequenceNumber(checkpoint)) return { kind: 'after', sequenceNumber: checkpoint }
  throw new TailraceError('LEASES_UNUSABLE', `the lease of shard ${shardId} has a checkpoint that is no position`)
}

/** Ids of shards whose leases somebody has changed between two looks: there is a worker. */
export function movedLeases(
  earlier: ReadonlyMap<string, KclLease>,
  later: ReadonlyMap<string, KclLease>,
): readonly string[] {
  const ids = new Set([...earlier.keys(), ...later.keys()])
  return [...ids].filter((id) => {
    const [a, b] = [earlier.get(id), later.get(id)]
    return a?.counter !== b?.counter || a?.owner !== b?.owner || a?.checkpoint !== b?.checkpoint
  })
}

function textOf(item: Item, name: string): string | undefined {
  const value = item[name]
  return value !== undefined && 'S' in value && value.S !== '' ? value.S : undefined
}
