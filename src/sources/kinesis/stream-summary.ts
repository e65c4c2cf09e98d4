import { isJsonObject } from '../../aws/json-object.ts'
import type { JsonObject } from '../../aws/json-object.ts'
import { TailraceError } from '../../errors.ts'
import { labelStream, parseStreamArn } from './stream-label.ts'

/** A Kinesis stream as DescribeStreamSummary shows it. */
export interface StreamDescription {
  readonly name: string
  readonly arn: string
  /** See `stream-label.ts`. */
  readonly label: string
  readonly region: string
  readonly account: string
  /** Records can be read and written in all of them but `CREATING`. */
  readonly status: 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING'
  readonly createdAtMs: number
  /** For how long a record is kept. Milliseconds; a decrease takes effect at once. */
  readonly retentionMs: number
  /** Undefined where the service does not say, like the three below. */
  readonly mode: string | undefined
  /** `USER_PARTITION_KEY`, or `AUTO`: then records of one partition key are spread over shards. */
  readonly distribution: string | undefined
  readonly encryption: string | undefined
  /** Registered consumers of enhanced fan-out. */
  readonly consumers: number | undefined
}

const statuses = ['CREATING', 'ACTIVE', 'UPDATING', 'DELETING'] as const
const hourMs = 3_600_000

/** Reads DescribeStreamSummary's answer. Throws AWS_RESPONSE for one that is not understood. */
export function readStreamSummary(body: unknown): StreamDescription {
  const summary = isJsonObject(body) ? body['StreamDescriptionSummary'] : undefined
  if (!isJsonObject(summary)) throw misshapen('StreamDescriptionSummary')
  const { StreamARN: arn, RetentionPeriodHours: hours, StreamCreationTimestamp: created } = summary
  const parsed = typeof arn === 'string' ? parseStreamArn(arn) : undefined
  if (parsed === undefined) throw misshapen('StreamARN')
  const status = statuses.find((known) => known === summary['StreamStatus'])
  if (status === undefined) throw misshapen('StreamStatus')
  if (typeof hours !== 'number' || !(hours > 0)) throw misshapen('RetentionPeriodHours')
  if (typeof created !== 'number' || !Number.isFinite(created)) throw misshapen('StreamCreationTimestamp')
  const createdAtMs = Math.round(created * 1000)
  const { StreamModeDetails: modes, ConsumerCount: consumers } = summary
  return {
    ...parsed,
    label: labelStream(parsed.arn, createdAtMs),
    status,
    createdAtMs,
    retentionMs: hours * hourMs,
    mode: isJsonObject(modes) ? optionalText(modes, 'StreamMode') : undefined,
    distribution: optionalText(summary, 'RecordDistributionStrategy'),
    encryption: optionalText(summary, 'EncryptionType'),
    consumers: typeof consumers === 'number' ? consumers : undefined,
  }
}

function optionalText(object: JsonObject, member: string): string | undefined {
  const value = object[member]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function misshapen(member: string): TailraceError {
  return new TailraceError('AWS_RESPONSE', `DescribeStreamSummary answered without a readable ${member}`)
}
