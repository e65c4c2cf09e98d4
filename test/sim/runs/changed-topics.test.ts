import { describe, expect, it } from 'vitest'
import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'
import { addPartitions } from '../kafka/topic-requests.ts'
import { planKinesisWorld } from '../kinesis/kinesis-plan.ts'
import type { KinesisOverrides } from '../kinesis/kinesis-plan.ts'
import { runKinesisWorld } from '../kinesis/run-kinesis-world.ts'
import { seedsFrom } from './run-seeds.ts'

/**
 * Shards split and merge, so that an item's changes come to lanes that have never met its topic; and workers die, so that
 * processes that remember nothing take them over.
 */
const overrides: KinesisOverrides = {
  delivery: 'exactly_once',
  brokers: 1,
  lanes: 16,
  openShards: 1,
  workers: 2,
  topicPartitions: 2,
  activeMs: 120_000,
  changesPerSecond: 5,
  reshardsPerSecond: 0.1,
  faults: { 'worker-kill': 0.2 },
  workload: { keys: 20, skew: 1, deleteShare: 0.1, paddingBytes: 0 },
  stream: { windowMs: 10_000, delayMs: 1_000, late: 'emit-flagged', lateBunches: 0, tieMs: 0, holdsPerSecond: 0 },
}

/** Every output topic gets more partitions at this moment. */
const changesAtMs = 30_000

interface ChangedWorld {
  readonly changed: number
  readonly delivered: number
  /** Delivered before, and into the partitions that were added. */
  readonly before: number
  readonly intoNew: number
  readonly codes: readonly string[]
  readonly moved: number
  readonly reordered: number
}

async function runChanged(seed: number): Promise<ChangedWorld> {
  const counts = { changed: 0, before: 0, intoNew: 0 }
  const codes = new Set<string>()
  const onEvent = (_: string, event: PipelineEvent): void => {
    if (event.kind === 'record-refused') codes.add(event.error.code)
  }
  const { findings } = await runKinesisWorld(planKinesisWorld(seed, overrides), {
    onEvent,
    // Nothing more comes: the stream has stopped.
    drainMs: 1_000,
    onStart: ({ time, kafka }) =>
      time.after(changesAtMs, () => {
        for (const { name, partitions } of kafka.state.topics.values()) {
          if (!name.startsWith('sim.')) continue
          counts.changed++
          counts.before += partitions.reduce((sum, { log }) => sum + log.highWatermark, 0)
          addPartitions(kafka.state, name, 7)
        }
      }),
    onEnd: ({ output }) => {
      counts.intoNew = output.delivered.filter(({ record }) => record.partition >= 2).length
    },
  })
  const { 'partition-move': moved, reorder: reordered } = findings.anomalies
  return { ...counts, codes: [...codes], delivered: findings.delivered, moved, reordered }
}

describe('topics of tables in a Kinesis stream that get more partitions while the pipeline runs', () => {
  it('stop the stream by name, and no item moves, whoever reads it then (8 seeds)', async () => {
    let before = 0
    for (const seed of seedsFrom(64_000, 8)) {
      const world = await runChanged(seed)
      const told = `seed ${seed}: ${JSON.stringify(world)}`
      expect(world.changed, told).toBeGreaterThan(0)
      before += world.before
      expect(world.codes, told).toEqual(['OUTPUT_TOPIC_CHANGED'])
      expect({ intoNew: world.intoNew, moved: world.moved, reordered: world.reordered }, told).toEqual({
        intoNew: 0,
        moved: 0,
        reordered: 0,
      })
    }
    // Zero of nothing would prove nothing.
    expect(before).toBeGreaterThan(300)
  }, 120_000)
})
