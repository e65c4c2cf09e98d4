import type { Clock } from '../../async/clock.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { Logger } from '../../observe/logger.ts'
import type { BatchFunction } from './batch-function.ts'
import { readLambdaEvent } from './lambda-event.ts'
import { factsOf, failed, succeeded } from './lambda-response.ts'
import type { LambdaResponse } from './lambda-response.ts'
import { withinTime } from './time-limit.ts'

/** What events are handled with; outlives them. */
export interface EventHandling {
  readonly config: PipelineConfig
  readonly logger: Logger
  readonly batches: BatchFunction
  readonly clock: Clock
}

/**
 * One invocation, from the event to the answer. Resolves only when everything of the batch is dealt with, or when Lambda is told
 * from which record on it is not; rejects otherwise, at the latest shortly before `remainingMs` are over.
 */
export async function handleEvent(
  event: unknown,
  remainingMs: number,
  { config, logger, batches, clock }: EventHandling,
): Promise<LambdaResponse> {
  const batch = readLambdaEvent(event)
  const outcome = await withinTime(
    clock,
    remainingMs,
    (signal) => batches.run(batch, signal),
    () => batches.lastDoubt,
  )
  logger.debug('a batch was delivered', { ...factsOf(outcome), shard: batch.shardId })
  if (outcome.failure === undefined) return succeeded(batch)
  const answer = failed(batch, outcome.failure, config)
  if (answer === undefined) throw outcome.failure.error
  const { code, message } = outcome.failure.error
  logger.error(`a record cannot pass: ${message}`, { code, sequenceNumber: outcome.failure.sequenceNumber })
  return answer
}
