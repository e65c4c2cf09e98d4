import { describe, expect, it } from 'vitest'
import type { ProducerRecord } from '../kafka/kafka.ts'
import { createLaneFold } from '../lanes/lane-state.ts'
import type { LaneFold } from '../lanes/lane-state.ts'
import { createLaneTopics } from './topic-pins.ts'
import type { LaneTopics } from './topic-pins.ts'

const lane = { lane: 1, lanes: 3 }
const first = { topicId: 'first', partitions: 3 }

function recordIn(topic: string): ProducerRecord {
  return { topic, partition: 0, key: Buffer.from('k'), value: null, headers: [], timestamp: 0 }
}

/** Folds what a transaction has to say, as its lane does when it is committed. */
function committed(fold: LaneFold, topics: LaneTopics): void {
  for (const { lane: of, entry } of topics.entries) if (of === lane.lane) fold.apply({ kind: 'entry', entry })
}

describe('the topics that a lane meets', () => {
  it('are written once, into all lanes, with the first records that go there', () => {
    const fold = createLaneFold()
    const topics = createLaneTopics(fold.state, lane)
    const pins = topics.ofTable('arn')
    expect(pins.of('large')).toBeUndefined()
    pins.meet('large', first)
    pins.meet('unused', first)
    topics.keep('arn', [recordIn('own'), recordIn('large'), recordIn('large')])
    expect(topics.entries.map(({ lane: of }) => of)).toEqual([0, 1, 2])
    for (const { entry } of topics.entries)
      expect(entry).toEqual({ kind: 'topic', tableArn: 'arn', topic: 'large', writer: 1, version: 1, ...first })
    committed(fold, topics)

    const next = createLaneTopics(fold.state, lane)
    expect(next.ofTable('arn').of('large')).toMatchObject(first)
    expect(next.ofTable('arn').of('unused')).toBeUndefined()
    expect(next.ofTable('other').of('large')).toBeUndefined()
    next.ofTable('arn').meet('large', first)
    next.keep('arn', [recordIn('large')])
    expect(next.entries).toEqual([])
  })

  it('are one thing for all pages of a transaction, whatever the cluster says meanwhile', () => {
    const topics = createLaneTopics(createLaneFold().state, lane)
    topics.ofTable('arn').meet('large', first)
    expect(topics.ofTable('arn').of('large')).toMatchObject(first)
  })

  it('get their ids back after a reset', () => {
    const fold = createLaneFold()
    const entry = { kind: 'topic', tableArn: 'arn', topic: 'large', writer: 0, version: 4 } as const
    fold.apply({ kind: 'entry', entry: { ...entry, partitions: 3, topicId: undefined } })
    const topics = createLaneTopics(fold.state, lane)
    topics.ofTable('arn').meet('large', { topicId: 'second', partitions: 3 })
    topics.keep('arn', [recordIn('large')])
    committed(fold, topics)
    expect([...fold.state.topics.values()]).toMatchObject([{ version: 5, topicId: 'second', writer: 1 }])
  })
})
