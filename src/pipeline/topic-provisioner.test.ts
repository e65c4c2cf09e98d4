import { describe, expect, it } from 'vitest'
import type { KafkaApi } from '../kafka/kafka.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import { createTopicProvisioner } from './topic-provisioner.ts'
import type { TopicProvisioner } from './topic-provisioner.ts'

const never = new AbortController().signal
const table = {
  arn: 'arn:aws:dynamodb:eu-west-1:1:table/orders',
  name: 'orders',
  id: '1',
  region: 'eu-west-1',
  account: '1',
  streamArn: 'arn:stream',
  viewType: 'NEW_IMAGE',
  keySchema: [],
} as const

/** Over a cluster that has every topic that it is asked for, unless it must not be asked. */
function provisioner(reserved: ReadonlySet<string>): { readonly topics: TopicProvisioner; readonly asked: string[] } {
  const asked: string[] = []
  const kafka = {
    topics: ([name = '']: readonly string[]) => {
      asked.push(name)
      return Promise.resolve(new Map([[name, { id: 'x', partitions: 2 }]]))
    },
  } as unknown as KafkaApi
  const rules = {
    nameOf: () => 'shop.orders',
    isReserved: (topic: string) => reserved.has(topic),
    isSharingAllowed: false,
    mayCreate: true,
    partitions: 1,
    replicationFactor: 1,
    config: {},
  }
  return { topics: createTopicProvisioner(kafka, rules, { clock: createManualClock(), onEvent: () => {} }), asked }
}

describe('topics in which somebody keeps state', () => {
  it.each([
    ["a table's", (topics: TopicProvisioner) => topics.provide(table, never)],
    ['one that changes are routed to', (topics: TopicProvisioner) => topics.provideRouted('shop.orders', never)],
    ["another one of the pipeline's", (topics: TopicProvisioner) => topics.provideOwn('shop.orders', never)],
  ])('are never given out: %s', async (_, provide) => {
    const reserved = new Set<string>()
    const { topics, asked } = provisioner(reserved)
    expect(await provide(topics)).toMatchObject({ topic: 'shop.orders', partitions: 2 })
    reserved.add('shop.orders')
    await expect(provide(topics)).rejects.toMatchObject({ code: 'TOPIC_RESERVED', details: { topic: 'shop.orders' } })
    expect(() => topics.refuseReserved('shop.orders')).toThrow('shop.orders')
    // Nothing was made meanwhile either.
    expect(asked).toEqual(['shop.orders'])
  })
})
