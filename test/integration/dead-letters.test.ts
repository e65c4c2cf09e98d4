import { systemClock } from '../../src/async/system-clock.ts'
import { Admin } from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { readOutput, readRecords } from '../servers/pipeline-under-test.ts'
import { openShop } from '../servers/shop-commands.ts'
import type { ShopCommands } from '../servers/shop-commands.ts'
import { setTopicConfig } from '../servers/topic-admin.ts'

const { bootstrapServers } = inject('kafka')

let admin: Admin
let shop: ShopCommands
let { cli, orders, pipeline, topic } = {} as ShopCommands
let letters = ''

beforeAll(() => {
  admin = new Admin({ clientId: 'dead-letters', bootstrapBrokers: [bootstrapServers] })
})
afterAll(() => admin.close())
beforeEach(async () => {
  shop = await openShop(bootstrapServers)
  ;({ cli, orders, pipeline, topic } = shop)
  letters = `tailrace.${pipeline}.dead-letters`
})
afterEach(() => shop[Symbol.asyncDispose]())

const fileOf = (...more: readonly string[]): string =>
  cli.file(
    'tolerant.yaml',
    shop.text(['http.listen: off', 'poll.idle.max.ms: 200', 'topic.max.message.bytes: 3000', ...more].join('\n')),
  )
const put = (id: string, bytes = 10) => orders.put({ id: { S: id }, text: { S: 'x'.repeat(bytes) } })
const untilLetters = (file: string, count: number): Promise<void> =>
  expect.poll(() => cli.json('dlq', 'ls', file), { timeout: 20_000 }).toMatchObject({ result: { open: count } })
const sequencesOf = async (): Promise<readonly string[]> =>
  (await readOutput(bootstrapServers, topic)).map(({ sequenceNumber }) => sequenceNumber).toSorted()

interface Listed {
  readonly groups: readonly object[]
  readonly letters: readonly {
    readonly id: string
    readonly sequenceNumber: string | null
    readonly replayed: string | null
  }[]
}
const listed = async (file: string, ...more: readonly string[]): Promise<Listed> =>
  (await cli.json('dlq', 'ls', file, '--each', ...more)).result as Listed

