import { apiVersionsV3, ResponseError } from '@platformatic/kafka'
import type { Connection } from '@platformatic/kafka'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { TailraceError } from '../errors.ts'
import { createConnectionLender } from './connection-lender.ts'
import type { ConnectionLender } from './connection-lender.ts'
import { defaultRequestTimeoutMs } from './kafka-connection.ts'
import type { BrokerAddress, KafkaConnectionOptions } from './kafka-connection.ts'
import { brokerError, transportError } from './wire-errors.ts'

/** One version of one request, as the wire library describes it. */
export interface WireApi<Request extends readonly unknown[], Answer> {
  async(connection: Connection, ...request: Request): Promise<Answer>
  readonly key: number
  readonly version: number
}

/** One request to one broker. */
export interface WireCall<Request extends readonly unknown[], Answer> {
  readonly broker: BrokerAddress
  /** For messages: `Produce`, `FindCoordinator`. */
  readonly action: string
  /** Versions that carry the same meaning, newest first: the first one that the broker offers is used. */
  readonly versions: readonly WireApi<Request, Answer>[]
  readonly request: Request
}

/** What a broker says of itself. */
export interface BrokerFeatures {
  readonly versions: ReadonlyMap<number, { readonly min: number; readonly max: number }>
  /** The finalized level of `transaction.version`; 0 when absent. */
  readonly transactionVersion: number
}

/** Sends single requests, and knows nothing of leaders or coordinators. */
export interface Wire extends AsyncDisposable {
  readonly clock: Clock
  readonly rng: Rng
  readonly requestTimeoutMs: number
  /**
   * One attempt. An answer with error codes in it is an answer. Rejects with KAFKA_UNREACHABLE, KAFKA_TIMEOUT,
   * KAFKA_TLS, KAFKA_AUTHENTICATION or KAFKA_PROTOCOL when there is none, or with the signal's reason.
   */
  send<Request extends readonly unknown[], Answer>(
    call: WireCall<Request, Answer>,
    signal: AbortSignal,
  ): Promise<Answer>
  /** Asked once per broker, and again after a request to it got no answer (it may come back upgraded). */
  features(broker: BrokerAddress, signal: AbortSignal): Promise<BrokerFeatures>
}

/** Makes a wire with connections of its own. */
export function createWire(options: { connection: KafkaConnectionOptions; clock: Clock; rng: Rng }): Wire {
  return new LentWire(options)
}

class LentWire implements Wire {
  readonly clock: Clock
  readonly rng: Rng
  readonly requestTimeoutMs: number
  readonly #lender: ConnectionLender
  readonly #features = new Map<string, BrokerFeatures>()

  constructor(options: { connection: KafkaConnectionOptions; clock: Clock; rng: Rng }) {
    this.clock = options.clock
    this.rng = options.rng
    this.requestTimeoutMs = options.connection.requestTimeoutMs ?? defaultRequestTimeoutMs
    this.#lender = createConnectionLender(options.connection, options.clock)
  }

  async send<Request extends readonly unknown[], Answer>(
    call: WireCall<Request, Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const features = await this.features(call.broker, signal)
    return this.#exchange(call, pickVersion(call, features), signal)
  }

  async features(broker: BrokerAddress, signal: AbortSignal): Promise<BrokerFeatures> {
    const known = this.#features.get(keyOf(broker))
    if (known !== undefined) return known
    const request: [string, string] = ['tailrace', '1']
    const call = { broker, action: 'ApiVersions', versions: [apiVersionsV3.api], request }
    const answer = await this.#exchange(call, apiVersionsV3.api, signal)
    if (answer.errorCode !== 0) throw brokerError(answer.errorCode, { action: 'ApiVersions', resource: keyOf(broker) })
    const finalized = answer.finalizedFeatures?.find(({ name }) => name === 'transaction.version')
    const features: BrokerFeatures = {
      versions: new Map(
        answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, { min: minVersion, max: maxVersion }]),
      ),
      transactionVersion: finalized?.maxVersionLevel ?? 0,
    }
    this.#features.set(keyOf(broker), features)
    return features
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lender[Symbol.asyncDispose]()
  }

  async #exchange<Request extends readonly unknown[], Answer>(
    call: WireCall<Request, Answer>,
    api: WireApi<Request, Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    try {
      return await this.#lender.use(call.broker, (connection) => api.async(connection, ...call.request), signal)
    } catch (error) {
      if (error instanceof ResponseError) {
        // The library throws when there are error codes in an answer; the whole answer is inside.
        const answer: Answer = error['response']
        return answer
      }
      if (signal.aborted) throw signal.reason
      this.#features.delete(keyOf(call.broker))
      throw transportError(error, call.action, call.broker)
    }
  }
}

function pickVersion<Request extends readonly unknown[], Answer>(
  call: WireCall<Request, Answer>,
  features: BrokerFeatures,
): WireApi<Request, Answer> {
  for (const api of call.versions) {
    const offered = features.versions.get(api.key)
    if (offered !== undefined && api.version >= offered.min && api.version <= offered.max) return api
  }
  const key = call.versions[0]?.key ?? -1
  const offered = features.versions.get(key)
  const wanted = call.versions.map(({ version }) => version).join(', ')
  const found = offered === undefined ? 'does not offer it' : `offers versions ${offered.min} to ${offered.max}`
  throw new TailraceError(
    'KAFKA_PROTOCOL',
    `${call.action} needs version ${wanted} of API ${key}; the broker ${keyOf(call.broker)} ${found}.`,
  )
}

function keyOf(broker: BrokerAddress): string {
  return `${broker.host}:${broker.port}`
}
