import { describe, expect, inject, it } from 'vitest'
import { runKinesisUnderKills } from '../servers/kinesis-under-kills.ts'

const { bootstrapServers } = inject('kafka')

describe('workers that are killed while a Kinesis stream repeats, disorders and changes its shards', () => {
  it.each([
    ['polled', false, 4, 1],
    // kinesis-local never tells subscribers that a shard ends; `test/servers/pushed-shard.ts` does.
    ['pushed', true, 0, 2],
  ] as const)(
    'deliver each change once, in order, from records that are %s',
    async (_, fanOut, reshards, seed) => {
      const plan = { bootstrapServers, changes: 6_000, kills: 4, reshards, workers: 2, fanOut, seed }
      const outcome = await runKinesisUnderKills(plan)
      const { lost, duplicated, reordered, flagged, repeats, delayed, shards } = outcome
      console.error(`kinesis: ${JSON.stringify(outcome)}`)
      expect({ lost, duplicated, reordered, flagged }).toEqual({ lost: 0, duplicated: 0, reordered: 0, flagged: 0 })
      expect(Math.min(repeats, delayed)).toBeGreaterThan(100)
      expect(shards).toBeGreaterThanOrEqual(4 + reshards)
    },
    240_000,
  )
})
