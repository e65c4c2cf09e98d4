import * as library from '@platformatic/kafka'
import { ResponseError } from '@platformatic/kafka'
import type { Reader as WireReader, Writer as WireWriter } from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { answerWithCode } from './kafka-answers.ts'
import { apiKeys } from './kafka-apis.ts'
import { createFrameSplitter, readAnswer, readRequest } from './kafka-frames.ts'
import { encodeFields } from './kafka-layout.ts'
import { kafkaLayouts, layoutOf } from './kafka-layouts.ts'
import type { KafkaFields } from './toxic.ts'

const cluster = {
  brokers: [{ nodeId: 7, host: 'broker', port: 9092, rack: null }],
  clusterId: 'the-cluster',
  controllerId: 7,
}
const topicId = '0195f7a2-1111-4222-8333-944445555666'
const partitions = [{ partitionIndex: 3 }]
const topic = { name: 'orders', topic: 'orders', topicId, partitions }

/** A request of each API, as far as its answer depends on it. */
const requests: Readonly<Record<number, KafkaFields>> = {
  [apiKeys.Produce]: {
    acks: -1,
    topics: [{ ...topic, partitions: [{ partitionIndex: 3, records: Buffer.from('xy') }] }],
  },
  [apiKeys.Fetch]: { topics: [topic] },
  [apiKeys.ListOffsets]: { topics: [topic] },
  [apiKeys.Metadata]: { topics: [topic] },
  [apiKeys.FindCoordinator]: { key: 'lane', keyType: 1, coordinatorKeys: ['lane'] },
  [apiKeys.JoinGroup]: { groupId: 'shop', memberId: 'me' },
  [apiKeys.SyncGroup]: { groupId: 'shop', memberId: 'me' },
  [apiKeys.Heartbeat]: { groupId: 'shop', memberId: 'me' },
  [apiKeys.InitProducerId]: { transactionalId: null },
  [apiKeys.AddPartitionsToTxn]: { transactionalId: 'lane', topics: [{ name: 'orders', partitions: [3] }] },
  [apiKeys.EndTxn]: { transactionalId: 'lane', committed: true },
}

const everyVersion = Object.entries(apiKeys).flatMap(([name, apiKey]) => {
  const layout = kafkaLayouts.get(apiKey)
  if (layout === undefined) return []
  return [...Array(layout.max - layout.min + 1).keys()].map((n) => [name, apiKey, layout.min + n] as const)
})

function requestFrame(apiKey: number, version: number): Buffer {
  const layout = layoutOf(apiKey, version, 'request')
  if (layout === undefined) throw new Error('no layout')
  const clientId = Buffer.from('client')
  const head = Buffer.alloc(10)
  head.writeInt16BE(apiKey, 0)
  head.writeInt16BE(version, 2)
  head.writeInt32BE(4711, 4)
  head.writeInt16BE(clientId.length, 8)
  const tags = Buffer.alloc(layout.isFlexible ? 1 : 0)
  const body = Buffer.concat([head, clientId, tags, encodeFields(layout, requests[apiKey] ?? {})])
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** One version of one API as another implementation of the protocol knows it; undefined where it does not. */
interface ForeignApi {
  readonly api: unknown
  createRequest(...request: unknown[]): WireWriter
  parseResponse(correlationId: number, apiKey: number, apiVersion: number, reader: WireReader): unknown
}

function foreignApi(name: string, version: number): ForeignApi | undefined {
  const member = `${name.charAt(0).toLowerCase()}${name.slice(1)}V${version}`
  return (library as unknown as Readonly<Record<string, ForeignApi>>)[member]
}

test('every API with a layout has a request here', () => {
  expect(new Set(Object.keys(requests).map(Number))).toEqual(new Set(kafkaLayouts.keys()))
})

test.each(everyVersion)(
  '%s (API %i) version %i: the answer carries the code, and is read as such',
  (name, apiKey, version) => {
    const request = readRequest(requestFrame(apiKey, version))
    expect(request).toMatchObject({ apiKey, apiVersion: version, correlationId: 4711, clientId: 'client' })
    const frame = answerWithCode(request, 41, cluster)
    expect(createFrameSplitter().push(frame)).toEqual([frame])
    expect(frame.readInt32BE(4)).toBe(4711)
    expect(readAnswer(request, frame)).toMatchObject({ apiKey, apiVersion: version, errorCode: 41 })

    const foreign = foreignApi(name, version)
    if (foreign === undefined) return
    const isFlexible = layoutOf(apiKey, version, 'answer')?.isFlexible === true
    const reader = library.Reader.from(frame.subarray(isFlexible ? 9 : 8))
    let seen: unknown
    try {
      seen = foreign.parseResponse(4711, apiKey, version, reader)
    } catch (error) {
      if (!(error instanceof ResponseError)) throw error
      seen = error['response']
    }
    expect(JSON.stringify(seen, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).toMatch(
      /rrorCode":41\b/,
    )
    expect(reader.remaining).toBe(0)
  },
)

test('most versions were compared with another implementation', () => {
  const compared = everyVersion.filter(([name, , version]) => foreignApi(name, version) !== undefined)
  expect(new Set(compared.map(([name]) => name)).size).toBe(kafkaLayouts.size)
  expect(compared.length).toBeGreaterThan(35)
})

test('a frame is put together whatever the pieces are', () => {
  const frames = [requestFrame(26, 5), requestFrame(0, 9), requestFrame(3, 12)]
  const all = Buffer.concat(frames)
  for (let size = 1; size <= all.length; size += 1) {
    const splitter = createFrameSplitter()
    const found: Buffer[] = []
    for (let at = 0; at < all.length; at += size) found.push(...splitter.push(all.subarray(at, at + size)))
    expect(found).toEqual(frames)
  }
})

test('what is not a frame is an error', () => {
  expect(() => createFrameSplitter().push(Buffer.from([0x16, 3, 1, 2, 0, 1]))).toThrow(/inside TLS/)
  expect(() => createFrameSplitter().push(Buffer.from('GET / HTTP/1.1'))).toThrow(/not Kafka's protocol/)
  expect(() => createFrameSplitter().push(Buffer.alloc(4))).toThrow(/A frame of 0 bytes/)
  expect(() => readRequest(Buffer.alloc(12))).toThrow(/no head/)
})

test('a version without a layout is named when it should be answered', () => {
  const { correlationId, clientId } = readRequest(requestFrame(apiKeys.EndTxn, 5))
  const unknown = { apiKey: apiKeys.EndTxn, apiVersion: 9, correlationId, clientId, fields: undefined }
  expect(() => answerWithCode(unknown, 1, cluster)).toThrow(/no answer for version 9 of EndTxn, only 0 to 5/)
})
