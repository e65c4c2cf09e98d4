import { backoffDelay } from '../async/backoff.ts'
import type { Clock } from '../async/clock.ts'
import { createGrace } from '../async/grace.ts'
import type { Rng } from '../async/rng.ts'
import { untilAborted } from '../async/until-aborted.ts'
import { TailraceError } from '../errors.ts'
import type { GroupMembership } from '../kafka/group-membership.ts'
import type { KafkaApi, TopicInfo } from '../kafka/kafka.ts'
import type { TransactionSessions } from '../kafka/transaction-session.ts'
import { createListeners } from './listeners.ts'
import { createLogFollower } from './log-follower.ts'
import type { LogFollower } from './log-follower.ts'
import { serviceTransactionalId, takeLog } from './log-leadership.ts'
import type { LogLeadership } from './log-leadership.ts'
import type { LogLeader, ServiceChange, ServiceLog, ServiceState } from './service-state.ts'
import { admitServiceTopic, refuseLostLog } from './service-topic.ts'
import type { ServiceTopic } from './service-topic.ts'

/** What the log of a service runs on. */
export interface ServiceLogOptions {
  readonly kafka: KafkaApi
  /** A member of the service's consumer group over the log's topic; the log owns it, and leaves the group at its end. */
  readonly membership: GroupMembership
  /** Must be of exactly once: the fence is all that keeps two leaders apart. */
  readonly sessions: TransactionSessions
  readonly clock: Clock
  readonly rng: Rng
  /** Connect's `group.id`. */
  readonly group: string
  readonly topic: ServiceTopic
  /** Where processes report what they run, which shows that the service ran before. */
  readonly reportsTopic: string
  /** `ProcessReport.process` of this process. */
  readonly process: string
  /** The leader writes at least this often: Kafka forgets a transactional id that was not used for some days. Milliseconds; default: a day. */
  readonly renewMs?: number
  /** Told of each trouble that is waited out. */
  readonly onProblem?: (error: unknown) => void
}

/** Asks nothing before `run`. */
export function openServiceLog(options: ServiceLogOptions): ServiceLog {
  return new Log(options)
}

const admissionPause = { baseMs: 200, capMs: 10_000 }
const retakePause = { baseMs: 100, capMs: 5_000 }
/** What a running change gets when the process is told to stop. */
const stopGraceMs = 5_000

class Log implements ServiceLog {
  readonly #options: ServiceLogOptions
  readonly #follower: LogFollower
  readonly #listeners = createListeners()
  #isCaughtUp = false
  #leadership: LogLeadership | undefined
  #queue: Promise<unknown> = Promise.resolve()
  /** Aborts when running changes get no more time. */
  #patience: AbortSignal = AbortSignal.abort(new Error('the log is not followed'))

