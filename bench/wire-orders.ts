import type { Table } from '../src/change/table.ts'

/** The shard that the records of the suites `serialize` and `formats` are of. */
export const shardId = 'shardId-00000001795426137710-6c8358a2'

/** Their table. */
export const table: Table = {
  arn: 'arn:aws:dynamodb:us-east-1:123456789012:table/orders',
  name: 'orders',
  id: '8f1c3f3c-6f6b-4b57-9a0e-0d0f3b1f6a11',
  region: 'us-east-1',
  account: '123456789012',
  streamArn: 'arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-20T08:00:00.000',
  viewType: 'NEW_AND_OLD_IMAGES',
  keySchema: [
    { name: 'pk', type: 'S' },
    { name: 'sk', type: 'S' },
  ],
}

/** Makes a record of DynamoDB Streams. */
export type Make = (index: number) => unknown

/** About 400 bytes of item data: two images of a small order. */
export function modify(index: number): unknown {
  return wireRecord(index, 'MODIFY', { OldImage: order(index, 'OPEN'), NewImage: order(index, 'SHIPPED') })
}

/** A wire record of about 400 characters in all: the worst relation of envelope to content. */
export function insert(index: number): unknown {
  return wireRecord(index, 'INSERT', { NewImage: { ...keys(index), qty: { N: String(index) }, done: { BOOL: false } } })
}

function wireRecord(index: number, eventName: string, images: object): unknown {
  return {
    awsRegion: 'us-east-1',
    dynamodb: {
      ApproximateCreationDateTime: 1_795_426_137 + Math.floor(index / 50),
      Keys: keys(index),
      ...images,
      SequenceNumber: String(100_000_000_002_572_486_000n + BigInt(index)),
      SizeBytes: 400,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
    eventID: `e862b143${String(index).padStart(24, '0')}`,
    eventName,
    eventSource: 'aws:dynamodb',
    eventVersion: '1.1',
  }
}

function keys(index: number): object {
  return { pk: { S: `USER#${index}` }, sk: { S: `ORDER#${index % 10}` } }
}

function order(index: number, status: string): object {
  return {
    ...keys(index),
    status: { S: status },
    total: { N: '1234567.50' },
    qty: { N: String(index % 100) },
    note: { S: 'please leave it at the door and ring twice, thank you' },
    tags: { SS: ['gift', 'express'] },
    address: { M: { street: { S: 'Main Street 12' }, zip: { S: '12345' } } },
    paid: { BOOL: true },
  }
}
