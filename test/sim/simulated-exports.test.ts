import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import type { Item } from '../../src/change/attribute-value.ts'
import type {
  ExportExtent,
  ExportFormat,
  TableExport,
  TableExports,
} from '../../src/sources/table-export/table-exports.ts'
import { readToEnd, refusalOf, setUpExports } from '../servers/export-setup.ts'
import { createManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { ManualClock } from '../servers/stream-simulator/manual-clock.ts'
import { createStreamService } from '../servers/stream-simulator/stream-service.ts'
import type { ServedStreams } from '../servers/stream-simulator/stream-service.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import { createInstantAws } from './aws/simulated-aws.ts'

const never = new AbortController().signal
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

interface Setup {
  readonly clock: ManualClock
  readonly service: ServedStreams
  readonly table: SimulatedTable
  readonly exports: TableExports
}

/** A table with point-in-time recovery, and the product's own requests and readers in front of its exports. */
function setUp(skewMs = 0): Setup {
  const clock = createManualClock()
  const service = createStreamService({ clock })
  const table = service.createTable({ name: 'orders', keySchema: [{ name: 'id', type: 'S' }] })
  table.enableRecovery(skewMs === 0 ? {} : { skew: { rng: seededRng(3), maxMs: skewMs } })
  const { exports } = setUpExports({ clock, api: createInstantAws(service), objects: service.exports.objects })
  return { clock, service, table, exports }
}

function ask(
  { exports, table }: Setup,
  extent: ExportExtent,
  also: { readonly token?: string; readonly format?: ExportFormat; readonly tableArn?: string } = {},
): Promise<string> {
  const { token = JSON.stringify(extent).slice(-40), format = 'DYNAMODB_JSON', tableArn = table.arn } = also
  return exports.request({ tableArn, token, bucket: 'exports', prefix: 'p', format, extent }, never)
}

/** Waits for an export and opens it. */
async function complete({ exports, clock }: Setup, arn: string): Promise<TableExport> {
  for (;;) {
    const status = await exports.describe(arn, never)
    if (status.status === 'FAILED') throw new Error(status.code)
    if (status.status === 'COMPLETED') return exports.open({ bucket: status.bucket, key: status.manifestKey }, never)
    clock.advance(minuteMs)
  }
}

async function linesOf({ exports }: Setup, tableExport: TableExport): Promise<readonly Line[]> {
  const all: unknown[] = []
  for (const file of tableExport.files) {
    await using reader = exports.openFile(tableExport, file, 0)
    all.push(...(await readToEnd(reader, never)).lines)
  }
  return all as readonly Line[]
}

interface Line {
  readonly Item?: Item
  readonly Keys?: Item
  readonly NewImage?: Item
  readonly OldImage?: Item
}

function byKey(items: Iterable<Item>): ReadonlyMap<string, Item> {
  return new Map([...items].map((item) => [JSON.stringify(item['id']), item] as const))
}

function contents(table: SimulatedTable): ReadonlyMap<string, Item> {
  return byKey([...table.items.values()].map(({ item }) => item))
}

/** Applies an increment; throws where an old image is not what was there. */
function fold(state: Map<string, Item>, lines: readonly Line[]): void {
  for (const { Keys, NewImage, OldImage } of lines) {
    const key = JSON.stringify(Keys?.['id'])
    expect(OldImage).toEqual(state.get(key))
    if (NewImage === undefined) state.delete(key)
    else state.set(key, NewImage)
  }
}

/** Some minutes, then a write or a delete of one of a few items. */
const arbitraryStep = fc.record({
  minutes: fc.integer({ min: 0, max: 90 }),
  key: fc.integer({ min: 0, max: 5 }),
  isDelete: fc.boolean(),
})

function write(table: SimulatedTable, step: { readonly key: number; readonly isDelete: boolean }, n: number): void {
  const key = { id: { S: `item-${step.key}` } }
  if (step.isDelete) table.delete(key)
  else table.put({ ...key, n: { N: String(n) } })
}

describe('a simulated export', () => {
  it.each([
    ['DYNAMODB_JSON', 0],
    ['ION', 0],
    ['DYNAMODB_JSON', minuteMs],
  ] as const)('and its increments give what the table had (%s, times off by %i ms)', async (format, skewMs) => {
    const steps = fc.array(arbitraryStep, { minLength: 1, maxLength: 60, size: 'max' })
    const run = async (before: readonly Step[], behind: readonly Step[]): Promise<void> => {
      const setup = setUp(skewMs)
      const { clock, table } = setup
      let n = 0
      const play = (some: readonly Step[]): void => {
        for (const step of some) {
          clock.advance(step.minutes * minuteMs + 977)
          write(table, step, n++)
        }
      }
      play(before)
      const atTime = contents(table)
      let fromMs = wholeSecondBehind(clock, skewMs)
      clock.advance(2 * skewMs + 2_000)
      play(behind)
      clock.advance(26 * hourMs)
      const full = await complete(setup, await ask(setup, { kind: 'full', timeMs: fromMs }, { format }))
      const state = new Map(byKey((await linesOf(setup, full)).map(({ Item: item }) => item ?? {})))
      expect(state).toEqual(atTime)
      const endMs = wholeSecondBehind(clock, 0) - 10 * minuteMs
      while (fromMs < endMs) {
        const toMs = Math.min(endMs, fromMs + dayMs)
        const extent = { kind: 'incremental', fromMs, toMs, view: 'NEW_AND_OLD_IMAGES' } as const
        if (toMs - fromMs < 15 * minuteMs) break
        fold(state, await linesOf(setup, await complete(setup, await ask(setup, extent, { format }))))
        fromMs = toMs
      }
      expect(state).toEqual(contents(table))
    }
    await fc.assert(fc.asyncProperty(steps, steps, run), { numRuns: 60 })
  })

  it('tells one line of an item in a window, and none of what came and went', async () => {
    const setup = setUp()
    const { clock, table } = setup
    table.put({ id: { S: 'kept' }, n: { N: '1' } })
    table.put({ id: { S: 'gone' } })
    clock.advance(minuteMs)
    const fromMs = clock.now()
    table.put({ id: { S: 'kept' }, n: { N: '2' } })
    table.put({ id: { S: 'kept' }, n: { N: '3' } })
    table.delete({ id: { S: 'gone' } })
    table.put({ id: { S: 'passing' } })
    table.delete({ id: { S: 'passing' } })
    clock.advance(hourMs)
    table.put({ id: { S: 'later' } })
    const extent = { kind: 'incremental', fromMs, toMs: clock.now(), view: 'NEW_AND_OLD_IMAGES' } as const
    clock.advance(hourMs)
    const lines = await linesOf(setup, await complete(setup, await ask(setup, extent)))
    expect(lines.toSorted((a, b) => JSON.stringify(a.Keys).localeCompare(JSON.stringify(b.Keys)))).toEqual([
      { Metadata: expect.anything(), Keys: { id: { S: 'gone' } }, OldImage: { id: { S: 'gone' } } },
      {
        Metadata: { WriteTimestampMicros: { N: String(fromMs * 1000 + 1) } },
        Keys: { id: { S: 'kept' } },
        OldImage: { id: { S: 'kept' }, n: { N: '1' } },
        NewImage: { id: { S: 'kept' }, n: { N: '3' } },
      },
    ])
  })

  it('puts a write near a boundary on either side of it, and on one only', async () => {
    const setup = setUp(minuteMs)
    const { clock, table } = setup
    const fromMs = clock.now()
    clock.advance(hourMs - 200 * 250)
    for (let n = 0; n < 400; n++) {
      clock.advance(250)
      table.put({ id: { S: `item-${n}` } })
    }
    const middleMs = fromMs + hourMs
    clock.advance(hourMs)
    const view = 'NEW_AND_OLD_IMAGES' as const
    const ids: string[][] = []
    for (const [from, to] of [
      [fromMs, middleMs],
      [middleMs, middleMs + 50 * minuteMs],
    ] as const) {
      const lines = await linesOf(
        setup,
        await complete(setup, await ask(setup, { kind: 'incremental', fromMs: from, toMs: to, view })),
      )
      ids.push(lines.map(({ Keys }) => JSON.stringify(Keys)))
    }
    const [first = [], second = []] = ids
    expect(new Set([...first, ...second]).size).toBe(400)
    expect(first.length + second.length).toBe(400)
    const wrongSide = first.filter((id) => Number(/\d+/.exec(id)?.[0]) >= 200)
    expect(wrongSide.length).toBeGreaterThan(10)
  })
})

type Step = typeof arbitraryStep extends fc.Arbitrary<infer T> ? T : never

function wholeSecondBehind(clock: ManualClock, byMs: number): number {
  return Math.ceil((clock.now() + byMs + 1) / 1000) * 1000
}

describe('a request for a simulated export', () => {
  it('gives the same export under the same token for eight hours, and refuses another request', async () => {
    const setup = setUp()
    setup.clock.advance(dayMs)
    const timeMs = setup.clock.now() - hourMs
    const first = await ask(setup, { kind: 'full', timeMs }, { token: 'a' })
    setup.clock.advance(8 * hourMs - 1)
    expect(await ask(setup, { kind: 'full', timeMs }, { token: 'a' })).toBe(first)
    const other = await refusalOf(ask(setup, { kind: 'full', timeMs: timeMs - 1_000 }, { token: 'a' }))
    expect(other).toMatchObject({ code: 'EXPORT_REFUSED', message: expect.stringContaining('client token') })
    setup.clock.advance(1)
    expect(await ask(setup, { kind: 'full', timeMs }, { token: 'a' })).not.toBe(first)
    expect(setup.service.exports.made).toHaveLength(2)
  })

  it.each([
    ['a time that is too young', (now: number): ExportExtent => ({ kind: 'full', timeMs: now - 4 * minuteMs })],
    ['a time before recovery', (now: number): ExportExtent => ({ kind: 'full', timeMs: now - 3 * dayMs })],
    ['a time that is no whole second', (now: number): ExportExtent => ({ kind: 'full', timeMs: now - hourMs + 1 })],
    ['a window of 14 minutes', (now: number): ExportExtent => windowUntil(now - hourMs, 14 * minuteMs)],
    ['a window of a day and a second', (now: number): ExportExtent => windowUntil(now - hourMs, dayMs + 1_000)],
    ['a window that ends too late', (now: number): ExportExtent => windowUntil(now - minuteMs, hourMs)],
  ])('refuses %s', async (_, extentAt) => {
    const setup = setUp()
    setup.clock.advance(2 * dayMs)
    expect((await refusalOf(ask(setup, extentAt(setup.clock.now())))).code).toBe('EXPORT_REFUSED')
    expect(setup.service.exports.made).toEqual([])
  })

  it.each([15 * minuteMs, dayMs])('takes a window of %i ms', async (lengthMs) => {
    const setup = setUp()
    setup.clock.advance(2 * dayMs)
    expect(await ask(setup, windowUntil(setup.clock.now() - hourMs, lengthMs))).toContain('/export/')
  })

  it('is refused without point-in-time recovery, and without the table', async () => {
    const setup = setUp()
    setup.clock.advance(dayMs)
    const extent = { kind: 'full', timeMs: setup.clock.now() - hourMs } as const
    const tableArn = `${setup.table.arn}-of-others`
    expect((await refusalOf(ask(setup, extent, { tableArn }))).code).toBe('TABLE_NOT_FOUND')
    setup.table.disableRecovery()
    const refusal = await refusalOf(ask(setup, extent))
    expect(refusal).toMatchObject({ code: 'EXPORT_REFUSED', message: expect.stringContaining('not enabled') })
  })

  it('ends as the settings say, and is forgotten after 90 days', async () => {
    const setup = setUp()
    const { clock, exports, service } = setup
    clock.advance(dayMs)
    service.exports.settings.durationMs = () => 3 * hourMs
    service.exports.settings.failureOf = () => ({ code: 'S3AccessDenied', message: 'no access' })
    const arn = await ask(setup, { kind: 'full', timeMs: clock.now() - hourMs })
    clock.advance(3 * hourMs - 1)
    expect(await exports.describe(arn, never)).toEqual({ status: 'IN_PROGRESS' })
    clock.advance(1)
    expect(await exports.describe(arn, never)).toEqual({
      status: 'FAILED',
      code: 'S3AccessDenied',
      message: 'no access',
    })
    clock.advance(90 * dayMs)
    expect((await refusalOf(exports.describe(arn, never))).code).toBe('EXPORT_MISSING')
  })
})

function windowUntil(toMs: number, lengthMs: number): ExportExtent {
  return { kind: 'incremental', fromMs: toMs - lengthMs, toMs, view: 'NEW_AND_OLD_IMAGES' }
}
