import {
  findCoordinatorV1,
  findCoordinatorV2,
  findCoordinatorV3,
  findCoordinatorV4,
  findCoordinatorV5,
  findCoordinatorV6,
} from '@platformatic/kafka'
import { TailraceError } from '../errors.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import type { BrokerAddress } from './kafka-connection.ts'
import { coordinatorNotYet, patiently } from './patience.ts'
import type { Wire, WireCall } from './wire.ts'
import { brokerError, isMoved } from './wire-errors.ts'

/** Groups and transactional ids each have a broker that keeps their state. */
export interface CoordinatorKey {
  readonly kind: 'group' | 'transaction'
  readonly id: string
}

/** A request to whoever coordinates the key. */
export interface CoordinatorCall<Request extends readonly unknown[], Answer> extends Omit<
  WireCall<Request, Answer>,
  'broker'
> {
  readonly key: CoordinatorKey
  /** The answer's error code; 0 is none. */
  readonly errorCode: (answer: Answer) => number
}

/** The brokers that coordinate, remembered until an answer, or its absence, says that they no longer do. */
export interface Coordinators {
  /** One attempt. */
  send<Request extends readonly unknown[], Answer>(
    call: CoordinatorCall<Request, Answer>,
    signal: AbortSignal,
  ): Promise<Answer>
  /** Asks again while the coordinator is moving or not made yet (`notYet` adds codes), up to 60 s. */
  sendPatiently<Request extends readonly unknown[], Answer>(
    call: CoordinatorCall<Request, Answer> & { readonly notYet?: ReadonlySet<number> },
    signal: AbortSignal,
  ): Promise<Answer>
}

/** Makes the cache. */
export function createCoordinators(wire: Wire, metadata: ClusterMetadata): Coordinators {
  return new CachedCoordinators(wire, metadata)
}

/** For messages: `group shop` or `transactional id shop.3`. */
export function resourceOf(key: CoordinatorKey): string {
  return `${key.kind === 'group' ? 'group' : 'transactional id'} ${key.id}`
}

const versions = [
  findCoordinatorV6.api,
  findCoordinatorV5.api,
  findCoordinatorV4.api,
  findCoordinatorV3.api,
  findCoordinatorV2.api,
  findCoordinatorV1.api,
]
const patienceMs = 60_000

class CachedCoordinators implements Coordinators {
  readonly #wire: Wire
  readonly #metadata: ClusterMetadata
  readonly #known = new Map<string, BrokerAddress>()

  constructor(wire: Wire, metadata: ClusterMetadata) {
    this.#wire = wire
    this.#metadata = metadata
  }

  async send<Request extends readonly unknown[], Answer>(
    call: CoordinatorCall<Request, Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { key, ...rest } = call
    const broker = await this.#find(key, signal)
    try {
      const answer = await this.#wire.send({ ...rest, broker }, signal)
      if (isMoved(call.errorCode(answer))) this.#known.delete(resourceOf(key))
      return answer
    } catch (error) {
      this.#known.delete(resourceOf(key))
      throw error
    }
  }

  async sendPatiently<Request extends readonly unknown[], Answer>(
    call: CoordinatorCall<Request, Answer> & { readonly notYet?: ReadonlySet<number> },
    signal: AbortSignal,
  ): Promise<Answer> {
    const request = {
      what: `${call.action} on ${resourceOf(call.key)}`,
      send: () => this.send(call, signal),
      errorCode: call.errorCode,
      notYet: new Set([...coordinatorNotYet, ...(call.notYet ?? [])]),
      forMs: patienceMs,
    }
    return patiently(this.#wire, request, signal)
  }

  // The very first use makes the internal topic, which takes a second or two.
  async #find(key: CoordinatorKey, signal: AbortSignal): Promise<BrokerAddress> {
    const cached = this.#known.get(resourceOf(key))
    if (cached !== undefined) return cached
    const action = 'FindCoordinator'
    const request: [number, string[]] = [key.kind === 'group' ? 0 : 1, [key.id]]
    const find = {
      what: `${action} on ${resourceOf(key)}`,
      send: () => {
        return this.#metadata.onAnyBroker((broker) => this.#wire.send({ broker, action, versions, request }, signal))
      },
      errorCode: (answer: FindAnswer) => answer.coordinators[0]?.errorCode ?? 0,
      notYet: coordinatorNotYet,
      forMs: patienceMs,
    }
    const answer = await patiently(this.#wire, find, signal)
    const found = answer.coordinators[0]
    if (found === undefined) throw new TailraceError('KAFKA_PROTOCOL', `${find.what}: an answer without a coordinator.`)
    if (found.errorCode !== 0) {
      throw brokerError(found.errorCode, { action, resource: resourceOf(key) }, found.errorMessage)
    }
    const broker = { host: found.host, port: found.port }
    this.#known.set(resourceOf(key), broker)
    return broker
  }
}

type FindAnswer = Awaited<ReturnType<typeof findCoordinatorV4.api.async>>
