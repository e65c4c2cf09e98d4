import { Producer, stringSerializers } from '@platformatic/kafka'
import type { AwsApi } from '../../../src/aws/aws.ts'
import { streamPages } from './stream-pages.ts'

/** Where a loop reads and writes. */
export interface PlainLoopOptions {
  readonly api: AwsApi
  readonly bootstrapServers: string
  readonly streamArn: string
  readonly shardId: string
  readonly topic: string
  /** Of one request. Milliseconds. */
  readonly requestTimeoutMs: number
}

/** Reads a page, sends it, and sends it again when that failed: a client with default settings, and no transactions. */
export async function runPlainLoop(options: PlainLoopOptions, signal: AbortSignal): Promise<void> {
  const { api, streamArn, shardId, topic, bootstrapServers, requestTimeoutMs } = options
  const producer = new Producer({
    clientId: 'control',
    bootstrapBrokers: [bootstrapServers],
    serializers: stringSerializers,
    requestTimeout: requestTimeoutMs,
    retryDelay: 50,
  })
  for await (const page of streamPages(api, streamArn, shardId, signal)) {
    const messages = page.map(({ key, value, sequenceNumber }) => {
      return { topic, key, value, headers: { 'tailrace.shard': shardId, 'tailrace.seq': sequenceNumber } }
    })
    for (let isSent = false; !isSent && !signal.aborted;) {
      isSent = await producer.send({ messages }).then(
        () => true,
        () => false,
      )
    }
  }
  await producer.close(true)
}
