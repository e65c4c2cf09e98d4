import { backoffDelay } from '../../async/backoff.ts'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { retryForever } from '../../aws/retry-forever.ts'
import type { KinesisChange } from './kinesis-change.ts'

/** Where records go, and what waiting needs. */
export interface KinesisPutterOptions {
  readonly api: AwsApi
  /** Name of the stream. */
  readonly stream: string
  readonly clock: Clock
  readonly rng: Rng
}

/** Records of one request at most, and their bytes. */
const mostRecords = 500
const mostBytes = 4 * 1024 * 1024
const policy = { baseMs: 20, capMs: 1_000 }

/**
 * Writes records in their order and resolves when Kinesis has all of them. What is refused or not answered is written again,
 * so a bad connection makes duplicates; and a record that is refused falls behind those that were not.
 */
export async function putChanges(
  { api, stream, clock, rng }: KinesisPutterOptions,
  changes: readonly KinesisChange[],
  signal: AbortSignal,
): Promise<void> {
  for (const batch of batches(changes)) {
    let left = batch
    for (let attempt = 0; left.length > 0; attempt++) {
      if (attempt > 0) await clock.sleep(backoffDelay(policy, attempt, rng), signal)
      const body = {
        StreamName: stream,
        Records: left.map(({ partitionKey, data }) => ({
          PartitionKey: partitionKey,
          Data: data.toString('base64'),
        })),
      }
      const call = (): Promise<unknown> => api.call({ service: 'kinesis', action: 'PutRecords', body }, signal)
      left = refused(left, await retryForever({ clock, rng, policy }, call, signal))
    }
  }
}

function* batches(changes: readonly KinesisChange[]): Generator<readonly KinesisChange[]> {
  let batch: KinesisChange[] = []
  let bytes = 0
  for (const change of changes) {
    if (batch.length >= mostRecords || (batch.length > 0 && bytes + change.data.length > mostBytes)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(change)
    bytes += change.data.length
  }
  if (batch.length > 0) yield batch
}

function refused(changes: readonly KinesisChange[], answer: unknown): readonly KinesisChange[] {
  const results = isJsonObject(answer) ? answer['Records'] : undefined
  if (!Array.isArray(results) || results.length !== changes.length)
    throw new Error('PutRecords was answered without a result for each record')
  return changes.filter((_, index) => {
    const result: unknown = results[index]
    return !isJsonObject(result) || typeof result['SequenceNumber'] !== 'string'
  })
}
