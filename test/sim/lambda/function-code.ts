import { openBatchFunction } from '../../../src/hosts/lambda/batch-function.ts'
import type { BatchFunction } from '../../../src/hosts/lambda/batch-function.ts'
import { handleEvent } from '../../../src/hosts/lambda/handle-event.ts'
import { withinTime } from '../../../src/hosts/lambda/time-limit.ts'
import { kinesisSourceOf } from '../../../src/hosts/kinesis-source-of.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { createDynamoDbStreamsSource } from '../../../src/sources/dynamodb-streams/dynamodb-streams-source.ts'
import type { Source } from '../../../src/sources/source.ts'
import type { SandboxCode, SandboxPorts } from './simulated-sandbox.ts'

/** The product's function: all of it but the reading of its file, its log, and real time and sockets. */
export const productCode: SandboxCode = (ports) => {
  const { config, timeLimitMs } = ports
  const logger = silentLogger
  let batches: BatchFunction | undefined
  return async (event, remainingMs, clock) => {
    const open = (): Promise<BatchFunction> =>
      openBatchFunction(
        config,
        {
          ...ports,
          source: sourceOf(ports),
          transactionTimeoutMs: Math.min(config.kafka.transactionTimeoutMs, timeLimitMs),
        },
        '0.0.0-sim',
      )
    batches ??= await withinTime(clock, remainingMs, open, () => undefined)
    return handleEvent(event, remainingMs, { config, logger, batches, clock })
  }
}

function sourceOf({ config: { source }, api, clock, rng }: SandboxPorts): Pick<Source, 'describeTable' | 'listShards'> {
  if (source.type !== 'kinesis') {
    const { region, tables } = source
    return createDynamoDbStreamsSource({ api, clock, rng, region, tables, alsoDisabled: true })
  }
  const streams = { open: () => Promise.reject(new Error('there is no fan-out')) }
  return kinesisSourceOf(source, { api, streams }, { clock, rng, env: {} })
}
