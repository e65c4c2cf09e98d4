import { expect, it } from 'vitest'
import { seededRng } from '../../../src/async/rng.ts'
import { systemClock } from '../../../src/async/system-clock.ts'
import { untilAborted } from '../../../src/async/until-aborted.ts'
import { kinesisAccount, kinesisRegion, startKinesisUnderTest } from '../local-kinesis.ts'
import { member } from '../stream-simulator/simulator-client.ts'
import { createEventSourceMapping } from './event-source-mapping.ts'
import { defaultMappingSettings } from './mapping.ts'
import type { StreamEvent } from './mapping.ts'

const never = new AbortController().signal

it('gives every record of a stream in kinesis-local once, and in order of each key', async () => {
  await using kinesis = await startKinesisUnderTest()
  const { api } = kinesis
  const ask = (action: string, body: Readonly<Record<string, unknown>>): Promise<unknown> =>
    api.call({ service: 'kinesis', action, body: { StreamName: 'changes', ...body }, hasEmptyAnswer: true }, never)
  await ask('CreateStream', { ShardCount: 2 })
  const status = async (): Promise<unknown> =>
    member(member(await ask('DescribeStreamSummary', {}), 'StreamDescriptionSummary'), 'StreamStatus')
  await expect.poll(status, { timeout: 20_000 }).toBe('ACTIVE')
  for (let i = 0; i < 60; i++)
    await ask('PutRecord', { PartitionKey: `key-${i % 6}`, Data: Buffer.from(`${i}`).toString('base64') })

  const events: StreamEvent[] = []
  const all = new AbortController()
  const mapping = createEventSourceMapping({
    kind: 'kinesis',
    streamArn: `arn:aws:kinesis:${kinesisRegion}:${kinesisAccount}:stream/changes`,
    api,
    clock: systemClock,
    rng: seededRng(1),
    pace: { pollMs: 100, listMs: 500, retry: { baseMs: 20, capMs: 200 } },
    settings: { ...defaultMappingSettings, batchSize: 7 },
    invoke: async (event) => {
      events.push(event)
      if (mapping.counters.recordsInvoked === 60) setImmediate(() => all.abort())
      return { kind: 'answer', body: null }
    },
  })
  await untilAborted(mapping.run(all.signal), AbortSignal.timeout(30_000))
  const records = events.flatMap(({ Records: each }) => each)
  const texts = records.map((record) => Buffer.from(String(member(record['kinesis'], 'data')), 'base64').toString())
  expect(new Set(texts).size).toBe(60)
  for (let key = 0; key < 6; key++)
    expect(texts.map(Number).filter((n) => n % 6 === key)).toEqual(Array.from({ length: 10 }, (_, n) => n * 6 + key))
  for (const { Records: each } of events)
    expect(new Set(each.map(({ eventID }) => String(eventID).split(':')[0])).size).toBe(1)
})
