import { describe, expect, it } from 'vitest'
import type { KafkaApi, ProducerRecord } from '../kafka/kafka.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import { createLaneTaker, transactionalIdOf } from './lane-session.ts'
import type { AtEntry, TopicEntry } from './ledger-entry.ts'

describe('transactionalIdOf', () => {
  it('gives every lane of every pipeline an id of its own', () => {
    const ids = ['shop', 'shop-2', 'bills'].flatMap((pipeline) =>
      [0, 1, 11].map((lane) => transactionalIdOf(pipeline, lane)),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })
  it('never changes: the same lane must fence its older owners, also those of older versions', () => {
    expect(transactionalIdOf('shop', 3)).toBe('tailrace.shop.3')
  })
})

describe('what a lane commits', () => {
  const of = { tableArn: 'arn', streamArn: 's', shardId: 'a', generation: 0 }
  const at: AtEntry = {
    kind: 'at',
    ...of,
    status: 'open',
    after: '1',
    createdAtMs: 1,
    committedAtMs: 1,
    movedTo: undefined,
    children: undefined,
  }
  const first = { parent: undefined, parents: [], after: undefined, notBeforeMs: undefined, sinceMs: undefined }
  const topic: TopicEntry = {
    kind: 'topic',
    tableArn: 'arn',
    topic: 'large',
    writer: 0,
    version: 1,
    partitions: 3,
    topicId: 'x',
  }

  it('goes out in this order: what was seen of topics, the records in them, all else, positions', async () => {
    const written: string[][] = []
    const kafka: Pick<KafkaApi, 'offsets' | 'fetch'> = {
      offsets: async () => ({ logStart: 0n, highWatermark: 0n, lastStable: 0n }),
      fetch: () => Promise.reject(new Error('nothing is there to be read')),
    }
    const nameOf = ({ topic: name, key }: ProducerRecord): string =>
      name === 'ledger' ? (key?.toString().split('/')[0] ?? '') : name
    const taker = createLaneTaker({
      kafka: kafka as KafkaApi,
      sessions: {
        open: async () => ({
          producerId: 1n,
          fate: 'aborted',
          commit: async (phases) => void written.push(...phases.map((phase) => phase.map(nameOf))),
          [Symbol.asyncDispose]: async () => {},
        }),
      },
      membership: { owns: () => true },
      pipeline: 'shop',
      ledgerTopic: 'ledger',
      clock: createManualClock(),
    })
    const { signal } = new AbortController()
    await using session = await taker.take(0, signal)
    const record = { topic: 'large', partition: 0, key: Buffer.from('k'), value: null, headers: [], timestamp: 1 }
    const entries = [at, { kind: 'begin' as const, ...of, ...first }, topic].map((entry) => ({ lane: 0, entry }))
    await session.commit({ output: [record], entries }, signal)
    expect(written).toEqual([['topic'], ['large'], ['begin'], ['at']])
    expect([...session.state.topics.values()]).toEqual([topic])
  })
})
