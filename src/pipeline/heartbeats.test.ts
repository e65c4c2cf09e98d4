import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import { TailraceError } from '../errors.ts'
import type { LaneState, ShardState } from '../lanes/lane-state.ts'
import { createLaneFold } from '../lanes/lane-state.ts'
import type { LedgerEntry } from '../lanes/ledger-entry.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import { createLaneHeartbeats } from './heartbeats.ts'
import type { PipelineEvent } from './pipeline-event.ts'
import { firstEntry } from './table-life.ts'

const orders = tableOf('NEW_AND_OLD_IMAGES')
const others = { ...orders, name: 'others', arn: `${orders.arn}-others`, streamArn: `${orders.streamArn}-others` }

describe('the heartbeats of a lane', () => {
  it('are one record for each table of which it holds shards, once an interval', async () => {
    const { beats, clock } = await setUp()
    const state = stateOf([orders, 's1'], [orders, 's2'], [others, 's3'])
    const first = beats(state)
    expect(first.map(({ key }) => JSON.parse(String(key)))).toEqual([
      { serverName: 'shop', table: 'orders', lane: 3 },
      { serverName: 'shop', table: 'others', lane: 3 },
    ])
    expect(first.map(({ topic, partition }) => [topic, partition])).toEqual([
      ['beats', 0],
      ['beats', 0],
    ])
    expect(JSON.parse(String(first[0]?.value))).toEqual({
      ts_ms: clock.now(),
      table_arn: orders.arn,
      lanes: 16,
      shards: 2,
      status: 'streaming',
      watermark_ms: null,
    })
    expect(beats(state)).toEqual([])
    await clock.advance(9_999)
    expect(beats(state)).toEqual([])
    await clock.advance(1)
    expect(beats(state)).toHaveLength(2)
  })

  it('say up to when all shards of the lane are delivered: the least of them', async () => {
    const { beats } = await setUp()
    const state = stateOf([orders, 's1'], [orders, 's2'])
    const [record] = beats(state, (shardId) => (shardId === 's1' ? 5_000 : 4_000.9))
    expect(JSON.parse(String(record?.value))).toMatchObject({ watermark_ms: 4_000 })
    const later = await setUp()
    const [open] = later.beats(stateOf([orders, 's1'], [orders, 's2']), (shardId) =>
      shardId === 's1' ? 5_000 : undefined,
    )
    expect(JSON.parse(String(open?.value))).toMatchObject({ watermark_ms: null })
  })

  it('know nothing of shards that have ended, and are none without shards', async () => {
    const { beats } = await setUp()
    expect(beats(createLaneFold().state)).toEqual([])
  })

  it.each(['TOPIC_MISSING', 'TOPIC_RESERVED'] as const)(
    'wait for no topic: %s is told, and it is asked for again after the interval',
    async (code) => {
      let asked = 0
      const { beats, clock, events } = await setUp(() => {
        asked++
        return asked === 1 ? Promise.reject(new TailraceError(code, 'no topic')) : Promise.resolve()
      })
      const state = stateOf([orders, 's1'])
      expect(events.map(({ kind }) => kind)).toEqual(['heartbeats-lost'])
      expect(beats(state)).toEqual([])
      await clock.advance(10_000)
      expect(beats(state)).toEqual([])
      await clock.advance(0)
      expect(beats(state)).toHaveLength(1)
      expect(asked).toBe(2)
    },
  )
})

async function setUp(provide: () => Promise<void> = () => Promise.resolve()) {
  const clock = createManualClock()
  const events: PipelineEvent[] = []
  const rules = { topic: 'beats', name: 'shop', intervalMs: 10_000, provide }
  const made = createLaneHeartbeats(rules, { lane: 3, lanes: 16, clock, onEvent: (event) => events.push(event) })
  const { signal } = new AbortController()
  const beats = (state: LaneState, at: (shardId: string) => number | undefined = () => undefined) =>
    made.due(state, { caughtUpAt: ({ shardId }: Pick<ShardState, 'shardId'>) => at(shardId) }, signal)
  beats(createLaneFold().state)
  await clock.advance(0)
  return { beats, clock, events }
}

function stateOf(...shards: readonly (readonly [typeof orders, string])[]): LaneState {
  const fold = createLaneFold()
  const apply = (entry: LedgerEntry): void => void fold.apply({ kind: 'entry', entry })
  for (const [table, shardId] of shards) {
    apply(firstEntry(table, { topic: `shop.${table.name}`, partitions: 3, id: 'x' }, undefined))
    apply({
      kind: 'begin',
      tableArn: table.arn,
      streamArn: table.streamArn,
      shardId,
      generation: 0,
      parent: undefined,
      parents: [],
      after: undefined,
      createdAtMs: undefined,
      notBeforeMs: undefined,
      sinceMs: undefined,
      begunAtMs: undefined,
    })
  }
  return fold.state
}
