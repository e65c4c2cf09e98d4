import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { temporaryFolder } from '../../../test/servers/temporary-folder.ts'
import { systemClock } from '../../async/system-clock.ts'
import type { ChangeEvent } from '../../change/change-event.ts'
import type { RoutedChange, TransformOutcome } from '../change-transform.ts'
import { openUserCode } from './user-code.ts'
import type { UserCodeOptions } from './user-code.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const never = new AbortController().signal

function change(id: string, more: ChangeEvent['newImage'] = {}): RoutedChange {
  const keys = { pk: { S: id }, sk: { N: '1' } }
  const event: ChangeEvent = {
    operation: 'MODIFY',
    keys,
    oldImage: { ...keys, note: { S: 'before' } },
    newImage: { ...keys, ...more },
    eventId: `event-${id}`,
    shardId: 'shard-1',
    sequenceNumber: '42',
    createdAtMs: 5,
    userIdentity: undefined,
    sizeBytes: 1,
    snapshot: undefined,
  }
  return { event, topic: undefined, headers: [] }
}

interface Opened {
  readonly apply: (changes: readonly RoutedChange[], signal?: AbortSignal) => Promise<readonly TransformOutcome[]>
  readonly output: string[]
}

async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  use: (opened: Opened) => Promise<T>,
  options: Partial<UserCodeOptions> = {},
): Promise<T> {
  await using folder = await temporaryFolder()
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder.path, name), text)
  const output: string[] = []
  await using code = await openUserCode({
    files: Object.keys(files).map((name) => path.join(folder.path, name)),
    timeoutMs: 400,
    memoryMaxBytes: 24 * 1_048_576,
    clock: systemClock,
    onOutput: (text) => output.push(text),
    stopsAtFailure: false,
    ...options,
  })
  return await use({ apply: (changes, signal = never) => code.apply(changes, table, signal), output })
}

/** What came of it: the names of errors, or the ids of what came through. */
function shown(outcomes: readonly TransformOutcome[]): readonly string[] {
  return outcomes.map((outcome) =>
    outcome.kind === 'failed'
      ? outcome.error.code
      : outcome.changes.map(({ event: { newImage } }) => JSON.stringify(newImage?.['pk'] ?? null)).join('+') ||
        'dropped',
  )
}

const id = (name: string): string => JSON.stringify({ S: name })
const misbehaving = `
import { defineTransform } from 'tailrace/transform'
const kept: unknown[] = []
export default defineTransform((change) => {
  const what = change.new?.what
  if (what === 'loop') for (;;) {}
  if (what === 'wait') return new Promise(() => {})
  if (what === 'sleep') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  if (what === 'grow') { const all: unknown[] = []; for (;;) all.push(new Array(100_000).fill(1.5)) }
  if (what === 'leak') for (let count = 0; count < 8; count++) kept.push(new Array(100_000).fill(1.5))
  if (what === 'exit') process.exit(0)
  if (what === 'stray') void Promise.reject(new Error('stray'))
  if (what === 'throw') JSON.parse('secret')
  if (what === 'text') throw 'secret'
  if (what === 'drop') return undefined
  if (what === 'print') console.log('printed')
  return change
})
`

