import { backoffDelay } from '../async/backoff.ts'
import { withDeadline } from '../async/clock.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { TailraceError } from '../errors.ts'
import { createClusterMetadata } from './cluster-metadata.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import { createCoordinators } from './coordinators.ts'
import type { Assignment, GroupMembership } from './group-membership.ts'
import { createGroupRequests } from './group-requests.ts'
import type { GroupRequests } from './group-requests.ts'
import type { KafkaConnectionOptions } from './kafka-connection.ts'
import { createLatestValue } from './latest-value.ts'
import { assignSticky } from './sticky-assignor.ts'
import type { MemberClaim } from './sticky-assignor.ts'
import { createWire } from './wire.ts'
import type { Wire } from './wire.ts'
import { brokerError } from './wire-errors.ts'

export interface WireGroupMembershipOptions extends MembershipOptions {
  readonly connection: KafkaConnectionOptions
}

/** A membership, wherever its wire leads. */
export interface MembershipOptions {
  readonly clock: Clock
  readonly rng: Rng
  readonly group: string
  /** Its partitions are what the group shares out. */
  readonly topic: string
  /** A member that is silent for this long is out. Brokers take 6,000 and more; default 10,000 ms. */
  readonly sessionTimeoutMs?: number
  /** Default 1,000 ms. A member learns of a rebalance by its next heartbeat. */
  readonly heartbeatMs?: number
  /** Told of each failed attempt; the membership goes on by itself. */
  readonly onProblem?: (error: unknown) => void
}

/**
 * A member by Kafka's classic group protocol. Partitions move cooperatively: the loser is told first, gets until it asks
 * for the next assignment (at most 3 s) to let go, and only the generation after that gives them to somebody else.
 * A member goes on with its partitions while the group rebalances.
 */
export function createWireGroupMembership(options: WireGroupMembershipOptions): GroupMembership {
  const { connection } = options
  const requestTimeoutMs = joinTimeoutMs(options)
  const wire = createWire({ ...options, connection: { ...connection, requestTimeoutMs } })
  return createMembershipOver(wire, connection.brokers, options)
}

/** A member over any wire, which it owns from now on and whose requests must be given {@link joinTimeoutMs}. */
export function createMembershipOver(
  wire: Wire,
  brokers: readonly string[],
  options: MembershipOptions,
): GroupMembership {
  return new ClassicMember(wire, brokers, options)
}

/** A join waits at the broker for the slowest member. Milliseconds. */
export function joinTimeoutMs({ sessionTimeoutMs = defaultSessionTimeoutMs }: MembershipOptions): number {
  return sessionTimeoutMs + 10_000
}

const defaultSessionTimeoutMs = 10_000

const releaseMs = 3000
const leaveMs = 3000
const firstHeartbeatMs = 50
const retryPause = { baseMs: 100, capMs: 2000 }

const unknownMember = 25
const illegalGeneration = 22
const rebalanceInProgress = 27
const memberIdRequired = 79
const coordinatorCodes = new Set([14, 15, 16])

class ClassicMember implements GroupMembership {
  readonly #options: MembershipOptions
  readonly #sessionTimeoutMs: number
  readonly #wire: Wire
  readonly #metadata: ClusterMetadata
  readonly #requests: GroupRequests
  readonly #told = createLatestValue<Assignment>()
  readonly #life = new AbortController()
  #running: Promise<void> | undefined
  #memberId = ''
  #current: Assignment = { generation: -1, partitions: [] }
  #heardAt = 0
  #isJoining = false
  /** Why this process cannot be a member any more. */
  #exhaustion: TailraceError | undefined

