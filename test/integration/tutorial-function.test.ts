import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { KafkaApi } from '../../src/kafka/kafka.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { handler } from '../servers/tutorial-function/tutorial-function.ts'
import type { StreamEvent } from '../servers/tutorial-function/tutorial-function.ts'
import { readRecords } from '../servers/whole-records.ts'

let kafka: KafkaApi

beforeAll(() => {
  kafka = connectKafka(inject('kafka').bootstrapServers)
})

afterAll(() => kafka[Symbol.asyncDispose]())

function eventOf(count: number): StreamEvent {
  const Records = Array.from({ length: count }, (_, index) => ({
    eventID: `event-${index}`,
    eventName: 'INSERT',
    dynamodb: {
      ApproximateCreationDateTime: 1_795_426_137,
      SequenceNumber: String(1_000 + index),
      Keys: { id: { S: `item-${index % 7}` } },
      NewImage: { id: { S: `item-${index % 7}` }, count: { N: String(index) } },
    },
  }))
  return { Records }
}

test('the tutorial’s function commits each batch as a whole, and repeats one that comes again', async () => {
  const { bootstrapServers } = inject('kafka')
  const topic = await makeTopic(kafka, 3)
  process.env['KAFKA_BROKERS'] = bootstrapServers
  process.env['KAFKA_TOPIC'] = topic
  await handler(eventOf(20))
  await handler({ Records: [] })
  // The answer was lost, say: Lambda brings the batch again.
  await handler(eventOf(20))
  const records = await readRecords(bootstrapServers, topic)
  expect(records).toHaveLength(40)
  const ofOne = records.filter(({ key }) => key?.toString() === '{"id":"item-3"}')
  const counts = ofOne.map(
    ({ value }) => (JSON.parse(value?.toString() ?? '') as { after: { count: number } }).after.count,
  )
  expect(counts).toEqual([3, 10, 17, 3, 10, 17])
})

test('what it throws leaves nothing committed, and the next batch gets a new producer', async () => {
  const { bootstrapServers } = inject('kafka')
  process.env['KAFKA_BROKERS'] = bootstrapServers
  process.env['KAFKA_TOPIC'] = 'test-there-is-no-such-topic'
  await expect(handler(eventOf(1))).rejects.toThrow(/metadata|topic|failed/i)
  const topic = await makeTopic(kafka, 1)
  process.env['KAFKA_TOPIC'] = topic
  await handler(eventOf(2))
  expect(await readRecords(bootstrapServers, topic)).toHaveLength(2)
})
