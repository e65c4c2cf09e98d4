import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { createClusterMetadata } from './cluster-metadata.ts'
import { createCoordinators } from './coordinators.ts'
import type { KafkaApi } from './kafka.ts'
import type { KafkaConnectionOptions } from './kafka-connection.ts'
import type { Compression } from './record-batch-encoder.ts'
import { createWire } from './wire.ts'
import type { Wire } from './wire.ts'
import { createFetch } from './wire-fetch.ts'
import { createGroupCalls } from './wire-groups.ts'
import { createProduce } from './wire-produce.ts'
import { createTopicCalls } from './wire-topics.ts'
import { createTransactionCalls } from './wire-transactions.ts'

export interface WireKafkaOptions {
  readonly connection: KafkaConnectionOptions
  readonly clock: Clock
  readonly rng: Rng
  /** Of the batches it produces; reading understands all. Default `none`. */
  readonly compression?: Compression
}

/**
 * The port over real sockets. Opens nothing before the first call; disposing closes every connection, and requests in
 * flight reject.
 */
export function createWireKafka(options: WireKafkaOptions): KafkaApi {
  return createKafkaOver(createWire(options), { ...options, brokers: options.connection.brokers })
}

/** The port over any wire, which it owns from now on. `brokers` is the way in, `host:port` each. */
export function createKafkaOver(
  wire: Wire,
  options: { readonly brokers: readonly string[]; readonly compression?: Compression },
): KafkaApi {
  const metadata = createClusterMetadata(wire, options.brokers)
  const coordinators = createCoordinators(wire, metadata)
  const context = { wire, metadata, coordinators }
  return {
    cluster: async (signal) => {
      const { clusterId } = await metadata.view([], signal)
      const features = await metadata.onAnyBroker((broker) => wire.features(broker, signal))
      return { clusterId, transactionVersion: features.transactionVersion }
    },
    ...createTopicCalls(context),
    ...createTransactionCalls(context),
    ...createGroupCalls(context),
    fetch: createFetch(context),
    produce: createProduce({ ...context, compression: options.compression ?? 'none' }),
    [Symbol.asyncDispose]: () => wire[Symbol.asyncDispose](),
  }
}
