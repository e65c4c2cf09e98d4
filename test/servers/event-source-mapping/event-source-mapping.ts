import { createBell } from '../../../src/async/bell.ts'
import type { Bell } from '../../../src/async/bell.ts'
import { isAbort } from '../../../src/errors.ts'
import { dynamoDbStream } from './dynamodb-stream.ts'
import { createInvoker } from './invoke-with-faults.ts'
import type { Invoker } from './invoke-with-faults.ts'
import { kinesisStream } from './kinesis-stream.ts'
import type { ReadFrom } from './mapped-stream.ts'
import { noCounts } from './mapping-parts.ts'
import type { MappingParts } from './mapping-parts.ts'
import type { EventSourceMapping, EventSourceMappingOptions } from './mapping.ts'
import { deliverShard } from './shard-delivery.ts'
import { createShardList } from './shard-list.ts'
import type { ShardList } from './shard-list.ts'

/**
 * AWS's event source mapping as documented, over the service that `api` reaches: polls shards, parents before their children,
 * and invokes the function with their records. Time and chance come from outside, so that it runs in simulated time.
 * Throws for settings that AWS refuses or of which nothing is known.
 */
export function createEventSourceMapping(options: EventSourceMappingOptions): EventSourceMapping {
  const { kind, streamArn, settings } = options
  if (settings.tumblingWindowSeconds > 0 && settings.parallelizationFactor > 1)
    throw new Error('nothing is known of tumbling windows with a parallelization factor')
  if (settings.batchSize < 1 || settings.batchSize > 10_000) throw new Error('a batch has 1 to 10000 records')
  const stream = kind === 'dynamodb' ? dynamoDbStream(streamArn) : kinesisStream(streamArn)
  const parts: MappingParts = {
    ...options,
    stream,
    counters: noCounts(),
    pace: {
      pollMs: stream.pollMs,
      listMs: 10_000,
      windowGraceMs: 120_000,
      retry: { baseMs: 500, capMs: 30_000 },
      ...options.pace,
    },
    trace: options.trace ?? (() => undefined),
  }
  const places: Places = new Map()
  let isRunning = false
  return {
    counters: parts.counters,
    positions: () =>
      new Map([...places].map(([id, { from }]) => [id, from.kind === 'after' ? from.sequenceNumber : undefined])),
    run: async (signal) => {
      if (isRunning) throw new Error('the mapping runs already')
      isRunning = true
      try {
        await runOnce(parts, places, signal)
      } finally {
        isRunning = false
      }
    },
  }
}

/** Where shards are, those included that have ended. */
type Places = Map<string, { from: ReadFrom; isEnded: boolean }>

async function runOnce(parts: MappingParts, places: Places, signal: AbortSignal): Promise<void> {
  const stop = new AbortController()
  const onAbort = (): void => stop.abort(signal.reason)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  const run: Run = {
    parts,
    places,
    list: createShardList(parts),
    invoker: createInvoker(parts),
    bell: createBell(parts.clock),
    shards: new Map(),
    stop,
  }
  try {
    await supervise(run)
    await run.invoker.idle(stop.signal)
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled(run.shards.values())
    if (!isAbort(error, signal)) throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

interface Run {
  readonly parts: MappingParts
  readonly places: Places
  readonly list: ShardList
  readonly invoker: Invoker
  /** Rings when a shard ends or fails. */
  readonly bell: Bell
  readonly shards: Map<string, Promise<void>>
  readonly stop: AbortController
}

/** Begins shards whose parents have ended, until nothing is left of a disabled stream. */
async function supervise(run: Run): Promise<void> {
  const { parts, places, list, bell, shards, stop } = run
  for (;;) {
    const { shards: listed, isDisabled } = await list.read(stop.signal)
    if (places.size === 0 && parts.settings.startingPosition === 'LATEST')
      for (const { shardId, isOpen } of listed)
        places.set(shardId, { from: { kind: isOpen ? 'latest' : 'oldest' }, isEnded: !isOpen })
    const ids = new Set(listed.map(({ shardId }) => shardId))
    for (const { shardId, parents } of listed) {
      const place = places.get(shardId) ?? { from: { kind: 'oldest' }, isEnded: false }
      if (place.isEnded || shards.has(shardId)) continue
      if (!(await areOver(run, parents, ids))) continue
      places.set(shardId, place)
      shards.set(shardId, begin(run, shardId))
    }
    if (isDisabled && shards.size === 0 && listed.every(({ shardId }) => places.get(shardId)?.isEnded === true)) return
    await bell.wait(parts.pace.listMs, stop.signal)
    stop.signal.throwIfAborted()
  }
}

/** A parent that is not listed is over only if it does not exist: listings may leave shards out. */
async function areOver(
  { places, list, stop }: Run,
  parents: readonly string[],
  ids: ReadonlySet<string>,
): Promise<boolean> {
  for (const parent of parents) {
    if (places.get(parent)?.isEnded === true) continue
    if (ids.has(parent) || places.has(parent) || (await list.has(parent, stop.signal))) return false
  }
  return true
}

/** Never rejects: a failure stops the run. */
async function begin(run: Run, shardId: string): Promise<void> {
  const { parts, places, invoker, bell, shards, stop } = run
  const place = places.get(shardId)
  if (place === undefined) return
  const onPosition = (sequenceNumber: string): void => void (place.from = { kind: 'after', sequenceNumber })
  parts.trace(`${shardId} begins ${place.from.kind}`)
  try {
    await deliverShard({ parts, invoker, shardId, from: place.from, onPosition }, stop.signal)
    place.isEnded = true
    parts.counters.shardsEnded++
    parts.trace(`${shardId} has ended`)
  } catch (error) {
    stop.abort(error)
  } finally {
    shards.delete(shardId)
    bell.ring()
  }
}
