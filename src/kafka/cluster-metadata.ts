import { metadataV10, metadataV11, metadataV12, metadataV9 } from '@platformatic/kafka'
import { TailraceError } from '../errors.ts'
import { parseBroker } from './kafka-connection.ts'
import type { BrokerAddress } from './kafka-connection.ts'
import type { Wire } from './wire.ts'
import { brokerError, mostTelling } from './wire-errors.ts'

type MetadataAnswer = Awaited<ReturnType<typeof metadataV12.api.async>>
type MetadataTopic = MetadataAnswer['topics'][number]

/** Where a partition is written and read. */
export interface PartitionLeader {
  readonly broker: BrokerAddress
  /** UUID text; all zeros from brokers older than Kafka 2.8. */
  readonly topicId: string
}

/** What a cluster says of itself. Topics that do not exist are left out. */
export interface ClusterView {
  readonly clusterId: string
  readonly controller: BrokerAddress | undefined
  readonly topics: ReadonlyMap<string, MetadataTopic>
}

/**
 * Brokers and partition leaders. Leaders are remembered until {@link ClusterMetadata.forget} or until they are asked for
 * a topic that is not known; whoever got an answer that says "not here" forgets, and the next attempt asks again.
 */
export interface ClusterMetadata {
  /** Asks the cluster. Rejects with KAFKA_AUTHORIZATION when a named topic may not be described. */
  view(topics: readonly string[], signal: AbortSignal): Promise<ClusterView>
  /** Rejects with the KafkaError UNKNOWN_TOPIC_OR_PARTITION, or KAFKA_PROTOCOL while a partition has no leader. */
  leader(topic: string, partition: number, signal: AbortSignal): Promise<PartitionLeader>
  forget(topic: string): void
  /** Runs something repeatable on one broker after the other until one can be reached. */
  onAnyBroker<T>(work: (broker: BrokerAddress) => Promise<T>): Promise<T>
}

/** Makes the cache; `bootstrap` is the way in. */
export function createClusterMetadata(wire: Wire, bootstrap: readonly string[]): ClusterMetadata {
  return new CachedMetadata(wire, bootstrap.map(parseBroker))
}

const versions = [metadataV12.api, metadataV11.api, metadataV10.api, metadataV9.api]

class CachedMetadata implements ClusterMetadata {
  readonly #wire: Wire
  readonly #bootstrap: readonly BrokerAddress[]
  #brokers: ReadonlyMap<number, BrokerAddress> = new Map()
  readonly #topics = new Map<string, MetadataTopic>()

  constructor(wire: Wire, bootstrap: readonly BrokerAddress[]) {
    this.#wire = wire
    this.#bootstrap = bootstrap
  }

  async view(names: readonly string[], signal: AbortSignal): Promise<ClusterView> {
    const request: [string[], boolean, boolean] = [[...names], false, false]
    const answer = await this.onAnyBroker((broker) => {
      return this.#wire.send({ broker, action: 'Metadata', versions, request }, signal)
    })
    this.#brokers = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
    for (const name of names) this.#topics.delete(name)
    const topics = new Map<string, MetadataTopic>()
    for (const topic of answer.topics) {
      if (topic.name === null || topic.name === undefined) continue
      if (topic.errorCode === 3) continue
      // LEADER_NOT_AVAILABLE: the topic is being created; its partitions tell.
      if (topic.errorCode !== 0 && topic.errorCode !== 5) {
        throw brokerError(topic.errorCode, { action: 'Metadata', resource: `topic ${topic.name}`, topic: topic.name })
      }
      topics.set(topic.name, topic)
      this.#topics.set(topic.name, topic)
    }
    return { clusterId: answer.clusterId ?? '', controller: this.#brokers.get(answer.controllerId), topics }
  }

  async leader(topic: string, partition: number, signal: AbortSignal): Promise<PartitionLeader> {
    const resource = `${topic}-${partition}`
    const known = this.#leaderOf(topic, partition)
    if (known !== undefined) return known
    const view = await this.view([topic], signal)
    const exists = view.topics.get(topic)?.partitions.some(({ partitionIndex }) => partitionIndex === partition)
    if (exists !== true) throw brokerError(3, { action: 'Metadata', resource, topic, partition })
    const found = this.#leaderOf(topic, partition)
    if (found === undefined) throw brokerError(5, { action: 'Metadata', resource, topic, partition })
    return found
  }

  forget(topic: string): void {
    this.#topics.delete(topic)
  }

  async onAnyBroker<T>(work: (broker: BrokerAddress) => Promise<T>): Promise<T> {
    const failures: TailraceError[] = []
    for (const broker of this.#candidates()) {
      try {
        return await work(broker)
      } catch (error) {
        if (!(error instanceof TailraceError) || !unreachable.has(error.code)) throw error
        failures.push(error)
      }
    }
    throw mostTelling(failures) ?? new TailraceError('KAFKA_UNREACHABLE', 'No Kafka broker is configured.')
  }

  #leaderOf(topic: string, partition: number): PartitionLeader | undefined {
    const cached = this.#topics.get(topic)
    const leaderId = cached?.partitions.find(({ partitionIndex }) => partitionIndex === partition)?.leaderId
    const broker = leaderId === undefined ? undefined : this.#brokers.get(leaderId)
    return cached === undefined || broker === undefined ? undefined : { broker, topicId: cached.topicId }
  }

  // The brokers that the cluster named, from a random one on, then the configured ones, which may know better.
  #candidates(): BrokerAddress[] {
    const named = [...this.#brokers.values()]
    const turn = Math.floor(this.#wire.rng.next() * named.length)
    const all = [...named.slice(turn), ...named.slice(0, turn), ...this.#bootstrap]
    const seen = new Set<string>()
    return all.filter(({ host, port }) => !seen.has(`${host}:${port}`) && seen.add(`${host}:${port}`))
  }
}

const unreachable: ReadonlySet<string> = new Set([
  'KAFKA_UNREACHABLE',
  'KAFKA_TIMEOUT',
  'KAFKA_TLS',
  'KAFKA_AUTHENTICATION',
])
