import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { createHandler } from '../../src/hosts/lambda/create-handler.ts'
import { createEventSourceMapping } from '../servers/event-source-mapping/event-source-mapping.ts'
import { defaultMappingSettings } from '../servers/event-source-mapping/mapping.ts'
import type { InvokeResult } from '../servers/event-source-mapping/mapping.ts'
import { createKinesisStream } from '../servers/kinesis-commands.ts'
import { openKinesisShop } from '../servers/kinesis-shop.ts'
import type { KinesisShop } from '../servers/kinesis-shop.ts'
import { context } from '../servers/lambda-batches.ts'
import { kinesisAccount, kinesisRegion, startKinesisUnderTest } from '../servers/local-kinesis.ts'
import type { KinesisUnderTest } from '../servers/local-kinesis.ts'

const { bootstrapServers } = inject('kafka')
let kinesis: KinesisUnderTest

beforeAll(async () => {
  kinesis = await startKinesisUnderTest()
})
afterAll(() => kinesis[Symbol.asyncDispose]())

interface Stream extends AsyncDisposable {
  readonly shop: KinesisShop
  readonly name: string
  readonly file: (more: string) => string
  switchTo(way: string): Promise<{ readonly exitCode: number; readonly result: unknown }>
}

async function openStream(): Promise<Stream> {
  const name = `changes-${randomUUID().slice(0, 8)}`
  await createKinesisStream(kinesis.api, name, 2)
  const shop = openKinesisShop({ bootstrapServers, endpoint: kinesis.endpoint, api: kinesis.api, stream: name })
  let file = ''
  return {
    shop,
    name,
    file: (more) =>
      (file = shop.file(
        `source.access.key.id: "${kinesisAccount}"\nsource.secret.access.key: local\nlog.level: warn\nlambda.mapping.check: off\n${more}`,
      )),
    switchTo: (way) => shop.cli.json('switch', file, '--to', way),
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  }
}

describe('a pipeline whose stream is read as it is', () => {
  const keys = 'source.kinesis.keys: ["orders:id"]'
  it.each([
    ['source.kinesis.repair: off', 'orders', keys],
    ['source.kinesis.records: raw', undefined, ''],
  ])(
    'is given to a function and back without loss and repeats, with %s',
    async (as, table, more) => {
      await using stream = await openStream()
      const { shop } = stream
      const file = stream.file(`${as}\n${more}`)
      const topic = `${shop.pipeline}.${table ?? stream.name}`
      let made = 0
      const fill = async (count: number): Promise<void> => {
        if (table !== undefined) await shop.fill(made, count)
        else for (let n = made; n < made + count; n++) await shop.put(`{"n":${n}}`, String(n % 7))
        made += count
      }
      const work = async (): Promise<void> => {
        const worker = shop.cli.start(['run', file])
        try {
          await shop.delivered(made, topic)
        } finally {
          await worker.interrupt()
        }
      }
      await fill(20)
      await work()
      await fill(5)
      expect(await stream.switchTo('lambda')).toMatchObject({ exitCode: 0, result: { was: 'worker' } })
      await fill(10)
      await whileMapped(stream, file, () => shop.delivered(made, topic))
      await fill(5)
      expect(await stream.switchTo('worker')).toMatchObject({ exitCode: 0, result: { was: 'lambda', unproved: [] } })
      await fill(5)
      await work()
      const output = await shop.delivered(45, topic)
      expect(output).toHaveLength(45)
      expect(new Set(output.map(({ shardId, sequenceNumber }) => `${shardId}/${sequenceNumber}`)).size).toBe(45)
    },
    120_000,
  )
})

describe('a pipeline whose stream is put in order', () => {
  it('is not given over while a change is held back, and is once none is', async () => {
    await using stream = await openStream()
    const { shop } = stream
    const file = stream.file('source.kinesis.keys: ["orders:id"]\nsource.kinesis.repair.delay.ms: 6000')
    await shop.fill(0, 20)
    const worker = shop.cli.start(['run', file])
    await systemClock.sleep(4_000)
    // These wait when those before them go out.
    await shop.fill(20, 20)
    await shop.delivered(20)
    await worker.interrupt()
    expect(await shop.delivered(20)).toHaveLength(20)
    expect(await stream.switchTo('lambda')).toMatchObject({
      exitCode: 2,
      result: { error: { code: 'SWITCH_REFUSED' } },
    })
    // Nothing was changed: the workers go on.
    expect(await shop.runUntil(40, file)).toBe(0)
    expect(await stream.switchTo('lambda')).toMatchObject({ exitCode: 0, result: { was: 'worker' } })
    await shop.fill(40, 10)
    await whileMapped(stream, file, () => shop.delivered(50))
    expect(await stream.switchTo('worker')).toMatchObject({ exitCode: 0, result: { unproved: [] } })
    await shop.fill(50, 10)
    expect(await shop.runUntil(60, file)).toBe(0)
    const output = await shop.delivered(60)
    expect(output).toHaveLength(60)
    expect(new Set(output.map(({ key }) => JSON.stringify(key))).size).toBe(60)
  }, 120_000)
})

/** Batches are handed over from the trim horizon on, as by a mapping that was just made. */
async function whileMapped({ shop, name }: Stream, file: string, work: () => Promise<unknown>): Promise<void> {
  const handler = createHandler({ config: `${shop.cli.folder}/${file}` })
  const stop = new AbortController()
  const mapping = createEventSourceMapping({
    kind: 'kinesis',
    streamArn: `arn:aws:kinesis:${kinesisRegion}:${kinesisAccount}:stream/${name}`,
    api: kinesis.api,
    clock: systemClock,
    rng: seededRng(7),
    settings: { ...defaultMappingSettings, batchSize: 7 },
    pace: { listMs: 500, pollMs: 100, retry: { baseMs: 20, capMs: 200 } },
    invoke: async (event): Promise<InvokeResult> => {
      try {
        return { kind: 'answer', body: await handler(event, context()) }
      } catch (error) {
        const { name: errorType, message } = error as Error
        return { kind: 'error', errorType, errorMessage: message }
      }
    },
  })
  const running = mapping.run(stop.signal)
  try {
    await work()
  } finally {
    stop.abort(new Error('the mapping is disabled'))
    await running
  }
}
