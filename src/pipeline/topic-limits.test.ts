import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import type { KafkaApi } from '../kafka/kafka.ts'
import { createTopicLimits } from './topic-limits.ts'

const never = new AbortController().signal

/** The one call that limits are asked by; how often, and what it says, is the test's. */
function clusterWith(limit: () => number | 'denied'): { readonly kafka: KafkaApi; readonly asked: () => number } {
  let asked = 0
  const topicConfig: KafkaApi['topicConfig'] = async () => {
    asked++
    const found = limit()
    if (found === 'denied') throw new TailraceError('KAFKA_AUTHORIZATION', 'not allowed')
    return new Map([['max.message.bytes', String(found)]])
  }
  return { kafka: { topicConfig } as KafkaApi, asked: () => asked }
}

describe('topic limits', () => {
  it('are asked for once, and again when something went wrong', async () => {
    const { kafka, asked } = clusterWith(() => 1_000)
    const limits = createTopicLimits(kafka)
    expect(await limits.maxRecordBytes('t', never)).toBe(1_000)
    expect(await limits.maxRecordBytes('t', never)).toBe(1_000)
    expect(asked()).toBe(1)
    limits.lookAgain()
    await limits.maxRecordBytes('t', never)
    expect(asked()).toBe(2)
  })
  it('that were raised are seen by whoever asks anew', async () => {
    let limit = 1_000
    const limits = createTopicLimits(clusterWith(() => limit).kafka)
    await limits.maxRecordBytes('t', never)
    limit = 2_000
    expect(await limits.maxRecordBytes('t', never)).toBe(1_000)
    expect(await limits.maxRecordBytesNow('t', never)).toBe(2_000)
    expect(await limits.maxRecordBytes('t', never)).toBe(2_000)
  })
  it('learn from a refusal, also where the configuration may not be read', async () => {
    const limits = createTopicLimits(clusterWith(() => 'denied').kafka)
    await limits.maxRecordBytes('t', never)
    limits.refused('t', 500)
    limits.lookAgain()
    expect(await limits.maxRecordBytes('t', never)).toBe(499)
    expect(await limits.maxRecordBytesNow('t', never)).toBe(499)
    expect(await limits.maxRecordBytes('other', never)).toBeGreaterThan(1_000_000)
  })
  it('forget a refusal when the cluster names another limit', async () => {
    let limit = 1_000
    const limits = createTopicLimits(clusterWith(() => limit).kafka)
    await limits.maxRecordBytes('t', never)
    limits.refused('t', 500)
    expect(await limits.maxRecordBytes('t', never)).toBe(499)
    limit = 3_000
    expect(await limits.maxRecordBytesNow('t', never)).toBe(3_000)
  })
})
