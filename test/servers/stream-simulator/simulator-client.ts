import type { Clock } from '../../../src/async/clock.ts'
import { seededRng } from '../../../src/async/rng.ts'
import { systemClock } from '../../../src/async/system-clock.ts'
import type { AwsApi } from '../../../src/aws/aws.ts'
import { createCredentialsCache } from '../../../src/aws/credentials.ts'
import { createAwsApi } from '../../../src/aws/signed-request.ts'
import type { AwsApiOptions } from '../../../src/aws/signed-request.ts'
import { createDynamoDbStreamsSource } from '../../../src/sources/dynamodb-streams/dynamodb-streams-source.ts'
import type { DynamoDbStreamsOptions } from '../../../src/sources/dynamodb-streams/dynamodb-streams-source.ts'
import type { SourceEvent } from '../../../src/sources/source-event.ts'
import type { ShardReader, Source } from '../../../src/sources/source.ts'

/** The product's own AWS client against a local endpoint, with fixed credentials unless others are given. */
export function connectTo(endpoint: string, options?: Partial<AwsApiOptions>): AwsApi & AsyncDisposable {
  const clock = options?.clock ?? systemClock
  return createAwsApi({
    clock,
    region: 'eu-central-1',
    overrides: { dynamodb: endpoint, streams: endpoint, tagging: endpoint },
    credentials: createCredentialsCache({
      clock,
      load: () => Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'local' }),
    }),
    ...options,
  })
}

/** A source over `api` whose waits pass on `clock`, with the events that it reported. */
export function sourceOver(
  api: AwsApi,
  clock: Clock,
  options?: Partial<DynamoDbStreamsOptions>,
): { readonly source: Source; readonly events: readonly SourceEvent[] } {
  const events: SourceEvent[] = []
  const source = createDynamoDbStreamsSource({
    api,
    clock,
    rng: seededRng(7),
    region: 'eu-central-1',
    tables: ['*'],
    onEvent: (event) => events.push(event),
    ...options,
  })
  return { source, events }
}

/** Reads until the shard ends, or until so many records have come. */
export async function drain(
  reader: ShardReader,
  signal: AbortSignal,
  atLeast = Number.POSITIVE_INFINITY,
): Promise<DrainedShard> {
  const records: unknown[] = []
  let pages = 0
  let isEnd = false
  while (!isEnd && records.length < atLeast) {
    const page = await reader.read(signal)
    records.push(...page.records)
    pages++
    isEnd = page.isEnd
  }
  return { records, pages, isEnd }
}

/** What reading a shard gave. */
export interface DrainedShard {
  readonly records: readonly unknown[]
  readonly pages: number
  readonly isEnd: boolean
}

/** Sequence numbers of wire records. */
export function sequenceNumbers(records: readonly unknown[]): string[] {
  return records.map((record) => member(member(record, 'dynamodb'), 'SequenceNumber')).map(String)
}

/** A member of something that `JSON.parse` gave; undefined if there is none. */
export function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.entries(value).find(([key]) => key === name)?.[1]
}
