import type { Table } from '../../change/table.ts'
import type { Payload } from '../../envelope/envelope.ts'
import { TailraceError } from '../../errors.ts'
import { partitionOfKey } from '../../kafka/partitioner.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { Attachment, LeftOut, TopicPins } from '../../pipeline/stages.ts'
import type { SerializedRecord } from '../../serialize/serializer.ts'
import { providePinned } from './pinned-topics.ts'
import { isTaken, refuseTooLarge, sizeOf } from './producer-records.ts'
import type { Limits } from './producer-records.ts'
import type { RecordStagesOptions, TopicFacts } from './stage-parts.ts'
import { asTailraceError, originOf, otherTopicsOf, positionOf, wrapWithoutBefore } from './unit.ts'
import type { Rejection, Unit, Wrapping } from './unit.ts'

/** What holds for all units of the page. */
export interface WriterPage {
  readonly table: TableEntry
  readonly maxRecordBytes: number
  readonly nowMs: number
  /** How changes became payloads; undefined for records that are no changes and are written as they are. */
  readonly wrapping: Wrapping | undefined
  /** See {@link OversizedChange.turn}. */
  readonly turn: string | undefined
  readonly isTopicOfAnother?: ((topic: string) => boolean) | undefined
  readonly pins?: TopicPins | undefined
}

/** Collects the records of a page, unit by unit, in order. */
export interface UnitWriter {
  readonly records: ProducerRecord[]
  readonly bytes: number
  readonly left: LeftOut
  readonly attachments: readonly Attachment[]
  readonly hasOversized: boolean
  /** The records of a unit before they are measured and added. A unit that fails here is rejected, and has none. */
  serialize(unit: Unit): readonly SerializedRecord[]
  /**
   * Adds a unit's records, what has taken their place, or its dead letter. Undefined for what had not to be waited for.
   * Yields the error that stops the table, or nothing.
   */
  add(
    unit: Unit,
    records: readonly SerializedRecord[],
    timestampMs: number,
  ): Promise<TailraceError | undefined> | undefined
  /** Gives up what belongs to the records outside Kafka: the page will not be written. */
  abandon(): void
}

/** Does the work; if it rejects, the writer's page is given up. */
export async function orAbandon<T>(writer: UnitWriter, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    writer.abandon()
    throw error
  }
}

/** Waits for everything that the units' topics need, once for the page. */
export async function createUnitWriter(
  units: readonly Unit[],
  page: WriterPage,
  options: RecordStagesOptions,
  signal: AbortSignal,
): Promise<UnitWriter> {
  const { table, maxRecordBytes } = page
  const topics = new Map<string, TopicFacts | TailraceError>()
  topics.set(table.topic, { partitions: table.topicPartitions, maxRecordBytes })
  for (const topic of otherTopicsOf(units)) {
    if (!topics.has(topic)) topics.set(topic, await factsOf(topic, page, options, signal))
  }
  for (const [topic, facts] of topics) {
    if (facts instanceof TailraceError || page.wrapping === undefined) continue
    const refused = await prepared(table.table, topic, options, signal)
    if (refused !== undefined) topics.set(topic, refused)
  }
  return new Writer(page, options, topics, signal)
}

async function factsOf(
  topic: string,
  { table, isTopicOfAnother, pins }: WriterPage,
  { otherTopics }: RecordStagesOptions,
  signal: AbortSignal,
): Promise<TopicFacts | TailraceError> {
  if (otherTopics === undefined) {
    return new TailraceError('TOPIC_MISSING', `records are routed to topic ${topic}, which nobody provides`)
  }
  if (otherTopics.mayShare !== true && isTopicOfAnother?.(topic) === true) {
    const collision = new TailraceError('TOPIC_COLLISION', `topic ${topic} is the own one of another table`)
    const text = `records of table ${table.table.name} are routed to topic ${topic}, which is the own one of another table`
    return new TailraceError('ROUTE_REFUSED', text, { cause: collision, details: { table: table.table.name, topic } })
  }
  try {
    return await providePinned(topic, { otherTopics, pins }, signal)
  } catch (error) {
    // An answer of Kafka's that is not about this topic alone passes: the lane tries again, as with a table's own topic.
    if (signal.aborted || !(error instanceof TailraceError)) throw error
    return asTailraceError(error, `cannot be written to topic ${topic}`)
  }
}

async function prepared(
  table: Table,
  topic: string,
  { serializer }: RecordStagesOptions,
  signal: AbortSignal,
): Promise<TailraceError | undefined> {
  const waiting = serializer.prepare(table, topic, signal)
  if (waiting === undefined) return undefined
  try {
    await waiting
    return undefined
  } catch (error) {
    if (signal.aborted || !(error instanceof TailraceError)) throw error
    return asTailraceError(error, 'cannot be given a schema')
  }
}

class Writer implements UnitWriter {
  readonly records: ProducerRecord[] = []
  readonly #page: WriterPage
  readonly #options: RecordStagesOptions
  readonly #topics: ReadonlyMap<string, TopicFacts | TailraceError>
  readonly #signal: AbortSignal
  readonly #limits: Limits
  readonly #attachments: Attachment[] = []
  readonly #rejected = new Map<string, { code: TailraceError['code']; stage: string; count: number }>()
  hasOversized = false
  #bytes = 0
  #dropped = 0

