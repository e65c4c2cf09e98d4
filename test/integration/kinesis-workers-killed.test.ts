import { describe, expect, inject, it } from 'vitest'
import { runKinesisUnderKills } from '../servers/kinesis-under-kills.ts'

const { bootstrapServers } = inject('kafka')

describe('workers that are killed while a Kinesis stream repeats, disorders and changes its shards', () => {
  it.each([
    ['polled', false, 1],
    ['pushed', true, 2],
  ] as const)(
    'deliver each change once, in order, from records that are %s',
    async (_, fanOut, seed) => {
      const plan = { bootstrapServers, changes: 6_000, kills: 4, reshards: 4, workers: 2, fanOut, seed }
      const outcome = await runKinesisUnderKills(plan)
      const { lost, duplicated, reordered, flagged, repeats, delayed, shards } = outcome
      console.error(`kinesis: ${JSON.stringify(outcome)}`)
      expect({ lost, duplicated, reordered, flagged }).toEqual({ lost: 0, duplicated: 0, reordered: 0, flagged: 0 })
      expect(Math.min(repeats, delayed)).toBeGreaterThan(100)
      expect(shards).toBeGreaterThan(6)
    },
    240_000,
  )
})
