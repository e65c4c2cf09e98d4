import type { Clock } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import type { ProducerRecord } from '../kafka/kafka.ts'
import type { LaneState, ShardState } from '../lanes/lane-state.ts'
import { isResting } from '../lanes/table-rest.ts'
import type { PipelineEventSink } from './pipeline-event.ts'

/** How often readers are told that tables are alive, and where. */
export interface HeartbeatRules {
  readonly topic: string
  /** Debezium's `serverName`: the prefix of the topics. */
  readonly name: string
  readonly intervalMs: number
  /** Makes the topic if it is missing and may be made. Rejects as well while the topic is known to refuse records. */
  readonly provide: (signal: AbortSignal) => Promise<unknown>
}

/** What heartbeats ask of a lane's feeds. */
export interface CaughtUpShards {
  caughtUpAt(shard: Pick<ShardState, 'streamArn' | 'shardId'>): number | undefined
}

/** The heartbeats of one lane: for each table of which it holds shards, one record in each interval. */
export interface LaneHeartbeats {
  /**
   * The records that are due, to be committed behind everything that has been taken from the feeds. None while the topic is
   * not known: it is asked for meanwhile, and nothing waits for it.
   */
  due(state: LaneState, feeds: CaughtUpShards, signal: AbortSignal): readonly ProducerRecord[]
}

const unwritable: ReadonlySet<ErrorCode> = new Set(['TOPIC_MISSING', 'TOPIC_RESERVED', 'KAFKA_AUTHORIZATION'])

/** `rules` undefined: there are no heartbeats. */
export function createLaneHeartbeats(
  rules: HeartbeatRules | undefined,
  parts: {
    readonly lane: number
    readonly lanes: number
    readonly clock: Clock
    readonly onEvent: PipelineEventSink
  },
): LaneHeartbeats {
  return rules === undefined ? { due: () => [] } : new Heartbeats(rules, parts)
}

class Heartbeats implements LaneHeartbeats {
  readonly #rules: HeartbeatRules
  readonly #parts: Parameters<typeof createLaneHeartbeats>[1]
  #isProvided = false
  #isAsking = false
  #dueAt = -Infinity

  constructor(rules: HeartbeatRules, parts: Parameters<typeof createLaneHeartbeats>[1]) {
    this.#rules = rules
    this.#parts = parts
  }

  due(state: LaneState, feeds: CaughtUpShards, signal: AbortSignal): readonly ProducerRecord[] {
    const now = this.#parts.clock.monotonic()
    if (now < this.#dueAt) return []
    if (!this.#isProvided) {
      this.#ask(signal)
      return []
    }
    this.#dueAt = now + this.#rules.intervalMs
    const byTable = Map.groupBy(
      [...state.shards.values()].filter(({ status }) => status === 'open' || status === 'waiting'),
      ({ tableArn }) => tableArn,
    )
    return [...byTable].map(([arn, shards]) => this.#record(arn, shards, state, feeds))
  }

  #ask(signal: AbortSignal): void {
    if (this.#isAsking) return
    this.#isAsking = true
    void this.#learn(signal)
  }

  async #learn(signal: AbortSignal): Promise<void> {
    const { topic, provide, intervalMs } = this.#rules
    const { clock, onEvent } = this.#parts
    try {
      await provide(signal)
      this.#isProvided = true
    } catch (error) {
      if (signal.aborted) return
      // Asked for again after an interval; what must be seen by people is told.
      this.#dueAt = clock.monotonic() + intervalMs
      if (error instanceof TailraceError && unwritable.has(error.code))
        onEvent({ kind: 'heartbeats-lost', topic, error })
    } finally {
      this.#isAsking = false
    }
  }

  #record(arn: string, shards: readonly ShardState[], state: LaneState, feeds: CaughtUpShards): ProducerRecord {
    const { topic, name } = this.#rules
    const { lane, lanes, clock } = this.#parts
    const timestamp = clock.now()
    const entry = state.tables.get(arn)
    const key = Buffer.from(JSON.stringify({ serverName: name, table: entry?.table.name ?? arn, lane }))
    const value = {
      ts_ms: timestamp,
      table_arn: arn,
      lanes,
      shards: shards.length,
      status: entry === undefined ? 'unknown' : isResting(entry) ? 'paused' : entry.status.kind,
      watermark_ms: watermarkOf(shards, feeds),
    }
    return {
      topic,
      partition: 0,
      key,
      value: Buffer.from(JSON.stringify(value)),
      headers: [],
      timestamp,
    }
  }
}

/** Undefined becomes null: of a shard that was never read nothing can be said. */
function watermarkOf(shards: readonly ShardState[], feeds: CaughtUpShards): number | null {
  let lowest = Infinity
  for (const shard of shards) {
    const known = Math.max(feeds.caughtUpAt(shard) ?? -Infinity, shard.createdAtMs ?? -Infinity)
    if (known === -Infinity) return null
    lowest = Math.min(lowest, known)
  }
  return Number.isFinite(lowest) ? Math.floor(lowest) : null
}
