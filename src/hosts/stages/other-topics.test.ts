import { describe, expect, it } from 'vitest'
import { TailraceError } from '../../errors.ts'
import { KafkaError } from '../../kafka/kafka.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import type { ManualClock } from '../../testing/manual-clock.ts'
import { createOtherTopics } from './other-topics.ts'
import type { OtherTopicsOptions, SharedTopics } from './other-topics.ts'

const never = new AbortController().signal

function other(
  provideRouted: OtherTopicsOptions['topics']['provideRouted'],
  more: { readonly look?: OtherTopicsOptions['topics']['look']; readonly clock?: ManualClock } = {},
): SharedTopics {
  const refuseReserved = (topic: string): void => {
    if (topic.startsWith('reserved')) throw new TailraceError('TOPIC_RESERVED', 'it is')
  }
  const { look = () => Promise.resolve(undefined), clock = createManualClock() } = more
  return createOtherTopics({
    topics: { provideRouted, look, refuseReserved },
    limits: { maxRecordBytes: (topic) => Promise.resolve(topic.length) },
    own: new Set(['ledger']),
    mayShare: false,
    clock,
  })
}

describe('topics that changes are routed to', () => {
  it('are asked for once in a while, and anew after something went wrong', async () => {
    let partitions = 3
    const clock = createManualClock()
    const topics = other((topic) => Promise.resolve({ topic, id: 'x', partitions: partitions++ }), { clock })
    const provide = async (): Promise<number> => (await topics.provide('a', undefined, never)).partitions
    expect(await Promise.all([provide(), provide()])).toEqual([3, 3])
    partitions = 4
    await clock.advance(59_000)
    expect(await provide()).toBe(3)
    await clock.advance(1_000)
    expect(await provide()).toBe(4)
    topics.learn(new TailraceError('KAFKA_TIMEOUT', 'late'))
    expect(await topics.provide('a', undefined, never)).toEqual({ id: 'x', partitions: 5, maxRecordBytes: 1 })
  })

  it('are none of the pipeline itself, and not without a bound', async () => {
    const topics = other((topic) => Promise.resolve({ topic, id: 'x', partitions: 1 }))
    const provide = (topic: string) => topics.provide(topic, undefined, never)
    await expect(provide('ledger')).rejects.toMatchObject({ code: 'ROUTE_REFUSED' })
    for (let count = 0; count < 1_000; count++) await provide(`t${count}`)
    await expect(provide('one-more')).rejects.toMatchObject({ code: 'ROUTE_REFUSED' })
    topics.learn(new TailraceError('KAFKA_TIMEOUT', 'late'))
    expect(await provide('t1')).toMatchObject({ partitions: 1 })
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
    await expect(topics.provide('a', undefined, never)).rejects.toMatchObject({ code })
    isThere = true
    expect(await topics.provide('a', undefined, never)).toMatchObject({ partitions: 1 })
  })
})

describe('topics that records were sent to', () => {
  const known = { partitions: 3, topicId: 'x' }

  it('are refused once somebody keeps state there, as those are that nothing was sent to', async () => {
    const topics = other((topic) => Promise.resolve({ topic, id: 'x', partitions: 3 }), {
      look: (name) => Promise.resolve({ name, id: 'x', partitions: 3 }),
    })
    for (const pin of [known, undefined]) {
      await expect(topics.provide('reserved', pin, never)).rejects.toMatchObject({ code: 'ROUTE_REFUSED' })
      expect(await topics.provide('a', pin, never)).toMatchObject({ partitions: 3 })
    }
  })
  const made = (): never => {
    throw new Error('it is made anew')
  }

  it('are never made anew', async () => {
    const clock = createManualClock()
    let looks = 0
    const look = (): Promise<undefined> => Promise.resolve(void looks++)
    const waiting = other(made, { look, clock }).provide('a', known, never)
    const refused = waiting.catch((error: unknown) => error)
    await clock.advance(3_000)
    expect(await refused).toMatchObject({
      code: 'OUTPUT_TOPIC_CHANGED',
      message: 'topic a, which records were sent to, is gone',
      details: { topic: 'a' },
    })
    expect(looks).toBe(3)
  })

  it('may be missing for a moment', async () => {
    const clock = createManualClock()
    const answers = [undefined, { name: 'a', id: 'x', partitions: 3 }]
    const waiting = other(made, { look: () => Promise.resolve(answers.shift()), clock }).provide('a', known, never)
    await clock.advance(1_000)
    expect(await waiting).toMatchObject({ id: 'x', partitions: 3 })
  })
})
