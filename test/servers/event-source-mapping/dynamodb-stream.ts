import type { AwsRequest } from '../../../src/aws/aws.ts'
import { isJsonObject } from '../../../src/aws/json-object.ts'
import type { JsonObject } from '../../../src/aws/json-object.ts'
import { compareSequenceNumbers } from '../../../src/change/sequence-number.ts'
import { readStreamDescription } from '../../../src/sources/dynamodb-streams/stream-description.ts'
import type { MappedRecord, MappedStream, ReadFrom } from './mapped-stream.ts'

/** A table's stream, which Lambda asks four times a second. */
export function dynamoDbStream(streamArn: string): MappedStream {
  const ask = (action: string, body: AwsRequest['body']): AwsRequest => ({ service: 'streams', action, body })
  return {
    pollMs: 250,
    listRequest: (after) =>
      ask('DescribeStream', {
        StreamArn: streamArn,
        Limit: 100,
        ...(after === undefined ? {} : { ExclusiveStartShardId: after }),
      }),
    readListing: (answer) => {
      const { shards, nextShardId, status } = readStreamDescription(answer)
      return {
        shards: shards.map(({ shardId, parents, endingSequenceNumber }) => ({
          shardId,
          parents,
          isOpen: endingSequenceNumber === undefined,
        })),
        next: nextShardId,
        isDisabled: status === 'DISABLED',
      }
    },
    iteratorRequest: (shardId, from) =>
      ask('GetShardIterator', { StreamArn: streamArn, ShardId: shardId, ...iteratorStart(from) }),
    recordsRequest: (iterator) => ask('GetRecords', { ShardIterator: iterator, Limit: 1_000 }),
    readRecords: (_, answer) => {
      const { Records: records, NextShardIterator: next } = isJsonObject(answer) ? answer : {}
      if (!Array.isArray(records)) throw new Error('GetRecords answered without records')
      return {
        records: records
          .map((record) => mappedRecord(record, streamArn))
          .toSorted((a, b) => compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber)),
        nextIterator: typeof next === 'string' ? next : undefined,
      }
    },
  }
}

function iteratorStart(from: ReadFrom): JsonObject {
  if (from.kind === 'oldest') return { ShardIteratorType: 'TRIM_HORIZON' }
  if (from.kind === 'latest') return { ShardIteratorType: 'LATEST' }
  return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: from.sequenceNumber }
}

/** The API spells the members of `userIdentity` with capitals, Lambda does not. */
function mappedRecord(record: unknown, streamArn: string): MappedRecord {
  const change = isJsonObject(record) ? record['dynamodb'] : undefined
  if (!isJsonObject(record) || !isJsonObject(change)) throw new Error('GetRecords answered with a record that is none')
  const { eventID, eventName, eventVersion, eventSource, awsRegion, userIdentity } = record
  const seconds = Number(change['ApproximateCreationDateTime'])
  const inEvent = {
    eventID,
    eventName,
    eventVersion,
    eventSource,
    awsRegion,
    dynamodb: { ...change, ApproximateCreationDateTime: seconds },
    ...(isJsonObject(userIdentity) ? { userIdentity: identityInEvent(userIdentity) } : {}),
    eventSourceARN: streamArn,
  }
  return {
    sequenceNumber: String(change['SequenceNumber']),
    key: keyText(change['Keys']),
    arrivedAtMs: seconds * 1_000,
    inEvent,
    bytes: Buffer.byteLength(JSON.stringify(inEvent)),
  }
}

function identityInEvent(identity: JsonObject): JsonObject {
  return {
    principalId: identity['PrincipalId'] ?? identity['principalId'],
    type: identity['Type'] ?? identity['type'],
  }
}

function keyText(keys: unknown): string {
  const entries = isJsonObject(keys) ? Object.entries(keys) : []
  return JSON.stringify(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