  constructor(
    page: WriterPage,
    options: RecordStagesOptions,
    topics: ReadonlyMap<string, TopicFacts | TailraceError>,
    signal: AbortSignal,
  ) {
    this.#page = page
    this.#options = options
    this.#topics = topics
    this.#signal = signal
    this.#limits = {
      compression: options.compression ?? 'none',
      maxRecordBytesOf: (record) => this.#factsOf(record).maxRecordBytes,
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  get left(): LeftOut {
    return { dropped: this.#dropped, rejected: [...this.#rejected.values()] }
  }

  get attachments(): readonly Attachment[] {
    return this.#attachments
  }

  serialize(unit: Unit): readonly SerializedRecord[] {
    const { payloads } = unit
    if (unit.rejection !== undefined || payloads.length === 0) return []
    try {
      const [first, ...others] = payloads.map((payload) => this.#serialized(payload))
      return others.length === 0 ? (first ?? []) : [first ?? [], ...others].flat()
    } catch (error) {
      unit.rejection = { stage: 'VALUE_CONVERTER', error: asTailraceError(error, 'could not be serialized') }
      return []
    }
  }

  add(
    unit: Unit,
    records: readonly SerializedRecord[],
    timestampMs: number,
  ): Promise<TailraceError | undefined> | undefined {
    if (unit.rejection !== undefined) return this.#reject(unit, unit.rejection, timestampMs)
    if (records.length === 0) {
      this.#dropped++
      return undefined
    }
    if (!isTaken(records, this.#limits)) return this.#shrink(unit, records, timestampMs)
    this.#push(records, timestampMs)
    return undefined
  }

  #serialized(payload: Payload): readonly SerializedRecord[] {
    const { topic } = this.#page.table
    const records = this.#options.serializer.serialize(payload, topic)
    for (const record of records) {
      const facts = this.#topics.get(record.topic ?? topic)
      if (facts instanceof TailraceError) throw facts
      if (facts === undefined) throw unforeseen(record.topic ?? topic)
    }
    return records
  }

  #factsOf(record: SerializedRecord): TopicFacts {
    const facts = this.#topics.get(record.topic ?? this.#page.table.topic)
    if (facts === undefined || facts instanceof TailraceError) throw new Error('a record goes to an unknown topic')
    return facts
  }

  #push(records: readonly SerializedRecord[], timestamp: number): void {
    for (const record of records) {
      const { key, value, headers, topic = this.#page.table.topic } = record
      const partition = partitionOfKey(key, this.#factsOf(record).partitions)
      this.records.push({ topic, partition, key, value, headers, timestamp })
      this.#bytes += sizeOf(record)
    }
  }

  async #shrink(
    unit: Unit,
    records: readonly SerializedRecord[],
    timestampMs: number,
  ): Promise<TailraceError | undefined> {
    const { table: entry, wrapping, turn } = this.#page
    const { oversize } = this.#options
    this.hasOversized = true
    const { table, topic } = entry
    const position = positionOf(unit)
    const refused = { ...this.#limits, table, topic, position, toDeadLetters: oversize?.toDeadLetters ?? false }
    try {
      if (oversize === undefined) refuseTooLarge(records, refused)
      const change = {
        records,
        table,
        topic,
        maxRecordBytes: Math.min(...records.map((record) => this.#factsOf(record).maxRecordBytes)),
        position,
        turn,
        // What it has become on its way; of several the last one stays.
        operation: wrapping === undefined ? undefined : (unit.changes.at(-1)?.event.operation ?? 'READ'),
        withoutBefore: () =>
          wrapping === undefined
            ? records
            : wrapWithoutBefore(unit, wrapping).flatMap((payload) => this.#serialized(payload)),
        fits: (smaller: readonly SerializedRecord[]) => isTaken(smaller, this.#limits),
      }
      const shrunk = await oversize?.shrink(change, this.#signal)
      if (shrunk === undefined) return undefined
      this.#attachments.push(...shrunk.attachments)
      refuseTooLarge(shrunk.records, refused)
      this.#push(shrunk.records, timestampMs)
      return undefined
    } catch (error) {
      this.#signal.throwIfAborted()
      unit.rejection = { stage: 'OVERSIZE', error: asTailraceError(error, 'is too large') }
      return this.#reject(unit, unit.rejection, timestampMs)
    }
  }

  abandon(): void {
    for (const attachment of this.#attachments.splice(0)) attachment.settle('aborted')
  }

  async #reject(unit: Unit, { stage, error }: Rejection, timestampMs: number): Promise<TailraceError | undefined> {
    const { deadLetters } = this.#options
    const origin = originOf(unit)
    if (deadLetters === undefined || origin === undefined) return error
    const { wire } = unit
    try {
      const { table, nowMs } = this.#page
      const of = { table, nowMs, timestampMs }
      const letters = await deadLetters.accept({ stage, error, wire, origin }, of, this.#signal)
      if (letters === undefined) return error
      this.records.push(...letters)
      for (const letter of letters) this.#bytes += sizeOf(letter)
      this.#count(error.code, stage)
      return undefined
    } catch (refused) {
      this.#signal.throwIfAborted()
      return asTailraceError(refused, 'cannot become a dead letter')
    }
  }

  #count(code: TailraceError['code'], stage: string): void {
    const name = `${stage} ${code}`
    const known = this.#rejected.get(name) ?? { code, stage, count: 0 }
    this.#rejected.set(name, { ...known, count: known.count + 1 })
  }
}

/** Topics are made ready in front of the page; what comes to one that was not foreseen must not go there. */
function unforeseen(topic: string): TailraceError {
  const text = `a record goes to topic ${topic}, which none like it went to when the page was looked through`
  return new TailraceError('ROUTE_REFUSED', text, { details: { topic } })
}