  constructor(wire: Wire, brokers: readonly string[], options: MembershipOptions) {
    this.#options = options
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? defaultSessionTimeoutMs
    this.#wire = wire
    this.#metadata = createClusterMetadata(wire, brokers)
    this.#requests = createGroupRequests({
      ...options,
      coordinators: createCoordinators(this.#wire, this.#metadata),
      sessionTimeoutMs: this.#sessionTimeoutMs,
      rebalanceTimeoutMs: this.#sessionTimeoutMs,
    })
  }

  async *assignments(signal: AbortSignal): AsyncIterable<Assignment> {
    this.#running ??= this.#run()
    for (let next = await this.#told.take(signal); next !== undefined; next = await this.#told.take(signal)) yield next
    if (this.#exhaustion !== undefined) throw this.#exhaustion
  }

  owns(partition: number): boolean {
    return this.#current.partitions.includes(partition) && !this.#isSilent()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort(new Error('The membership is closed.'))
    this.#told.end()
    await this.#running
    this.#current = { generation: -1, partitions: [] }
    await this.#leave()
    await this.#wire[Symbol.asyncDispose]()
  }

  async #run(): Promise<void> {
    const { clock, rng } = this.#options
    for (let failures = 0; !this.#life.signal.aborted;) {
      try {
        this.#isJoining = true
        const hasLost = await this.#join()
        this.#isJoining = false
        failures = 0
        if (hasLost) await this.#letGo()
        else await this.#stay()
      } catch (error) {
        if (this.#life.signal.aborted) return
        this.#options.onProblem?.(error)
        if (this.#isSilent()) this.#lose()
        if (error instanceof TailraceError && error.code === 'OUT_OF_FILE_HANDLES') {
          this.#exhaustion = error
          this.#told.end()
          return
        }
        // Rejects only when the membership is closed, which the loop sees.
        await clock.sleep(backoffDelay(retryPause, failures++, rng), this.#life.signal).catch(() => {})
      }
    }
  }

  /** One generation: true if it took partitions away from this member, who must let go and join again. */
  async #join(again = 0): Promise<boolean> {
    const signal = this.#life.signal
    const { clock, rng } = this.#options
    // The first repetition belongs to the protocol; a coordinator that asks for more of them gets them slowly.
    if (again > 1) await clock.sleep(backoffDelay(retryPause, again - 2, rng), signal)
    const { generation, partitions: owned } = this.#current
    const joined = await this.#requests.join({ memberId: this.#memberId, generation, owned }, signal)
    if (joined.errorCode === memberIdRequired) {
      this.#memberId = joined.memberId
      return this.#join(again + 1)
    }
    this.#check(joined.errorCode, 'JoinGroup')
    this.#memberId = joined.memberId
    const member = { memberId: joined.memberId, generation: joined.generation }
    const shares = joined.members.length === 0 ? new Map<string, number[]>() : await this.#share(joined.members)
    const synced = await this.#requests.sync({ ...member, shares }, signal)
    // Others came or went meanwhile: the next join sees them.
    if (synced.errorCode === rebalanceInProgress) return this.#join(again + 1)
    this.#check(synced.errorCode, 'SyncGroup')
    this.#heardAt = this.#options.clock.monotonic()
    this.#current = { generation: joined.generation, partitions: synced.partitions }
    this.#told.put(this.#current)
    return owned.some((partition) => !synced.partitions.includes(partition))
  }

  async #share(members: readonly MemberClaim[]): Promise<ReadonlyMap<string, readonly number[]>> {
    const { topic } = this.#options
    const found = (await this.#metadata.view([topic], this.#life.signal)).topics.get(topic)
    if (found === undefined) throw brokerError(3, { action: 'Metadata', resource: `topic ${topic}`, topic })
    return assignSticky(members, found.partitions.length)
  }

  async #letGo(): Promise<void> {
    const timer = new AbortController()
    const limit = this.#options.clock.sleep(releaseMs, AbortSignal.any([timer.signal, this.#life.signal]))
    // The sleep rejects when it is called off: because the owner was quicker, or because the membership is closed.
    await Promise.race([this.#told.idle(), limit.catch(() => {})])
    timer.abort()
  }

  /**
   * Heartbeats until the group wants everybody to join again, or this member is out of it. Often at first: a generation
   * that took partitions from somebody is followed by one that gives them to somebody else.
   */
  async #stay(): Promise<void> {
    const { clock, rng, heartbeatMs = 1000 } = this.#options
    for (let beats = 0; ; beats++) {
      const pauseMs = Math.min(heartbeatMs, firstHeartbeatMs * 2 ** Math.min(beats, 10))
      await clock.sleep(pauseMs * (0.9 + 0.2 * rng.next()), this.#life.signal)
      const sentAt = clock.monotonic()
      const code = await this.#heartbeat()
      if (code === 0) this.#heardAt = sentAt
      else if (code === rebalanceInProgress) return
      else if (!coordinatorCodes.has(code)) this.#check(code, 'Heartbeat')
      if (!this.#isSilent()) continue
      this.#lose()
      return
    }
  }

  // The coordinator may be restarting or moving: that costs nothing until the session is over.
  async #heartbeat(): Promise<number> {
    const { clock, onProblem } = this.#options
    const leftMs = Math.max(0, this.#heardAt + this.#sessionTimeoutMs - clock.monotonic())
    const member = { memberId: this.#memberId, generation: this.#current.generation }
    try {
      return await withDeadline(clock, leftMs, this.#requests.heartbeat(member, this.#life.signal), () => {
        return new TailraceError('KAFKA_TIMEOUT', `Group ${this.#options.group}: no answer to a heartbeat.`)
      })
    } catch (error) {
      this.#life.signal.throwIfAborted()
      onProblem?.(error)
      return 15
    }
  }

  #check(code: number, action: string): void {
    if (code === 0) return
    if (code === unknownMember) this.#memberId = ''
    if (code === unknownMember || code === illegalGeneration) this.#lose()
    throw brokerError(code, { action, resource: `group ${this.#options.group}` })
  }

  #lose(): void {
    const hadSome = this.#current.partitions.length > 0
    this.#current = { generation: -1, partitions: [] }
    if (hadSome) this.#told.put(this.#current)
  }

  // While it joins, the broker counts a member as alive for as long as the others may take.
  #isSilent(): boolean {
    const limitMs = this.#sessionTimeoutMs * (this.#isJoining ? 2 : 1)
    return this.#options.clock.monotonic() - this.#heardAt > limitMs
  }

  async #leave(): Promise<void> {
    if (this.#memberId === '') return
    const unlimited = new AbortController()
    const leaving = this.#requests.leave(this.#memberId, unlimited.signal)
    try {
      await withDeadline(this.#options.clock, leaveMs, leaving, () => new Error('too slow'))
    } catch {
      // Leaving only spares the others the session time-out; they take over after it anyway.
    }
    unlimited.abort()
  }
}
