import { describe, expect, it } from 'vitest'
import { TailraceError } from '../../errors.ts'
import { KafkaError } from '../../kafka/kafka.ts'
import { createOtherTopics } from './other-topics.ts'
import type { OtherTopicsOptions } from './other-topics.ts'

const never = new AbortController().signal

function other(provideRouted: OtherTopicsOptions['topics']['provideRouted']) {
  return createOtherTopics({
    topics: { provideRouted },
    limits: { maxRecordBytes: (topic) => Promise.resolve(topic.length) },
    own: new Set(['ledger']),
    mayShare: false,
  })
}

describe('topics that changes are routed to', () => {
  it('are asked for once, and keep the partitions that they had then', async () => {
    let partitions = 3
    const topics = other((topic) => Promise.resolve({ topic, id: 'x', partitions: partitions++ }))
    const both = await Promise.all([topics.provide('a', never), topics.provide('a', never)])
    expect(both).toEqual([
      { partitions: 3, maxRecordBytes: 1 },
      { partitions: 3, maxRecordBytes: 1 },
    ])
    expect(await topics.provide('a', never)).toEqual({ partitions: 3, maxRecordBytes: 1 })
  })

  it('are none of the pipeline itself, and not without a bound', async () => {
    const topics = other((topic) => Promise.resolve({ topic, id: 'x', partitions: 1 }))
    await expect(topics.provide('ledger', never)).rejects.toMatchObject({ code: 'ROUTE_REFUSED' })
    for (let count = 0; count < 1_000; count++) await topics.provide(`t${count}`, never)
    await expect(topics.provide('one-more', never)).rejects.toMatchObject({ code: 'ROUTE_REFUSED' })
    expect(await topics.provide('t1', never)).toMatchObject({ partitions: 1 })
  })

  it.each([
    [new TailraceError('TOPIC_MISSING', 'topic a does not exist'), 'ROUTE_REFUSED'],
    [new TailraceError('KAFKA_AUTHORIZATION', 'no'), 'ROUTE_REFUSED'],
    [new KafkaError(17, 'INVALID_TOPIC_EXCEPTION', 'no'), 'ROUTE_REFUSED'],
    [new TailraceError('KAFKA_UNREACHABLE', 'away'), 'KAFKA_UNREACHABLE'],
  ])('stop their table where waiting would not help: %s', async (refusal, code) => {
    let isThere = false
    const topics = other(async (topic) => {
      await Promise.resolve()
      if (!isThere) throw refusal
      return { topic, id: 'x', partitions: 1 }
    })
    await expect(topics.provide('a', never)).rejects.toMatchObject({ code })
    isThere = true
    expect(await topics.provide('a', never)).toMatchObject({ partitions: 1 })
  })
})