  constructor(options: ServiceLogOptions) {
    this.#options = options
    this.#follower = createLogFollower({
      ...options,
      topic: options.topic.name,
      onProblem: (error) => this.#tell(error),
      onChange: () => {
        if (this.#isCaughtUp) this.#listeners.call()
      },
    })
  }

  get state(): ServiceState | undefined {
    return this.#isCaughtUp ? this.#follower.fold.state : undefined
  }

  get trouble(): TailraceError | undefined {
    return this.#isCaughtUp ? this.#follower.trouble : undefined
  }

  get leader(): LogLeader {
    const { membership, process } = this.#options
    if (this.#leadership !== undefined && this.trouble === undefined && membership.owns(0)) return { kind: 'self' }
    const writer = this.#isCaughtUp ? this.#follower.fold.writer : undefined
    return writer === undefined || writer === process ? { kind: 'none' } : { kind: 'other', process: writer }
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  async run(signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const stopping = new AbortController()
    using grace = createGrace(this.#options.clock, stopping.signal, stopGraceMs)
    let following: Promise<void> | undefined
    try {
      const topic = await this.#begin(signal)
      this.#patience = grace.signal
      following = this.#follower.follow(over.signal)
      await this.#takePart(topic, signal, stopping)
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      over.abort(new Error('the log is not followed any more'))
      await following
      await this.#options.membership[Symbol.asyncDispose]()
    }
  }

  async change<T>(
    decide: (state: ServiceState) => { readonly change: ServiceChange; readonly result: T },
    signal: AbortSignal,
  ): Promise<T> {
    const work = this.#queue.then(() => this.#carryOut(decide, signal))
    this.#queue = work.catch(() => undefined)
    return untilAborted(work, signal)
  }

  async #carryOut<T>(
    decide: (state: ServiceState) => { readonly change: ServiceChange; readonly result: T },
    signal: AbortSignal,
  ): Promise<T> {
    signal.throwIfAborted()
    const leadership = this.#leadership
    if (this.trouble !== undefined) throw this.trouble
    if (leadership === undefined || this.leader.kind !== 'self') {
      throw new TailraceError('SERVICE_CHANGING', `process ${this.#options.process} does not lead the service`)
    }
    const decided = decidedBy(decide, this.#follower.fold.state)
    // Also if nothing is to be written: only a commit proves that no newer leader has decided something else by then. Not with the caller's
    // signal: nobody who goes away may leave a commit in doubt.
    await leadership.write(decided.change, this.#patience)
    if ('refusal' in decided) throw decided.refusal
    return decided.result
  }

  /** Until the log was read to its end. */
  async #begin(signal: AbortSignal): Promise<TopicInfo> {
    const { clock, rng } = this.#options
    for (let attempt = 0; ; attempt++) {
      try {
        const topic = await this.#admit(signal)
        await this.#follower.catchUp(signal)
        const { trouble } = this.#follower
        if (trouble?.code === 'SERVICE_LOG_FOREIGN') throw trouble
        this.#isCaughtUp = true
        this.#listeners.call()
        return topic
      } catch (error) {
        if (signal.aborted || isHopeless(error)) throw error
        this.#tell(error)
        await clock.sleep(backoffDelay(admissionPause, attempt, rng), signal)
      }
    }
  }

  async #admit(signal: AbortSignal): Promise<TopicInfo> {
    const { kafka, topic, group, reportsTopic } = this.#options
    const found = await admitServiceTopic(this.#options, topic, signal)
    if (found.partitions !== 1) {
      throw new TailraceError('SERVICE_LOG_PARTITIONS', `topic ${topic.name} has ${found.partitions} partitions`)
    }
    const traces = { group, transactionalId: serviceTransactionalId(group), reportsTopic }
    await refuseLostLog(kafka, { topic: topic.name, ...traces }, signal)
    return found
  }

  /** Leads whenever the group says so. */
  async #takePart(topic: TopicInfo, signal: AbortSignal, stopping: AbortController): Promise<void> {
    let term: { readonly stop: AbortController; readonly done: Promise<void> } | undefined
    const end = async (): Promise<void> => {
      term?.stop.abort(new Error('another process is to lead'))
      await term?.done
      term = undefined
    }
    try {
      for await (const { partitions } of this.#options.membership.assignments(signal)) {
        if (!partitions.includes(0)) await end()
        else if (term === undefined) {
          const stop = new AbortController()
          term = { stop, done: this.#lead(topic, AbortSignal.any([signal, stop.signal])) }
        }
      }
    } finally {
      stopping.abort(new Error('the process stops'))
      await end()
    }
  }

  /** Takes the log, and takes it again after any doubt, until there is nothing left to take. Never rejects. */
  async #lead(topic: TopicInfo, signal: AbortSignal): Promise<void> {
    const { clock, rng, membership } = this.#options
    for (let attempt = 0; !signal.aborted; attempt++) {
      const since = clock.monotonic()
      try {
        await this.#hold(topic, signal)
      } catch (error) {
        if (signal.aborted) return
        this.#tell(error)
        if (this.#follower.loss !== undefined) return
        if (clock.monotonic() - since > 30_000) attempt = 0
      }
      const wait = (ms: number): Promise<void> => clock.sleep(ms, signal).catch(() => undefined)
      await wait(backoffDelay(retakePause, attempt, rng))
      // Who was fenced does not fence back before he has made sure that it is still his turn.
      while (!signal.aborted && !membership.owns(0)) await wait(retakePause.baseMs)
    }
  }

  async #hold(topic: TopicInfo, signal: AbortSignal): Promise<void> {
    const options = { ...this.#options, follower: this.#follower, topic: topic.name, topicId: topic.id }
    await using leadership = await takeLog(options, signal)
    this.#leadership = leadership
    this.#listeners.call()
    const over = new AbortController()
    try {
      await untilAborted(Promise.race([leadership.failed, this.#renew(AbortSignal.any([signal, over.signal]))]), signal)
    } finally {
      over.abort(new Error('it leads no longer'))
      this.#leadership = undefined
      this.#listeners.call()
      // The running change comes to its end; those behind it find that nobody leads.
      await this.#queue
    }
  }

  /** As long as it leads; rejects when it does not, or when `signal` aborts. */
  async #renew(signal: AbortSignal): Promise<never> {
    const { clock, renewMs = 86_400_000 } = this.#options
    for (;;) {
      await clock.sleep(renewMs, signal)
      await this.change(() => ({ change: { put: [], remove: [] }, result: undefined }), signal)
    }
  }

  #tell(error: unknown): void {
    this.#options.onProblem?.(error)
  }
}

type Decided<T> = { readonly change: ServiceChange } & ({ readonly result: T } | { readonly refusal: unknown })

function decidedBy<T>(
  decide: (state: ServiceState) => { readonly change: ServiceChange; readonly result: T },
  state: ServiceState,
): Decided<T> {
  try {
    return decide(state)
  } catch (refusal) {
    return { change: { put: [], remove: [] }, refusal }
  }
}

function isHopeless(error: unknown): boolean {
  return error instanceof TailraceError && (error.policy === 'refuse' || error.policy === 'stop-worker')
}
