import type { Table } from '../src/change/table.ts'
import { decodeStreamRecord } from '../src/decode/decode-stream-record.ts'
import { createDebeziumEnvelope } from '../src/envelope/debezium-envelope.ts'
import { createJsonSerializer } from '../src/serialize/json-serializer.ts'

/**
 * What the record path (wire record → key, value and headers of Kafka records) costs, against the least that any
 * program must pay that writes JSON: `JSON.stringify` of the wire record and a Buffer of it. Rounds alternate, and CPU
 * time counts, not the clock. Ends with one JSON line.
 */

const recordsPerPage = 1000
const rounds = 15
const pagesPerRound = 40
const shardId = 'shardId-00000001795426137710-6c8358a2'

const table: Table = {
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

type Make = (index: number) => unknown

/** About 400 bytes of item data: two images of a small order. */
function modify(index: number): unknown {
  return wireRecord(index, 'MODIFY', { OldImage: order(index, 'OPEN'), NewImage: order(index, 'SHIPPED') })
}

/** A wire record of about 400 characters in all: the worst relation of envelope to content. */
function insert(index: number): unknown {
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

function measure(name: string, make: Make): void {
  const page: readonly unknown[] = JSON.parse(JSON.stringify(Array.from({ length: recordsPerPage }, (_, i) => make(i))))
  const floor = (): number => {
    const records = page.map((record) => ({ value: Buffer.from(JSON.stringify(record)) }))
    return records.reduce((sum, record) => sum + record.value.length, 0)
  }
  const path = recordPath(page)
  const costs = { floor: [] as number[], tailrace: [] as number[] }
  for (let round = -3; round < rounds; round++) {
    const floorNs = cpuNsPerRecord(floor)
    const tailraceNs = cpuNsPerRecord(path)
    if (round < 0) continue
    costs.floor.push(floorNs)
    costs.tailrace.push(tailraceNs)
  }
  const floorNs = median(costs.floor)
  const tailraceNs = median(costs.tailrace)
  const bytes = { wire: floor() / recordsPerPage, output: path() / recordsPerPage }
  console.log(
    JSON.stringify({ suite: 'serialize', case: name, bytes, floorNs, tailraceNs, ratio: tailraceNs / floorNs }),
  )
}

/** One page through the whole path; the sum of what came out, so that none of it can be optimised away. */
function recordPath(page: readonly unknown[]): () => number {
  const envelope = createDebeziumEnvelope({ table, name: 'shop', connectorVersion: '0.1.0', tombstonesOnDelete: true })
  const serializer = createJsonSerializer({ numbers: 'exact', schemasEnable: false })
  return () => {
    const records = []
    for (const wire of page) {
      const event = decodeStreamRecord(wire, table, shardId)
      for (const { key, value, headers } of serializer.serialize(envelope.wrap(event, 1_795_426_137_123))) {
        records.push({ topic: 'shop.orders', partition: 0, key, value, headers, timestamp: event.createdAtMs })
      }
    }
    return records.reduce((sum, record) => sum + record.key.length + (record.value?.length ?? 0), 0)
  }
}

function cpuNsPerRecord(work: () => number): number {
  const start = process.cpuUsage()
  for (let index = 0; index < pagesPerRound; index++) work()
  const { user, system } = process.cpuUsage(start)
  return Math.round(((user + system) * 1000) / (pagesPerRound * recordsPerPage))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

measure('modify', modify)
measure('insert', insert)
