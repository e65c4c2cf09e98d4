import { backoffDelay } from '../../async/backoff.ts'
import { untilAborted } from '../../async/until-aborted.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { TailraceError } from '../../errors.ts'
import { patientCall } from '../source-context.ts'
import type { KinesisContext } from './kinesis-context.ts'
import { lookAtStream } from './same-stream.ts'
import { parseStreamLabel } from './stream-label.ts'

/**
 * The consumer that a pipeline is at its stream, for enhanced fan-out. All processes of a pipeline are the same one. It is
 * registered by whoever misses it first, and stays when they have gone: it costs by the hour, and only people know whether
 * the pipeline will come back.
 */
export interface StreamConsumer {
  /**
   * Its ARN, once it is active; registers it if it is not there. Undefined if the stream is gone or another one has its name.
   * All who ask share one search, which goes on as long as anybody waits. Throttles, missing permissions and the like are
   * waited out; other errors of the service come as `AwsServiceError`.
   */
  arn(signal: AbortSignal): Promise<string | undefined>
  /** The service does not know it under this ARN: the next `arn` searches anew. */
  forget(arn: string): void
}

/** Which consumer of which stream. */
export interface ConsumerIdentity {
  /** The stream's label. */
  readonly streamArn: string
  readonly name: string
}

/** Registration takes some seconds. */
const activation = { baseMs: 500, capMs: 5_000, floorMs: 250 }

interface Search {
  waiters: number
  readonly stop: AbortController
  readonly found: Promise<string | undefined>
}

/** Makes no request before it is asked. */
export function createStreamConsumer(context: KinesisContext, identity: ConsumerIdentity): StreamConsumer {
  let known: string | undefined
  let search: Search | undefined

  const begin = (): Search => {
    const stop = new AbortController()
    const work = async (): Promise<string | undefined> => {
      try {
        known = await findOrRegister(context, identity, stop.signal)
        return known
      } finally {
        if (search === begun) search = undefined
      }
    }
    const begun: Search = { waiters: 0, stop, found: Promise.resolve().then(work) }
    return begun
  }
  return {
    arn: async (signal) => {
      signal.throwIfAborted()
      if (known !== undefined) return known
      search ??= begin()
      const mine = search
      mine.waiters++
      try {
        return await untilAborted(mine.found, signal)
      } finally {
        mine.waiters--
        if (mine.waiters === 0) {
          if (search === mine) search = undefined
          mine.stop.abort(new TailraceError('INTERNAL', 'nobody waits for the consumer'))
        }
      }
    },
    forget: (arn) => {
      if (known === arn) known = undefined
    },
  }
}

async function findOrRegister(
  context: KinesisContext,
  identity: ConsumerIdentity,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { clock, rng } = context
  for (let attempt = 0; ; attempt++) {
    const found = await describe(context, identity, signal)
    const stream = await lookAtStream(context, identity.streamArn, clock.monotonic(), signal)
    // Another stream of that name is not to get a consumer, and its consumer reads nothing that is wanted.
    if (stream.kind === 'gone') return undefined
    if (found?.status === 'ACTIVE') return found.arn
    if (found === undefined) await register(context, identity, signal)
    await clock.sleep(backoffDelay(activation, attempt, rng), signal)
  }
}

interface Description {
  readonly arn: string
  readonly status: string
}

/** Undefined if the stream has no consumer of that name. */
async function describe(
  context: KinesisContext,
  { streamArn, name }: ConsumerIdentity,
  signal: AbortSignal,
): Promise<Description | undefined> {
  try {
    return await patientCall(
      context,
      {
        service: 'kinesis',
        action: 'DescribeStreamConsumer',
        body: { StreamARN: parseStreamLabel(streamArn).arn, ConsumerName: name },
        subject: { streamArn },
        read: (answer) => readDescription(answer.body),
      },
      signal,
    )
  } catch (error) {
    if (error instanceof AwsServiceError && error.type === 'ResourceNotFoundException') return undefined
    throw error
  }
}

/** Whether it is this process that registers it, or another one in the same moment, makes no difference. */
async function register(context: KinesisContext, identity: ConsumerIdentity, signal: AbortSignal): Promise<void> {
  const { streamArn, name } = identity
  try {
    await patientCall(
      { ...context, api: tellingLimit(context.api, identity) },
      {
        service: 'kinesis',
        action: 'RegisterStreamConsumer',
        body: { StreamARN: parseStreamLabel(streamArn).arn, ConsumerName: name },
        subject: { streamArn },
        read: () => undefined,
      },
      signal,
    )
  } catch (error) {
    const isThere = error instanceof AwsServiceError && error.type === 'ResourceInUseException'
    if (!isThere) throw error
  }
}

function readDescription(body: unknown): Description {
  const description = isJsonObject(body) ? body['ConsumerDescription'] : undefined
  const { ConsumerARN: arn, ConsumerStatus: status } = isJsonObject(description) ? description : {}
  if (typeof arn !== 'string' || arn === '' || typeof status !== 'string')
    throw new TailraceError('AWS_RESPONSE', 'DescribeStreamConsumer answered without a readable consumer')
  return { arn, status }
}

/** The service has one name for too many requests and for too many consumers; only the latter needs somebody. */
function tellingLimit(api: AwsApi, { streamArn, name }: ConsumerIdentity): AwsApi {
  const exchange: AwsApi['exchange'] = async (request, signal) => {
    try {
      return await api.exchange(request, signal)
    } catch (error) {
      const isLimit = error instanceof TailraceError && error.details['type'] === 'LimitExceededException'
      if (!isLimit) throw error
      const what = `The consumer ${name} cannot be registered: the stream ${streamArn} takes no more at this time`
      throw new TailraceError('CONSUMER_LIMIT', what, { cause: error, details: { streamArn, consumer: name } })
    }
  }
  return { exchange, call: async (request, signal) => (await exchange(request, signal)).body }
}
