import type { Fault, SimulatedRequest } from '../stream-simulator/fault-plan.ts'
import { errorAnswer } from '../stream-simulator/operations.ts'
import type { ServiceAnswer } from '../stream-simulator/operations.ts'
import { ServiceError } from '../stream-simulator/service-error.ts'
import type { Body, KinesisState } from './kinesis-state.ts'
import * as listing from './listing-operations.ts'
import * as reading from './reading-operations.ts'
import * as streams from './stream-operations.ts'
import * as writing from './writing-operations.ts'

type Operation = (state: KinesisState, body: Body, fault: Fault | undefined) => unknown

const operations: Readonly<Record<string, Operation>> = {
  CreateStream: streams.createStream,
  DecreaseStreamRetentionPeriod: streams.decreaseRetention,
  DeleteStream: streams.deleteStream,
  DescribeStreamSummary: listing.describeStreamSummary,
  GetRecords: reading.getRecords,
  GetShardIterator: reading.getShardIterator,
  IncreaseStreamRetentionPeriod: streams.increaseRetention,
  ListShards: listing.listShards,
  ListStreams: listing.listStreams,
  MergeShards: streams.mergeShards,
  PutRecord: writing.putRecord,
  PutRecords: writing.putRecords,
  SplitShard: streams.splitShard,
  UpdateShardCount: streams.updateShardCount,
  UpdateStreamMode: streams.updateStreamMode,
  UpdateStreamRecordDistributionStrategy: streams.updateDistribution,
}

/**
 * Does what a request asks for, after whatever was due until now. Throws ServiceError; faults of the way there and back are
 * not looked at. Operations without an answer answer an empty text.
 */
export function performKinesis(
  state: KinesisState,
  request: SimulatedRequest,
  fault: Fault | undefined,
): ServiceAnswer {
  if (fault?.kind === 'error') return errorAnswer(fault.statusCode, fault.type, fault.message ?? fault.type)
  if (fault?.kind === 'html') return { statusCode: fault.statusCode, text: '<html><body>proxy</body></html>' }
  const operation = operations[request.action]
  if (operation === undefined)
    throw new ServiceError('UnknownOperationException', `Unknown operation ${request.action}`)
  state.settle()
  const result = operation(state, request.body, fault)
  if (fault?.kind === 'empty-object') return { statusCode: 200, text: '{}' }
  return { statusCode: 200, text: typeof result === 'string' ? result : JSON.stringify(result) }
}

/** What Kinesis answers to whoever reads a shard too fast. */
export const kinesisThrottled: Fault = {
  kind: 'error',
  statusCode: 400,
  type: 'ProvisionedThroughputExceededException',
  message: 'Rate exceeded for shard shardId-000000000000 in stream simulated',
}

/** What Kinesis answers when something is wrong with itself. */
export const kinesisInternalFailure: Fault = { kind: 'error', statusCode: 500, type: 'InternalFailure', message: '' }