describe('records that cannot pass, with errors.tolerance: all', () => {
  it('lie in their topic, are shown, and are delivered once when their cause is mended', async () => {
    const file = fileOf('errors.tolerance: all')
    expect((await cli.json('check', file)).result).toMatchObject({
      findings: expect.arrayContaining([expect.objectContaining({ check: `topic ${letters}`, status: 'ok' })]),
    })
    for (let i = 0; i < 5; i++) put(`before-${i}`)
    const large = put('large', 6000)
    const novel = orders.put({ id: { S: 'novel' }, secret: JSON.parse('{"NOVEL":"canary"}') })
    const old = put('again', 6000)
    for (let i = 0; i < 5; i++) put(`after-${i}`)
    // This one holds the large image, too, as the one before.
    put('again', 20)
    put('again', 30)
    const worker = cli.start(['run', file])
    await shop.delivered(11)
    await untilLetters(file, 4)
    expect((await cli.run('status', file)).stdout).toMatch(/orders +streaming/)
    expect((await cli.run('dlq', 'replay', file)).stderr).toContain('[PIPELINE_ACTIVE]')
    expect(await worker.interrupt()).toMatchObject({ exitCode: 0 })

    const each = await listed(file)
    expect(each.groups).toMatchObject([
      { table: 'orders', code: 'RECORD_TOO_LARGE', stage: 'OVERSIZE', letters: 3 },
      { table: 'orders', code: 'RECORD_UNREADABLE', stage: 'VALUE_CONVERTER', letters: 1 },
    ])
    const idOf = (change: { readonly sequenceNumber: string } | undefined): string =>
      each.letters.find(({ sequenceNumber }) => sequenceNumber === change?.sequenceNumber)?.id ?? 'none'
    expect(await cli.json('dlq', 'show', file, idOf(novel))).toMatchObject({
      result: {
        headers: { 'tailrace.code': 'RECORD_UNREADABLE', '__connect.errors.topic': topic },
        record: { dynamodb: { NewImage: { id: { S: 'novel' }, secret: { NOVEL: 'canary' } } } },
      },
    })
    const keysOnly = await cli.run('dlq', 'show', file, idOf(novel), '--keys-only')
    expect(keysOnly.stdout).toContain('"novel"')
    expect(keysOnly.stdout).not.toContain('canary')

    await setTopicConfig(admin, topic, 'max.message.bytes', '20000')
    const dry = await cli.json('dlq', 'replay', file, '--dry-run')
    expect(dry.result).toMatchObject({ written: 1, superseded: 2, failed: 1 })
    expect(await sequencesOf()).toHaveLength(11)
    const replayed = await cli.json('dlq', 'replay', file)
    expect(replayed).toMatchObject({ exitCode: 1, result: { written: 1, superseded: 2, failed: 1, lost: 0 } })
    expect(await sequencesOf()).toContain(large?.sequenceNumber)
    expect(await sequencesOf()).toHaveLength(12)
    const after = await listed(file, '--all')
    expect(after.letters.find(({ id }) => id === idOf(large))?.replayed).toBe('written')
    expect(await cli.json('dlq', 'replay', file)).toMatchObject({ result: { written: 0, superseded: 2, failed: 1 } })
    expect(await sequencesOf()).toHaveLength(12)

    expect((await cli.run('dlq', 'replay', file, idOf(old), '--force')).stderr).toContain('--yes')
    const forced = await cli.json('dlq', 'replay', file, idOf(old), '--force', '--yes')
    expect(forced).toMatchObject({ exitCode: 0, result: { written: 1 } })
    expect(await sequencesOf()).toHaveLength(13)
    expect((await cli.run('dlq', 'ls', file)).stdout).toMatch(/2 open dead letters in topic/)
    expect((await cli.run('dlq', 'replay', file, '9/9')).stderr).toContain('no open dead letter 9/9')

    // The pipeline goes on as if nothing had been.
    const again = cli.start(['run', file])
    put('later')
    await shop.delivered(14)
    await again.interrupt()
    const sequences = await sequencesOf()
    expect(new Set(sequences).size).toBe(sequences.length)
  })

  it('are cut into parts where the topic takes only smaller ones, and are whole again when they are shown', async () => {
    const file = fileOf('errors.tolerance: all', 'errors.deadletterqueue.context.headers.enable: false')
    await admin.createTopics({
      topics: [letters],
      partitions: 2,
      replicas: 1,
      configs: [{ name: 'max.message.bytes', value: '1500' }],
    })
    put('large', 6000)
    put('small')
    const worker = cli.start(['run', file])
    await shop.delivered(1)
    await untilLetters(file, 1)
    await worker.interrupt()
    const [letter] = (await listed(file)).letters
    const shown = await cli.json('dlq', 'show', file, letter?.id ?? '')
    expect(shown.result).toMatchObject({
      headers: { 'tailrace.chunk.index': '0' },
      record: { dynamodb: { NewImage: { text: { S: 'x'.repeat(6000) } } } },
    })
    await setTopicConfig(admin, topic, 'max.message.bytes', '20000')
    expect(await cli.json('dlq', 'replay', file)).toMatchObject({ exitCode: 0, result: { written: 1 } })
    // A commit is acknowledged before its markers are written.
    await expect.poll(sequencesOf, { timeout: 10_000 }).toHaveLength(2)
    expect(await cli.json('dlq', 'ls', file)).toMatchObject({ result: { open: 0 } })
  })

  it('that are too large are replayed in the form that was configured since', async () => {
    const worker = cli.start(['run', fileOf('errors.tolerance: all')])
    put('large', 6000)
    put('small')
    await shop.delivered(1)
    await untilLetters(fileOf('errors.tolerance: all'), 1)
    await worker.interrupt()
    const changed = fileOf('errors.tolerance: all', 'oversize.strategy: chunk', 'epoch: 2')
    expect(await cli.json('dlq', 'replay', changed)).toMatchObject({ exitCode: 0, result: { written: 1 } })
    const parts = async () =>
      (await readRecords(bootstrapServers, topic)).filter(({ headers }) => headers['tailrace.chunk.id'])
    await expect.poll(async () => (await parts()).length, { timeout: 10_000 }).toBeGreaterThan(2)
    const values = (await parts()).map(({ value }) => String(value)).join('')
    expect(JSON.parse(values)).toMatchObject({ op: 'c', after: { id: 'large', text: 'x'.repeat(6000) } })
  })

  it('stop their table where the dead-letter topic may not be made, and are delivered once it is there', async () => {
    await admin.createTopics({
      topics: [topic],
      partitions: 2,
      replicas: 1,
      configs: [{ name: 'max.message.bytes', value: '3000' }],
    })
    await admin.createTopics({
      topics: [`tailrace.${pipeline}.ledger`],
      partitions: 3,
      replicas: 1,
      configs: [{ name: 'cleanup.policy', value: 'compact' }],
    })
    const file = fileOf('errors.tolerance: all', 'topic.create: false')
    expect((await cli.run('check', file)).stdout).toMatch(/dead-letters does not exist, and topic.create is off/)
    put('first')
    put('large', 6000)
    put('last')
    const worker = cli.start(['run', file, '--no-check'])
    await worker.printed(/table orders stopped/)
    expect((await cli.run('status', file)).stdout).toMatch(/DEAD_LETTER_UNWRITABLE/)
    await worker.interrupt()
    await admin.createTopics({ topics: [letters], partitions: 1, replicas: 1 })
    const second = cli.start(['run', file])
    await shop.delivered(2)
    await untilLetters(file, 1)
    await second.interrupt()
    expect(await sequencesOf()).toHaveLength(2)
  })

  it('may be rows of a snapshot: all others come, and a later change supersedes theirs', async () => {
    const file = fileOf('errors.tolerance: all', 'snapshot.mode: initial', 'source.start: LATEST')
    for (let i = 0; i < 5; i++) put(`small-${i}`)
    put('large', 6000)
    put('changed', 6000)
    // LATEST is exact to the second: what was written in the same one would come as changes, too.
    await systemClock.sleep(1_100)
    const worker = cli.start(['run', file])
    await shop.delivered(5)
    await untilLetters(file, 2)
    await setTopicConfig(admin, topic, 'max.message.bytes', '20000')
    put('changed', 20)
    await shop.delivered(6)
    await worker.interrupt()
    expect((await listed(file)).letters).toMatchObject([{ sequenceNumber: null }, { sequenceNumber: null }])
    expect(await cli.json('dlq', 'replay', file)).toMatchObject({ result: { written: 1, superseded: 1, failed: 0 } })
    const output = await readOutput(bootstrapServers, topic)
    expect(output.filter(({ key }) => JSON.stringify(key).includes('large'))).toMatchObject([{ value: { op: 'r' } }])
    expect(output.filter(({ value }) => value?.op === 'r')).toHaveLength(6)
  })

  it('leave a topic that is deleted meanwhile to be made anew, with the letters that come then', async () => {
    const file = fileOf('errors.tolerance: all')
    const worker = cli.start(['run', file])
    put('large-1', 6000)
    await untilLetters(file, 1)
    await admin.deleteTopics({ topics: [letters] })
    put('large-2', 6000)
    put('small')
    await shop.delivered(1)
    await untilLetters(file, 1)
    await worker.interrupt()
    expect((await listed(file)).letters).toHaveLength(1)
  })
})