describe("the user's code", () => {
  it('may change, drop, split, route and mark changes, one file behind the other', { timeout: 20_000 }, async () => {
    const first = `
      import { defineTransform, ExactNumber } from 'tailrace/transform'
      interface Order { pk: string; sk: number; total?: bigint; note?: string; price?: unknown }
      export default defineTransform<Order>(async (change) => {
        if (change.keys.pk === 'drop') return undefined
        if (change.keys.pk === 'delete') change.operation = 'REMOVE'
        if (change.new && change.new.total !== undefined) change.new.total += 1n
        if (change.new) change.new.price = new ExactNumber('0.1234567890123456789')
        change.headers.kind = 'order'
        return change.keys.pk === 'split' ? [{ ...change, topic: 'a' }, { ...change, topic: 'b' }] : change
      })`
    const second = `
      export default (change: { topic?: string; headers: Record<string, unknown>; old: { note: string } }) => {
        change.headers.second = new Uint8Array([1, 2])
        if (change.topic === 'b') change.old.note = 'after'
        return change
      }`
    await withFiles({ 'first.ts': first, 'second.mts': second }, async ({ apply }) => {
      const total = { total: { N: '12345678901234567890' } }
      const outcomes = await apply([change('a', total), change('drop'), change('split'), change('delete')])
      const headers = [
        ['kind', 'order'],
        ['second', Buffer.from([1, 2])],
      ]
      const price = { N: '0.1234567890123456789' }
      const [a, drop, split, del] = outcomes.map((outcome) => (outcome.kind === 'passed' ? outcome.changes : []))
      expect(a).toEqual([
        {
          event: {
            ...change('a').event,
            newImage: { ...change('a').event.newImage, total: { N: '12345678901234567891' }, price },
          },
          topic: undefined,
          headers,
        },
      ])
      expect(drop).toEqual([])
      expect(split).toMatchObject([
        { topic: 'a', headers, event: { oldImage: { note: { S: 'before' } } } },
        { topic: 'b', headers, event: { oldImage: { note: { S: 'after' } } } },
      ])
      expect(del).toMatchObject([
        { event: { operation: 'REMOVE', newImage: undefined, oldImage: { note: { S: 'before' } } } },
      ])
    })
  })

  it.each([
    ['loop', 'TRANSFORM_TIMEOUT', /took longer than 400 ms/],
    ['wait', 'TRANSFORM_TIMEOUT', /took longer than 400 ms/],
    ['sleep', 'TRANSFORM_TIMEOUT', /took longer than 400 ms/],
    ['grow', 'TRANSFORM_MEMORY', /took more than 25165824 bytes/],
    ['exit', 'TRANSFORM_FAILED', /ended its thread/],
    ['stray', 'TRANSFORM_FAILED', /did not wait for a promise that threw Error at code.ts:12/],
    ['throw', 'TRANSFORM_FAILED', /threw SyntaxError at code.ts:13/],
    ['text', 'TRANSFORM_FAILED', /threw something that is no Error/],
  ])('is blamed for the very change that it fails at: %s', { timeout: 20_000 }, async (what, code, text) => {
    const use = async ({ apply }: Opened): Promise<void> => {
      const page = ['a', 'b', 'bad', 'c'].map((one) => change(one, one === 'bad' ? { what: { S: what } } : {}))
      const outcomes = await apply(page)
      expect(shown(outcomes)).toEqual([id('a'), id('b'), code, id('c')])
      const failed = outcomes[2]
      if (failed?.kind !== 'failed') throw new Error('it did not fail')
      expect(failed.error.message).toMatch(text)
      expect(failed.error.message).toMatch(/a change of table orders .*code\.ts.*\(shard shard-1, sequence number 42\)/)
      expect(failed.error.message).not.toMatch(/secret/)
      expect(failed.error.policy).toBe('stop-table')
      // The next page has a fresh thread.
      expect(shown(await apply([change('d')]))).toEqual([id('d')])
    }
    // Filling the memory takes a while.
    await withFiles({ 'code.ts': misbehaving }, use, what === 'grow' ? { timeoutMs: 15_000 } : {})
  })

  it('is not blamed for memory that earlier changes have left full', { timeout: 30_000 }, async () => {
    await withFiles(
      { 'code.ts': misbehaving },
      async ({ apply }) => {
        const page = Array.from({ length: 8 }, (_, index) => change(`${index}`, { what: { S: 'leak' } }))
        expect(shown(await apply(page))).toEqual(page.map((_, index) => id(`${index}`)))
      },
      { timeoutMs: 5_000 },
    )
  })

  it('is not asked for what stands behind a change that stops the table', { timeout: 20_000 }, async () => {
    await withFiles(
      { 'code.ts': misbehaving },
      async ({ apply }) => {
        const hanging = (one: string): RoutedChange => change(one, { what: { S: 'loop' } })
        const outcomes = await apply([change('a'), hanging('b'), hanging('c'), hanging('d')])
        expect(shown(outcomes)).toEqual([id('a'), 'TRANSFORM_TIMEOUT', 'TRANSFORM_FAILED', 'TRANSFORM_FAILED'])
      },
      { stopsAtFailure: true },
    )
  })

  it('has one thread for all lanes, which goes on although one of them stops', { timeout: 20_000 }, async () => {
    await withFiles({ 'code.ts': misbehaving }, async ({ apply, output }) => {
      const stop = new AbortController()
      const hanging = apply([change('x', { what: { S: 'loop' } })], stop.signal)
      const waiting = [apply([change('a')]), apply([change('b', { what: { S: 'print' } }), change('c')])]
      stop.abort(new Error('stopped'))
      await expect(hanging).rejects.toThrow('stopped')
      expect((await Promise.all(waiting)).map(shown)).toEqual([[id('a')], [id('b'), id('c')]])
      expect(await apply([])).toEqual([])
      for (let waited = 0; output.length === 0 && waited < 100; waited++) await systemClock.sleep(20)
      expect(output.join('')).toBe('printed\n')
    })
  })

  it.each([
    ['missing', undefined, /ERR_MODULE_NOT_FOUND/],
    ['does not parse', 'export default (change => {', /SyntaxError/],
    ['needs more than stripped types', 'enum A { B } export default () => A.B', /ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX/],
    ['exports nothing', 'export const transform = 1', /no default export that is a function/],
    ['throws', 'throw new Error("not today")', /Error: not today/],
    ['ends its thread', 'process.exit(1)', /ends its thread while it is loaded/],
    ['grows', 'const all = []; for (;;) all.push(new Array(100_000).fill(1.5))', /more than 25165824 bytes/],
  ])('is refused at the start if its file %s', { timeout: 20_000 }, async (_what, text, problem) => {
    const files = text === undefined ? {} : { 'code.ts': text }
    const options = text === undefined ? { files: ['/nowhere/code.ts'] } : {}
    const opening = withFiles(files, () => Promise.resolve(), options)
    await expect(opening).rejects.toMatchObject({
      code: 'TRANSFORM_UNUSABLE',
      policy: 'refuse',
      message: expect.stringMatching(problem),
    })
  })
})
