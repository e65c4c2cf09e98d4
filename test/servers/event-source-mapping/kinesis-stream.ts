import type { AwsRequest } from '../../../src/aws/aws.ts'
import { isJsonObject } from '../../../src/aws/json-object.ts'
import type { JsonObject } from '../../../src/aws/json-object.ts'
import { compareSequenceNumbers } from '../../../src/change/sequence-number.ts'
import { readShardsPage } from '../../../src/sources/kinesis/listed-shard.ts'
import type { MappedRecord, MappedStream, ReadFrom } from './mapped-stream.ts'

/** A Kinesis stream, which Lambda asks once a second without a consumer of its own. */
export function kinesisStream(streamArn: string): MappedStream {
  const ask = (action: string, body: AwsRequest['body']): AwsRequest => ({ service: 'kinesis', action, body })
  return {
    pollMs: 1_000,
    listRequest: (after) => ask('ListShards', after === undefined ? { StreamARN: streamArn } : { NextToken: after }),
    readListing: (answer) => {
      const { shards, nextToken } = readShardsPage(answer)
      return {
        shards: shards.map(({ shardId, parents, endingSequenceNumber }) => ({
          shardId,
          parents,
          isOpen: endingSequenceNumber === undefined,
        })),
        next: nextToken,
        isDisabled: false,
      }
    },
    iteratorRequest: (shardId, from) =>
      ask('GetShardIterator', { StreamARN: streamArn, ShardId: shardId, ...iteratorStart(from) }),
    recordsRequest: (iterator) => ask('GetRecords', { ShardIterator: iterator, Limit: 10_000, StreamARN: streamArn }),
    readRecords: (shardId, answer) => {
      const { Records: records, NextShardIterator: next } = isJsonObject(answer) ? answer : {}
      if (!Array.isArray(records)) throw new Error('GetRecords answered without records')
      return {
        records: records
          .map((record) => mappedRecord(record, shardId, streamArn))
          .toSorted((a, b) => compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber)),
        nextIterator: typeof next === 'string' ? next : undefined,
      }
    },
  }
}

function iteratorStart(from: ReadFrom): JsonObject {
  if (from.kind === 'oldest') return { ShardIteratorType: 'TRIM_HORIZON' }
  if (from.kind === 'latest') return { ShardIteratorType: 'LATEST' }
  return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: from.sequenceNumber }
}

function mappedRecord(record: unknown, shardId: string, streamArn: string): MappedRecord {
  if (!isJsonObject(record)) throw new Error('GetRecords answered with a record that is none')
  const seconds = Number(record['ApproximateArrivalTimestamp'])
  const sequenceNumber = String(record['SequenceNumber'])
  const [, , , region = '', account = ''] = streamArn.split(':')
  const inEvent = {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: record['PartitionKey'],
      sequenceNumber,
      data: record['Data'],
      approximateArrivalTimestamp: seconds,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shardId}:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: `arn:aws:iam::${account}:role/function`,
    awsRegion: region,
    eventSourceARN: streamArn,
  }
  return {
    sequenceNumber,
    key: String(record['PartitionKey']),
    arrivedAtMs: seconds * 1_000,
    inEvent,
    bytes: Buffer.byteLength(JSON.stringify(inEvent)),
  }
}
