import { describe, expect, it } from 'vitest'
import { runServiceWorld } from '../service/run-service-world.ts'
import { seedsFrom } from './run-seeds.ts'

describe('a service of several processes', () => {
  it('carries out every answered change once, in one order, whoever leads and whatever fails', async () => {
    const failures: string[] = []
    const total = { answered: 0, refused: 0, denied: 0, unknown: 0, kills: 0, leaders: 0 }
    for (const seed of seedsFrom(91_000, 16)) {
      const { wrong, asked, kills, leaders } = await runServiceWorld(seed)
      if (wrong.length > 0) failures.push(`seed ${seed}: ${wrong.slice(0, 3).join('; ')}`)
      for (const { outcome } of asked) if (outcome !== 'open') total[outcome]++
      total.kills += kills
      total.leaders += leaders
    }
    expect(failures).toEqual([])
    expect(total.answered).toBeGreaterThan(200)
    expect(total.denied).toBeGreaterThan(20)
    expect(total.unknown).toBeGreaterThan(2)
    expect(total.kills).toBeGreaterThan(5)
    expect(total.leaders).toBeGreaterThan(24)
  }, 300_000)

  it('is the same run again with the same seed', async () => {
    const digests = [await runServiceWorld(91_100), await runServiceWorld(91_100)].map(({ traceDigest }) => traceDigest)
    expect(digests[0]).toBe(digests[1])
  }, 120_000)
})
