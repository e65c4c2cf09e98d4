import { backoffDelay } from '../../async/backoff.ts'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { TailraceError, isAbort } from '../../errors.ts'
import { createCommittedReader } from '../../kafka/committed-reader.ts'
import { KafkaError } from '../../kafka/kafka.ts'
import type { FetchedRecord, KafkaApi, TopicInfo } from '../../kafka/kafka.ts'

/** Where to begin in every partition. */
export type TailStart = 'beginning' | 'end' | bigint

export interface TopicTailOptions {
  readonly kafka: KafkaApi
  readonly topics: readonly string[]
  readonly from: TailStart
  /** False: ends at what was committed when it began. */
  readonly isFollowing: boolean
  readonly clock: Clock
  readonly rng: Rng
  /** Told of troubles that are waited out. */
  readonly onTrouble: (error: TailraceError) => void
}

/** One committed record and where it stands. */
export interface TailedRecord {
  readonly topic: string
  readonly partition: number
  readonly record: FetchedRecord
}

/**
 * Hands out the committed records of topics: in order within a partition, partitions as they answer; one at a time, each
 * when the last one was dealt with. Brokers that go away are waited for. Rejects with TOPIC_MISSING when a topic is (or
 * is being) deleted, OFFSET_OUT_OF_RANGE when it does not hold the position any more, or with the signal's reason.
 */
export async function tailTopics(
  options: TopicTailOptions,
  take: (record: TailedRecord) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const scope = new AbortController()
  const live = AbortSignal.any([signal, scope.signal])
  const found = await options.kafka.topics(options.topics, signal)
  let turn = Promise.resolve()
  const inTurn = (record: TailedRecord): Promise<void> => {
    turn = turn.then(() => take(record))
    return turn
  }
  const places = options.topics.flatMap((name) => {
    const topic = found.get(name)
    if (topic === undefined) throw new TailraceError('TOPIC_MISSING', `topic ${name} does not exist`)
    return Array.from({ length: topic.partitions }, (_, partition) => ({ topic, partition }))
  })
  const following = places.map((place) => tailPartition(options, place, inTurn, live))
  try {
    await Promise.all(following)
  } finally {
    scope.abort(new Error('another partition failed'))
    await Promise.allSettled(following)
  }
}

interface Place {
  readonly topic: TopicInfo
  readonly partition: number
}

const pause = { baseMs: 200, capMs: 5000 }

async function tailPartition(
  options: TopicTailOptions,
  place: Place,
  take: (record: TailedRecord) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { kafka, clock, rng } = options
  const topic = place.topic.name
  const { partition } = place
  const range = await kafka.offsets(topic, partition, signal)
  const from = startOf(options.from, place, range)
  const until = options.isFollowing ? {} : { until: range.lastStable }
  const reader = createCommittedReader({ kafka, topic, partition, from, ...until })
  const takeAll = async (records: readonly TailedRecord[]): Promise<void> => {
    for (const record of records) await take(record)
  }
  for (let failures = 0; ; failures++) {
    try {
      for await (const { records } of reader.read(signal)) {
        failures = 0
        await takeAll(records.map((record) => ({ topic, partition, record })))
      }
      return
    } catch (error) {
      if (signal.aborted || isAbort(error, signal)) throw error
      options.onTrouble(await passing(error, { options, place, position: reader.position, signal }))
    }
    await clock.sleep(backoffDelay(pause, failures, rng), signal)
  }
}

/** The end is where a read_committed consumer finds it: before transactions that are still open. */
function startOf(
  from: TailStart,
  { topic, partition }: Place,
  range: { readonly logStart: bigint; readonly highWatermark: bigint; readonly lastStable: bigint },
): bigint {
  if (from === 'beginning') return range.logStart
  if (from === 'end') return range.lastStable
  if (from >= range.logStart && from <= range.highWatermark) return from
  throw outOfRange(`${topic.name}-${partition}`, from, range)
}

const outOfRangeCode = 1
const unknownTopicCodes: ReadonlySet<number> = new Set([3, 100, 103])

/** The error if it passes by waiting; throws what it means otherwise. */
async function passing(
  error: unknown,
  at: {
    readonly options: TopicTailOptions
    readonly place: Place
    readonly position: bigint
    readonly signal: AbortSignal
  },
): Promise<TailraceError> {
  const { topic, partition } = at.place
  const { kafka } = at.options
  if (error instanceof KafkaError && error.errorCode === outOfRangeCode) {
    throw outOfRange(`${topic.name}-${partition}`, at.position, await kafka.offsets(topic.name, partition, at.signal))
  }
  if (error instanceof KafkaError && unknownTopicCodes.has(error.errorCode)) {
    const now = (await kafka.topics([topic.name], at.signal)).get(topic.name)
    if (now?.id !== topic.id) {
      const what = now === undefined ? 'deleted' : 'deleted and made anew'
      throw new TailraceError('TOPIC_MISSING', `topic ${topic.name} was ${what} while it was read`, { cause: error })
    }
    return new TailraceError('KAFKA_PROTOCOL', error.message, { cause: error })
  }
  const passes = error instanceof TailraceError && (error.policy === 'retake' || error.policy === 'retry')
  if (!passes || error.code === 'KAFKA_AUTHORIZATION') throw error
  return error
}

function outOfRange(
  place: string,
  offset: bigint,
  { logStart, highWatermark }: { readonly logStart: bigint; readonly highWatermark: bigint },
): TailraceError {
  const message = `${place} does not hold offset ${offset}: it begins at ${logStart} and ends before ${highWatermark}`
  return new TailraceError('OFFSET_OUT_OF_RANGE', message)
}
