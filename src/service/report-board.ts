import { backoffDelay } from '../async/backoff.ts'
import { createBell } from '../async/bell.ts'
import type { Bell } from '../async/bell.ts'
import type { Clock } from '../async/clock.ts'
import { withDeadline } from '../async/clock.ts'
import { createGrace } from '../async/grace.ts'
import type { Rng } from '../async/rng.ts'
import { TailraceError } from '../errors.ts'
import type { KafkaApi, ProducerRecord, TopicInfo } from '../kafka/kafka.ts'
import { createMarkerReader } from '../kafka/marker-reader.ts'
import type { TransactionSession, TransactionSessions } from '../kafka/transaction-session.ts'
import { createKnownProcesses } from './known-processes.ts'
import type { KnownProcesses } from './known-processes.ts'
import { createListeners } from './listeners.ts'
import { createOwnReports } from './own-reports.ts'
import type { ProcessReport, ReportBoard, RunReport } from './process-reports.ts'
import { reportKey } from './report-codec.ts'
import type { ReportRecord } from './report-codec.ts'
import { admitServiceTopic } from './service-topic.ts'
import type { ServiceTopic } from './service-topic.ts'

/** What a process's board runs on. */
export interface ReportBoardOptions {
  readonly kafka: KafkaApi
  /** Of at least once: reports need no transactions. */
  readonly sessions: TransactionSessions
  readonly clock: Clock
  readonly rng: Rng
  readonly group: string
  /** Any number of partitions; each process writes into one. */
  readonly topic: ServiceTopic
  readonly self: Pick<ProcessReport, 'process' | 'workerId' | 'url' | 'version'>
  /** A process of which nothing is heard for this long is taken for dead. Milliseconds; default 15,000. */
  readonly processTimeoutMs?: number
  /** Told of each trouble that is waited out. */
  readonly onProblem?: (error: unknown) => void
}

/** Asks nothing before `run`. */
export function openReportBoard(options: ReportBoardOptions): ReportBoard {
  return new Board(options)
}

const signEveryMs = 3_000
/** Changes within this time are written together. */
const gatherMs = 50
/** Everything is written again after this long, in case the topic has lost something; and whether it is the same topic is looked at. */
const renewMs = 600_000
/** Who fails more often than this, one time after the other, asks whether the topic is still the same. */
const toleratedFailures = 3
/** The leader removes the records of those who were silent for this long. */
const buryAfterMs = 3_600_000
const parkMs = 1_000
/** Of a longer time between two answers this much counts as time in which somebody could have been heard. */
const countedGapMs = 3_000
const goodByeMs = 3_000
const pause = { baseMs: 100, capMs: 5_000 }

/** Writes one phase after the other. */
type Send = (phases: readonly (readonly Pick<ProducerRecord, 'key' | 'value'>[])[]) => Promise<void>

class Board implements ReportBoard {
  readonly #options: ReportBoardOptions
  readonly #known: KnownProcesses
  readonly #own = createOwnReports()
  readonly #listeners = createListeners()
  readonly #bell: Bell
  /** Rings when the topic may have been deleted or made anew. */
  readonly #doubt: Bell
  /** When each partition was last read, from the moment on when it was read to its end. */
  readonly #readAt = new Map<number, number>()
  #partitions = Infinity
  #runs: ReadonlyMap<string, RunReport> = new Map()
  #isLeader = false
  #signedAsLeader = false
  #others: readonly ProcessReport[] = []
  #processes: readonly ProcessReport[] | undefined

  constructor(options: ReportBoardOptions) {
    this.#options = options
    this.#known = createKnownProcesses(options.group, options.self.process)
    this.#bell = createBell(options.clock)
    this.#doubt = createBell(options.clock)
  }

