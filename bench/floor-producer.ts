import { compatibilityPartitioner, Producer, stringSerializers } from '@platformatic/kafka'

/** The transactional producer of the floors; it has connected, found its coordinator and fenced. */
export async function openFloorProducer(broker: string, transactionalId: string): Promise<FloorProducer> {
  const producer = new Producer({
    clientId: 'bench-floor',
    bootstrapBrokers: [broker],
    serializers: stringSerializers,
    partitioner: compatibilityPartitioner,
    idempotent: true,
    transactionalId,
    producerId: -1n,
    producerEpoch: -1,
    retries: 100,
    // The default of a second is slept after nearly every commit: the coordinator is still busy with its markers.
    retryDelay: 5,
    timeout: 20_000,
    metadataMaxAge: 300_000,
  })
  await (await producer.beginTransaction()).cancel()
  return producer
}

/** Keys and values are texts. */
export type FloorProducer = Producer<string, string, string, string>
