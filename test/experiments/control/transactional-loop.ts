import { Producer, stringSerializers } from '@platformatic/kafka'
import type { AwsApi } from '../../../src/aws/aws.ts'
import { streamPages } from './stream-pages.ts'
import type { PlainChange } from './stream-pages.ts'

/** Where a loop reads and writes. */
export interface TransactionalLoopOptions {
  readonly api: AwsApi
  readonly bootstrapServers: string
  readonly streamArn: string
  readonly shardId: string
  readonly topic: string
  readonly positionsTopic: string
  /** Of one request. Milliseconds. */
  readonly requestTimeoutMs: number
}

type TextProducer = Producer<string, string, string, string>

/**
 * Exactly once as tutorials have it, on a client's own transactions: for each page begin, send the records, send the
 * position, commit; on an error abort, and do the page again. The position is in the same transaction, and nothing here
 * is wrong by the client's documentation.
 */
export async function runTransactionalLoop(options: TransactionalLoopOptions, signal: AbortSignal): Promise<void> {
  const { api, streamArn, shardId } = options
  let producer = openProducer(options)
  let attempt = 0
  for await (const page of streamPages(api, streamArn, shardId, signal)) {
    for (let isDone = false; !isDone && !signal.aborted;) {
      attempt++
      try {
        await sendPage(producer, page, options, attempt)
        isDone = true
      } catch {
        // A producer that cannot even abort is replaced, and the new one fences it.
        await producer.close(true).catch(() => undefined)
        producer = openProducer(options)
      }
    }
  }
  await producer.close(true)
}

async function sendPage(
  producer: TextProducer,
  page: readonly PlainChange[],
  { topic, positionsTopic, shardId }: TransactionalLoopOptions,
  attempt: number,
): Promise<void> {
  const transaction = await producer.beginTransaction()
  try {
    for (const { key, value, sequenceNumber } of page) {
      // The last header is for the judge alone, who must know what the loop meant to be one transaction.
      const headers = { 'tailrace.shard': shardId, 'tailrace.seq': sequenceNumber, attempt: String(attempt) }
      await transaction.send({ messages: [{ topic, key, value, headers }] })
    }
    const value = page.at(-1)?.sequenceNumber ?? ''
    await transaction.send({
      messages: [{ topic: positionsTopic, key: shardId, value, headers: { attempt: String(attempt) } }],
    })
    await transaction.commit()
  } catch (error) {
    await transaction.abort()
    throw error
  }
}

function openProducer({ bootstrapServers, shardId, requestTimeoutMs }: TransactionalLoopOptions): TextProducer {
  return new Producer({
    clientId: 'control',
    bootstrapBrokers: [bootstrapServers],
    serializers: stringSerializers,
    idempotent: true,
    transactionalId: `control.${shardId}`,
    // Without these two the client claims to be producer 0, which a broker refuses.
    producerId: -1n,
    producerEpoch: -1,
    requestTimeout: requestTimeoutMs,
    retryDelay: 50,
    timeout: 10_000,
  })
}
