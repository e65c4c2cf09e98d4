import { randomUUID } from 'node:crypto'
import { systemClock } from '../../src/async/system-clock.ts'
import { systemRng } from '../../src/async/system-rng.ts'
import type { KafkaApi } from '../../src/kafka/kafka.ts'
import type { KafkaConnectionOptions } from '../../src/kafka/kafka-connection.ts'
import { createWireKafka } from '../../src/kafka/wire-kafka.ts'
import type { WireKafkaOptions } from '../../src/kafka/wire-kafka.ts'

/** The port on a real broker, with real time. */
export function connectKafka(
  bootstrapServers: string,
  options: Partial<KafkaConnectionOptions> & Pick<WireKafkaOptions, 'compression'> = {},
): KafkaApi {
  const { compression, ...connection } = options
  return createWireKafka({
    connection: { brokers: bootstrapServers.split(','), ...connection },
    clock: systemClock,
    rng: systemRng,
    ...(compression === undefined ? {} : { compression }),
  })
}

/** Makes a topic under a name that nobody else uses. */
export async function makeTopic(
  kafka: KafkaApi,
  partitions = 1,
  config: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = `test-${randomUUID().slice(0, 8)}`
  await kafka.createTopic({ name, partitions, replicationFactor: -1, config }, new AbortController().signal)
  return name
}
