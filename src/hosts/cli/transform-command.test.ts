import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../test/servers/temporary-folder.ts'
import { systemClock } from '../../async/system-clock.ts'
import { seededRng } from '../../async/rng.ts'
import { createRedactor } from '../../observe/redactor.ts'
import { runCli } from './run-cli.ts'

const streamRecord = {
  eventName: 'MODIFY',
  eventSourceARN: 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/x',
  dynamodb: {
    Keys: { pk: { S: 'a' } },
    OldImage: { pk: { S: 'a' }, total: { N: '1' } },
    NewImage: { pk: { S: 'a' }, total: { N: '12345678901234567890.5' } },
  },
}
const envelope =
  '{"before":null,"after":{"pk":"a","total":12345678901234567890.5,"tags":["x"]},"source":{"table":"orders","ts_ms":1},"op":"c"}'
const tailed = JSON.stringify({ topic: 't', partition: 0, offset: 1, key: '{"pk":"a"}', value: envelope, headers: {} })
const code = `
import { defineTransform, ExactNumber } from 'tailrace/transform'
export default defineTransform((change) => {
  console.log('seen', change.table)
  if (!change.new) return undefined
  if (!(change.new.total instanceof ExactNumber)) throw new Error('total is ' + String(change.new.total))
  change.new.checked = true
  change.topic = 'checked'
  return change
})`

async function test(sample: string, ...more: readonly string[]) {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'code.ts'), code)
  await writeFile(join(folder.path, 'sample.json'), sample)
  const written = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      write: (chunk: Buffer, _, done) => {
        written[name] += chunk.toString('utf8')
        done()
      },
    })
  const exitCode = await runCli(['transform', 'test', 'code.ts', '--sample', 'sample.json', ...more], {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    stdin: Readable.from([]),
    env: {},
    cwd: folder.path,
    isTerminal: false,
    signal: new AbortController().signal,
    clock: systemClock,
    rng: seededRng(1),
    redactor: createRedactor(),
  })
  return { exitCode, ...written }
}

describe('tailrace transform test', { timeout: 20_000 }, () => {
  it.each([
    ['a record of a stream', JSON.stringify(streamRecord)],
    ['an event of Lambda', JSON.stringify({ Records: [streamRecord] })],
    ['our record', envelope],
    ['our record with its schema', `{"schema":{},"payload":${envelope}}`],
    ['lines of tail', `${tailed}\n${JSON.stringify({ topic: 't', key: '{"pk":"a"}', value: null })}\n`],
  ])('shows what comes of %s', async (_what, sample) => {
    const { exitCode, stdout } = await test(sample, '--json', '--keys', 'pk')
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      sample: 1,
      table: 'orders',
      changes: [
        {
          topic: 'checked',
          new: { pk: { S: 'a' }, total: { N: '12345678901234567890.5' }, checked: { BOOL: true } },
        },
      ],
    })
  })

  it('shows for people what came through, was dropped or failed, and why', async () => {
    const gone = { ...streamRecord, eventName: 'REMOVE', dynamodb: { Keys: { pk: { S: 'a' } } } }
    const wrong = {
      ...streamRecord,
      dynamodb: { ...streamRecord.dynamodb, NewImage: { pk: { S: 'a' }, total: { N: '7' } } },
    }
    const { exitCode, stdout, stderr } = await test(JSON.stringify([streamRecord, gone, wrong]))
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^1\. MODIFY of table orders: comes through\n {3}\{/)
    expect(stdout).toContain('2. REMOVE of table orders: dropped\n')
    expect(stdout).toMatch(
      /3\. MODIFY of table orders: failed \[TRANSFORM_FAILED\] .*code\.ts: threw Error at code\.ts:6\n {3}Error: total is 7\n/,
    )
    expect(stderr).toContain('seen orders')
  })

  it.each([
    ['{"a":1}', /a sample must be/],
    ['[]', /holds no changes/],
    ['{', /neither JSON nor JSON lines/],
  ])('refuses what is no sample: %s', async (sample, text) => {
    expect(await test(sample)).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(text) })
  })
})
