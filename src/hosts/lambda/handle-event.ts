import type { Clock } from '../../async/clock.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { Logger } from '../../observe/logger.ts'
import type { BatchFunction } from './batch-function.ts'
import { readLambdaEvent } from './lambda-event.ts'
import { factsOf, failed, succeeded } from './lambda-response.ts'
import type { LambdaResponse } from './lambda-response.ts'
import type { MappingWatch } from './mappings/mapping-watch.ts'
import { withinTime } from './time-limit.ts'

/** What events are handled with; outlives them. */
export interface EventHandling {
  readonly config: PipelineConfig
  readonly logger: Logger
  readonly batches: BatchFunction
  readonly clock: Clock
  /** Knows how batches are handed over; a simulation has none. */
  readonly mappings?: MappingWatch
  readonly functionArn?: string
}

/**
 * One invocation, from the event to the answer. Resolves only when everything of the batch is dealt with, or when Lambda is told
 * from which record on it is not; rejects otherwise, at the latest shortly before `remainingMs` are over.
 */
export async function handleEvent(
  event: unknown,
  remainingMs: number,
  { config, logger, batches, clock, mappings, functionArn = '' }: EventHandling,
): Promise<LambdaResponse> {
  const batch = readLambdaEvent(event)
  const invocation = { functionArn, sourceArn: batch.records.length === 0 ? undefined : batch.sourceArn }
  const run = (signal: AbortSignal): ReturnType<BatchFunction['run']> => batches.run(batch, signal)
  const outcome = await withinTime(
    clock,
    remainingMs,
    (signal) => mappings?.guard(invocation, signal, run) ?? run(signal),
    () => batches.lastDoubt,
  )
  logger.debug('a batch was delivered', { ...factsOf(outcome), shard: batch.shardId })
  if (outcome.failure === undefined) return succeeded(batch)
  const reportsItemFailures = mappings?.reportsItemFailures(invocation) ?? config.lambda.reportsItemFailures === true
  const answer = failed(batch, outcome.failure, { delivery: config.delivery, reportsItemFailures })
  if (answer === undefined) throw outcome.failure.error
  const { code, message } = outcome.failure.error
  logger.error(`a record cannot pass: ${message}`, { code, sequenceNumber: outcome.failure.sequenceNumber })
  return answer
}
