import { randomUUID } from 'node:crypto'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { compatibilityPartitioner, ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka'

/**
 * The function that tutorials show for "DynamoDB Streams to Kafka with exactly once", as a careful author writes it: one
 * idempotent, transactional producer per sandbox, made at the first invocation and kept; each batch in one transaction; an
 * error aborts it and is thrown, so that Lambda brings the whole batch again.
 *
 * It keeps no position. What was committed and comes again (the answer was lost, the time ran out behind the commit) is
 * written again; with an id per sandbox, nothing fences a sandbox that was given up, and what it left open holds up
 * read_committed readers until the transaction times out.
 *
 * Environment: `KAFKA_BROKERS`, `KAFKA_TOPIC`; `KAFKA_TRANSACTIONAL_ID` for one id of the function instead of one per
 * sandbox: then concurrent shards fence each other.
 */
export async function handler(event: StreamEvent): Promise<void> {
  const messages = event.Records.map((record) => messageOf(record))
  if (messages.length === 0) return
  producer ??= connect()
  const transaction = await producer.beginTransaction({ producerId: -1n, producerEpoch: -1 })
  try {
    await transaction.send({ messages, acks: ProduceAcks.ALL })
    await transaction.commit()
  } catch (error) {
    await giveUp(producer, transaction)
    throw error
  }
}

/** An event of a stream, as far as it is looked at. */
export interface StreamEvent {
  readonly Records: readonly {
    readonly eventID?: string
    readonly eventName?: string
    readonly dynamodb?: {
      readonly ApproximateCreationDateTime?: number
      readonly SequenceNumber?: string
      readonly Keys?: Image
      readonly NewImage?: Image
      readonly OldImage?: Image
    }
  }[]
}

type Image = Parameters<typeof unmarshall>[0]
type TextProducer = Producer<string, string, string, string>

let producer: TextProducer | undefined

function connect(): TextProducer {
  return new Producer({
    clientId: 'orders-to-kafka',
    bootstrapBrokers: (process.env['KAFKA_BROKERS'] ?? '').split(','),
    transactionalId: process.env['KAFKA_TRANSACTIONAL_ID'] ?? `orders-to-kafka-${randomUUID()}`,
    idempotent: true,
    // The client's default of one second is slept after nearly every commit.
    retryDelay: 5,
    retries: 20,
    // Also the transaction's.
    timeout: 15_000,
    partitioner: compatibilityPartitioner,
    serializers: stringSerializers,
  })
}

function messageOf({ eventID, eventName, dynamodb = {} }: StreamEvent['Records'][number]): {
  topic: string
  key: string
  value: string
} {
  const { Keys, NewImage, OldImage } = dynamodb
  const value = {
    id: eventID,
    type: eventName,
    sequenceNumber: dynamodb.SequenceNumber,
    time: dynamodb.ApproximateCreationDateTime,
    before: OldImage === undefined ? null : unmarshall(OldImage),
    after: NewImage === undefined ? null : unmarshall(NewImage),
  }
  return {
    topic: process.env['KAFKA_TOPIC'] ?? '',
    key: JSON.stringify(Keys === undefined ? null : unmarshall(Keys)),
    value: JSON.stringify(value),
  }
}

/** A producer that has failed in a transaction is of no use any more; the next invocation makes a new one. */
async function giveUp(failed: TextProducer, transaction: { abort(): Promise<void> }): Promise<void> {
  producer = undefined
  try {
    await transaction.abort()
  } catch {
    // What was open ends with its time-out.
  }
  await failed.close(true).catch(() => undefined)
}
