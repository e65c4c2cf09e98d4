import { isObject, ServiceError, textMember } from '../stream-simulator/service-error.ts'
import { requestedStream } from './kinesis-state.ts'
import type { Body, KinesisState } from './kinesis-state.ts'
import type { KinesisInput } from './kinesis-stream.ts'

/** PutRecord. */
export function putRecord(state: KinesisState, body: Body): unknown {
  const stream = requestedStream(state, body)
  const { shardId, sequenceNumber } = stream.put(inputOf(state, body))
  return { ShardId: shardId, SequenceNumber: sequenceNumber, EncryptionType: 'NONE' }
}

/** PutRecords, in their order; some may be refused (`refusedPuts`). */
export function putRecords(state: KinesisState, body: Body): unknown {
  const stream = requestedStream(state, body)
  const records = body['Records']
  if (!Array.isArray(records) || records.length < 1 || records.length > 500)
    throw new ServiceError('ValidationException', 'Records must be 1 to 500')
  const inputs = records.filter(isObject).map((record) => inputOf(state, record))
  const { refusedPuts } = state.settings
  const results = inputs.map((input) => {
    if (refusedPuts > 0 && state.rng.next() < refusedPuts)
      return { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded' }
    const { shardId, sequenceNumber } = stream.put(input)
    return { ShardId: shardId, SequenceNumber: sequenceNumber }
  })
  const refused = results.filter((result) => 'ErrorCode' in result).length
  return { FailedRecordCount: refused, EncryptionType: 'NONE', Records: results }
}

function inputOf(state: KinesisState, record: Body): KinesisInput {
  const partitionKey = textMember(record, 'PartitionKey')
  if (partitionKey.length > 256)
    throw new ServiceError('ValidationException', 'A partition key has 256 characters at most')
  const { Data: text, ExplicitHashKey: explicitHashKey } = record
  if (typeof text !== 'string') throw new ServiceError('ValidationException', 'A record has no Data')
  const data = Buffer.from(text, 'base64')
  if (data.length + partitionKey.length > state.settings.mostRecordBytes)
    throw new ServiceError('InvalidArgumentException', 'A record is too large')
  return { partitionKey, data, ...(typeof explicitHashKey === 'string' ? { explicitHashKey } : {}) }
}
