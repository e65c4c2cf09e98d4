import { retryForever } from '../../aws/retry-forever.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { retryEvent } from '../source-event.ts'
import type { KinesisContext } from './kinesis-context.ts'
import { parseStreamArn } from './stream-label.ts'
import type { StreamDescription } from './stream-summary.ts'

/** Which stream is meant. */
export interface StreamSelection {
  /** Name or ARN. */
  readonly stream: string
  /** The region that requests go to; an ARN of another one is refused. */
  readonly region: string
}

/** What stands for a stream where a table otherwise stands. */
export function tableOfStream({ label, createdAtMs, retentionMs, ...stream }: StreamDescription): Table {
  const { arn, name, region, account } = stream
  return {
    isStream: true,
    arn,
    name,
    id: new Date(createdAtMs).toISOString(),
    region,
    account,
    streamArn: label,
    viewType: 'NEW_AND_OLD_IMAGES',
    retentionMs,
    keySchema: [],
  }
}

/**
 * The stream as it is now. One that is still being created is waited for (STREAM_NOT_ACTIVE meanwhile). Throws
 * TABLE_NOT_FOUND if there is none, AWS_REGION if it is in another region than requests go to.
 */
export async function describeStream(
  context: KinesisContext,
  { stream, region }: StreamSelection,
  signal: AbortSignal,
): Promise<StreamDescription> {
  if (stream.startsWith('arn:')) refuseOtherRegion(stream, region)
  const { clock, rng, retry, giveUpOn, emit } = context
  const subject = { streamArn: stream }
  const look = async (): Promise<StreamDescription> => {
    const description = await context.descriptions.get(stream, clock.monotonic(), signal)
    if (description === undefined) {
      throw new TailraceError('TABLE_NOT_FOUND', `There is no Kinesis stream ${stream} in ${region}`, {
        details: { stream, region },
      })
    }
    if (description.status !== 'CREATING') return description
    throw new TailraceError('STREAM_NOT_ACTIVE', `The Kinesis stream ${stream} is being created`, { details: subject })
  }
  const onRetry: Parameters<typeof retryForever>[0]['onRetry'] = (retried) =>
    emit(retryEvent('DescribeStreamSummary', subject, retried))
  return await retryForever({ clock, rng, policy: retry, giveUpOn, onRetry }, look, signal)
}

function refuseOtherRegion(arn: string, region: string): void {
  const actual = parseStreamArn(arn)?.region
  if (actual === undefined) {
    throw new TailraceError('TABLE_NOT_FOUND', `${arn} is not the ARN of a Kinesis stream`, {
      details: { stream: arn },
    })
  }
  if (actual === region) return
  throw new TailraceError('AWS_REGION', `The stream ${arn} is in ${actual}, not in ${region}`, {
    details: { stream: arn, region },
  })
}
