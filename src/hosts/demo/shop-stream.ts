import { z } from 'zod'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi, AwsRequest } from '../../aws/aws.ts'
import { createCredentialsCache } from '../../aws/credentials.ts'
import { createAwsApi } from '../../aws/signed-request.ts'
import { TailraceError } from '../../errors.ts'
import { createDynamoDbStreamsSource } from '../../sources/dynamodb-streams/dynamodb-streams-source.ts'
import { madeUpCredentials, shopStream } from './demo-pipeline.ts'
import { createKinesisBridge } from './kinesis-bridge.ts'
import type { KinesisBridgeCounts } from './kinesis-bridge.ts'
import { shopRegion, shopTable } from './shop-table.ts'

/** The table's Kinesis stream, and the bridge that fills it from the table's own. Disposing stops the bridge. */
export interface ShopStream extends AsyncDisposable {
  readonly counts: KinesisBridgeCounts
  /** Aborts, with the error as its reason, when the bridge cannot go on. */
  readonly failed: AbortSignal
}

/** Where both services are, and what the bridge runs on. */
export interface ShopStreamOptions {
  readonly dynamodbEndpoint: string
  readonly kinesisEndpoint: string
  readonly clock: Clock
  readonly rng: Rng
}

/** What the bridge does badly on purpose, as DynamoDB may: it repeats changes, and delivers some behind others. */
export const bridgeFaults = { duplicates: 0.03, delays: 0.03, windowMs: 500 }

const shards = 2
const activePollMs = 50
/** The bridge stands in for DynamoDB itself, whose changes are in Kinesis within milliseconds. */
const polling = { minIntervalMs: 50, idleBaseMs: 50, idleCapMs: 100 }

const summaryAnswer = z.object({ StreamDescriptionSummary: z.object({ StreamStatus: z.string() }) })

/** Makes the stream and opens the bridge into it. The table must have a stream of both images by now. */
export async function openShopStream(options: ShopStreamOptions, signal: AbortSignal): Promise<ShopStream> {
  const { dynamodbEndpoint, kinesisEndpoint, clock, rng } = options
  await using stack = new AsyncDisposableStack()
  const api = stack.use(
    createAwsApi({
      clock,
      region: shopRegion,
      credentials: createCredentialsCache({ clock, load: madeUpCredentials }),
      overrides: { dynamodb: dynamodbEndpoint, streams: dynamodbEndpoint, kinesis: kinesisEndpoint },
    }),
  )
  await createStream(api, clock, signal)
  const source = createDynamoDbStreamsSource({ api, clock, rng, region: shopRegion, tables: [shopTable], polling })
  const settings = { faults: bridgeFaults }
  const bridge = createKinesisBridge({ source, api, stream: shopStream, clock, rng, settings })
  const stop = new AbortController()
  const failed = new AbortController()
  const running = bridge.run(stop.signal).catch((error: unknown) => failed.abort(error))
  stack.defer(async () => {
    stop.abort()
    await running
  })
  const owned = stack.move()
  return {
    get counts() {
      return bridge.counts
    },
    failed: failed.signal,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function createStream(api: AwsApi, clock: Clock, signal: AbortSignal): Promise<void> {
  const name = { StreamName: shopStream }
  const create = { action: 'CreateStream', body: { ...name, ShardCount: shards }, hasEmptyAnswer: true }
  await send(api, create, signal)
  const describe = { action: 'DescribeStreamSummary', body: name }
  while (summaryAnswer.parse(await send(api, describe, signal)).StreamDescriptionSummary.StreamStatus !== 'ACTIVE')
    await clock.sleep(activePollMs, signal)
}

async function send(api: AwsApi, request: Omit<AwsRequest, 'service'>, signal: AbortSignal): Promise<unknown> {
  try {
    return await api.call({ service: 'kinesis', ...request }, signal)
  } catch (error) {
    if (signal.aborted) throw error
    const reason = error instanceof AwsServiceError ? ` (${error.type})` : ''
    throw new TailraceError('LOCAL_SERVER', `the local Kinesis failed at ${request.action}${reason}`, { cause: error })
  }
}