  get processes(): readonly ProcessReport[] {
    const { process, workerId, url, version } = this.#options.self
    const own = { process, workerId, url, version, isLeader: this.#isLeader, runs: this.#runs }
    this.#processes ??= [...this.#others, own].sort((a, b) => (a.process < b.process ? -1 : 1))
    return this.#processes
  }

  get ageMs(): number {
    if (this.#readAt.size < this.#partitions) return Infinity
    return this.#options.clock.monotonic() - Math.min(...this.#readAt.values())
  }

  report(runs: ReadonlyMap<string, RunReport>, isLeader: boolean): void {
    this.#runs = new Map(runs)
    this.#isLeader = isLeader
    this.#own.set(this.#runs)
    this.#tellAll()
    if (this.#own.isDue || isLeader !== this.#signedAsLeader) this.#bell.ring()
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  async run(signal: AbortSignal): Promise<void> {
    const topic = await this.#admit(signal, (error) => error instanceof TailraceError && error.policy === 'refuse')
    if (topic === undefined) return
    this.#partitions = topic.partitions
    await Promise.all([this.#follow(topic, signal), this.#write(signal)])
  }

  /** Made if it does not exist. Undefined if `signal` has aborted. Rejects with what `isHopeless`; anything else is waited out. */
  async #admit(signal: AbortSignal, isHopeless: (error: unknown) => boolean): Promise<TopicInfo | undefined> {
    const { clock, rng, topic, onProblem } = this.#options
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const found = await admitServiceTopic(this.#options, topic, signal)
        if (found.partitions > 0) return found
      } catch (error) {
        if (signal.aborted) return undefined
        if (isHopeless(error)) throw error
        onProblem?.(error)
      }
      await clock.sleep(backoffDelay(pause, attempt, rng), signal).catch(() => undefined)
    }
    return undefined
  }

  /** Reads every partition, and begins anew whenever the topic is another one or has others. */
  async #follow(first: TopicInfo, signal: AbortSignal): Promise<void> {
    for (let topic: TopicInfo | undefined = first; topic !== undefined;) {
      const over = new AbortController()
      const scope = AbortSignal.any([signal, over.signal])
      const reading = Array.from({ length: topic.partitions }, (_, partition) => this.#read(partition, scope))
      topic = await this.#otherTopic(topic, signal)
      over.abort(new Error('the topic is another one'))
      await Promise.all(reading)
      if (topic !== undefined) this.#beginAnew(topic)
    }
  }

  /** Resolves when the topic under that name is not `known` any more; with undefined when `signal` has aborted. */
  async #otherTopic(known: TopicInfo, signal: AbortSignal): Promise<TopicInfo | undefined> {
    for (;;) {
      await this.#doubt.wait(renewMs, signal).catch(() => undefined)
      const found = await this.#admit(signal, () => false)
      if (found === undefined || found.id !== known.id || found.partitions !== known.partitions) return found
      await this.#options.clock.sleep(pause.capMs, signal).catch(() => undefined)
    }
  }

  #beginAnew({ partitions }: TopicInfo): void {
    this.#partitions = partitions
    this.#readAt.clear()
    this.#known.beginAnew()
    this.#own.forget()
    this.#bell.ring()
  }

  async #read(partition: number, signal: AbortSignal): Promise<void> {
    const { kafka, clock, rng, topic, onProblem } = this.#options
    let reader = createMarkerReader({ kafka, topic: topic.name, partition })
    let end: bigint | undefined
    let nowMs = 0
    let answeredAt = clock.monotonic()
    for (let failures = 0; !signal.aborted;) {
      try {
        end ??= (await kafka.offsets(topic.name, partition, signal)).highWatermark
        const records = await reader.poll(signal, parkMs)
        const at = clock.monotonic()
        nowMs += Math.min(at - answeredAt, countedGapMs)
        answeredAt = at
        failures = 0
        this.#meet(this.#known.take(partition, records, nowMs))
        if ((reader.position ?? 0n) >= end) this.#readAt.set(partition, at)
        this.#compare()
      } catch (error) {
        if (signal.aborted) return
        onProblem?.(error)
        // The topic may have been cut off or made anew: what is read again is what was known.
        if (failures > toleratedFailures) {
          this.#doubt.ring()
          reader = createMarkerReader({ kafka, topic: topic.name, partition })
          end = undefined
          this.#own.forget()
        }
        await clock.sleep(backoffDelay(pause, failures++, rng), signal).catch(() => undefined)
      }
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { clock, rng, self, topic, onProblem } = this.#options
    const place = (record: Pick<ProducerRecord, 'key' | 'value'>): ProducerRecord => {
      const partition = partitionOf(self.process, this.#partitions)
      return { ...record, topic: topic.name, partition, headers: [], timestamp: clock.now() }
    }
    using grace = createGrace(clock, signal, goodByeMs)
    let session: TransactionSession | undefined
    const send: Send = async (phases) => {
      try {
        session ??= await this.#options.sessions.open(`reports of ${self.process}`, grace.signal)
        await session.commit(
          phases.map((records) => records.map(place)),
          grace.signal,
        )
      } catch (error) {
        await session?.[Symbol.asyncDispose]()
        session = undefined
        throw error
      }
    }
    let renewAt = clock.monotonic() + renewMs
    for (let failures = 0; !signal.aborted;) {
      if (clock.monotonic() >= renewAt) {
        renewAt = clock.monotonic() + renewMs
        this.#own.forget()
      }
      try {
        await this.#tell(send)
        failures = 0
        await this.#rest(signal)
      } catch (error) {
        if (signal.aborted) break
        onProblem?.(error)
        if (failures > toleratedFailures) this.#doubt.ring()
        await clock.sleep(backoffDelay(pause, failures++, rng), signal).catch(() => undefined)
      }
    }
    await this.#sayGoodBye(send)
    await session?.[Symbol.asyncDispose]()
  }

  async #tell(send: Send): Promise<void> {
    const { self, group } = this.#options
    const { process, workerId, url, version } = self
    const isLeader = this.#isLeader
    const pending = this.#own.take({ group, process, workerId, url, version, isLeader })
    // Their signs last: whoever lives after all, and sees that, writes everything again.
    const dead = isLeader ? this.#known.silent(buryAfterMs) : []
    const graves = dead.flatMap((one) => [
      ...one.connectors.map((connector) => ({ key: reportKey(one.process, connector), value: null })),
      { key: reportKey(one.process), value: null },
    ])
    await send([pending.records, graves])
    pending.written()
    this.#signedAsLeader = isLeader
  }

  /** Until the next sign of life is due, or there is something to tell. */
  async #rest(signal: AbortSignal): Promise<void> {
    if (!this.#own.isDue && this.#isLeader === this.#signedAsLeader)
      await this.#bell.wait(signEveryMs - gatherMs, signal)
    await this.#options.clock.sleep(gatherMs, signal)
  }

  async #sayGoodBye(send: Send): Promise<void> {
    const { clock, self, onProblem } = this.#options
    const said = send(this.#own.goodBye(self.process))
    try {
      await withDeadline(clock, goodByeMs, said, () => new TailraceError('KAFKA_TIMEOUT', 'the good-bye was not taken'))
    } catch (error) {
      // It only spares the others the waiting.
      onProblem?.(error)
    }
  }

  /** What the topic says of this process must be what it told. */
  #meet(own: readonly ReportRecord[]): void {
    for (const record of own) {
      if (record.kind === 'run') this.#own.seen(record.connector, record.report)
      else if (record.kind === 'gone' && record.connector === undefined) this.#own.forget()
      else if (record.kind === 'gone') this.#own.seen(record.connector ?? '', undefined)
    }
    if (own.length > 0 && this.#own.isDue) this.#bell.ring()
  }

  /** Tells if the others are not what they were. */
  #compare(): void {
    const { processTimeoutMs = 15_000 } = this.#options
    const others = this.#known.living(processTimeoutMs)
    if (others.length === this.#others.length && others.every((one, index) => one === this.#others[index])) return
    this.#others = others
    this.#tellAll()
  }

  #tellAll(): void {
    this.#processes = undefined
    this.#listeners.call()
  }
}

function partitionOf(process: string, partitions: number): number {
  let hash = 0
  for (const letter of process) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0
  return hash % partitions
}
