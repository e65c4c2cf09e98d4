import { beforeEach, describe, expect, it } from 'vitest'
import { begun, createMemoryLedger, lanes, ordersEntry } from '../../../test/fixtures/memory-ledger.ts'
import { createSimulatedLedger } from '../../../test/fixtures/simulated-ledger.ts'
import type { SimulatedLedger } from '../../../test/fixtures/simulated-ledger.ts'
import type { RequestEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import { readPipelineLedger } from './pipeline-ledger.ts'
import { restartTable, setTableTarget } from './table-control.ts'
import type { TableAnswer } from './table-control.ts'
import { tableStateOf, tableStatesOf } from './table-state.ts'

const { signal } = new AbortController()
const bills: TableEntry = { ...ordersEntry, table: { ...ordersEntry.table, arn: 'arn-2', name: 'bills' } }
const twin: TableEntry = { ...bills, table: { ...bills.table, arn: 'arn-3' } }
let ledger: SimulatedLedger

beforeEach(async () => {
  ledger = await createSimulatedLedger(createMemoryLedger(ordersEntry, bills, twin, begun('p')))
})

const requests = async (): Promise<readonly RequestEntry[]> => {
  const { config, kafka } = ledger.access
  const read = await ledger.drive(readPipelineLedger(config, kafka, signal))
  return [...(read.lanes[0]?.requests.values() ?? [])]
}
/** Asks for a pause, and answers as a coordinator would once the request is there. */
const answered = async (answer: (request: RequestEntry) => Promise<void>): Promise<TableAnswer> => {
  ledger.setMembers(1)
  const { kafka, clock, rng, config } = ledger.access
  let isAnswered = false
  const sleep: typeof clock.sleep = async (ms, aborted) => {
    await clock.sleep(ms, aborted)
    if (isAnswered) return
    isAnswered = true
    const read = await readPipelineLedger(config, kafka, signal)
    for (const request of read.lanes[0]?.requests.values() ?? []) await answer(request)
  }
  const access = { config, kafka, rng, clock: { ...clock, sleep } }
  return ledger.drive(setTableTarget(access, { table: 'orders', target: 'PAUSED', waitMs: 5_000 }, signal))
}
const settle = (entry: TableEntry, request: RequestEntry): Promise<void> =>
  ledger.writeNow([
    ...Array.from({ length: lanes }, (_, lane) => ({ lane, entry })),
    { lane: 0, entry: request, isTombstone: true },
  ])

describe('a request about a table', () => {
  it('stands in the ledger until somebody runs the pipeline', async () => {
    const asked = { table: 'orders', waitMs: 30_000 }
    expect(await ledger.drive(setTableTarget(ledger.access, { ...asked, target: 'STOPPED' }, signal))).toMatchObject({
      table: 'orders',
      outcome: 'pending',
    })
    await ledger.drive(restartTable(ledger.access, asked, signal))
    expect(await requests()).toMatchObject([
      { tableArn: 'arn', action: { kind: 'target', target: 'STOPPED' } },
      { tableArn: 'arn', action: { kind: 'restart' } },
    ])
  })

  it('is answered with what became of it', async () => {
    const paused = { ...ordersEntry, version: 5, rest: { target: 'PAUSED', sinceMs: 1 } } as const
    const answer = await answered((request) =>
      settle({ ...paused, settled: { request: request.id, refusal: undefined } }, request),
    )
    expect(answer).toMatchObject({ outcome: 'done', refusal: undefined, entry: { rest: { target: 'PAUSED' } } })
  })

  it('is answered with why it was refused', async () => {
    const answer = await answered((request) =>
      settle({ ...ordersEntry, version: 5, settled: { request: request.id, refusal: 'no' } }, request),
    )
    expect(answer).toMatchObject({ outcome: 'refused', refusal: 'no' })
  })

  it('is answered even if another one was settled behind it before anybody looked', async () => {
    const other = { request: 'another', refusal: undefined }
    const answer = await answered((request) => settle({ ...ordersEntry, version: 6, settled: other }, request))
    expect(answer).toMatchObject({ outcome: 'done' })
  })

  it('is pending when nobody answers in time', async () => {
    expect(await answered(() => Promise.resolve())).toMatchObject({ outcome: 'pending' })
  })

  it('is given up when the ledger does not take it in time, and pending when that is not to be read afterwards', async () => {
    ledger.setMembers(1)
    const { clock, kafka } = ledger.access
    const never = (): Promise<never> => new Promise<never>(() => {})
    const ask = (broken: Partial<typeof kafka>): Promise<unknown> => {
      const access = { ...ledger.access, kafka: { ...kafka, ...broken } }
      const asking = { ms: 5_000, late: () => new Error('the ledger is silent') }
      const request = { table: 'orders', target: 'PAUSED', waitMs: 8_000, asking } as const
      const asked = setTableTarget(access, request, signal).then(({ outcome }) => outcome)
      return ledger.drive(asked.catch((error: unknown) => (error instanceof Error ? error.message : error)))
    }
    const beganMs = clock.monotonic()
    expect(await ask({ topics: never })).toBe('the ledger is silent')
    expect(await requests()).toEqual([])
    expect(await ask({ groupMembers: never })).toBe('pending')
    expect(await requests()).toHaveLength(1)
    expect(clock.monotonic() - beganMs).toBeGreaterThanOrEqual(13_000)
    expect(clock.monotonic() - beganMs).toBeLessThan(14_000)
  })

  it.each([
    ['invoices', /no table invoices; it has/],
    ['bills', /arn-2, arn-3/],
  ])('about %s is refused, and nothing is written', async (table, words) => {
    const asked = restartTable(ledger.access, { table, waitMs: 0 }, signal)
    const error: unknown = await ledger.drive(asked).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'TABLE_UNKNOWN', message: expect.stringMatching(words) })
    expect(await requests()).toEqual([])
  })

  it('is refused where a function moves the pipeline', async () => {
    await ledger.write([{ lane: 0, entry: { kind: 'way', version: 1, way: 'lambda', atMs: 0 } }])
    const asked = restartTable(ledger.access, { table: 'orders', waitMs: 0 }, signal)
    await expect(ledger.drive(asked)).rejects.toMatchObject({ code: 'WAY_CONFLICT' })
  })
})

describe("a table's state in Connect's words", () => {
  const rest = { target: 'STOPPED', sinceMs: 0 } as const
  const failed = { kind: 'stopped', code: 'STREAM_GAP', reason: 'trimmed', shardId: 'p' } as const
  const retired = { kind: 'retired', why: 'gone', reason: 'deleted', sinceMs: 1, wasLoading: false } as const
  it.each<[Partial<TableEntry>, string, RegExp | null]>([
    [{}, 'RUNNING', null],
    [{ rest }, 'STOPPED', /stopped since .*at least until/],
    [{ rest: { ...rest, target: 'PAUSED' } }, 'PAUSED', /paused since/],
    [{ rest, status: failed }, 'FAILED', /STREAM_GAP: trimmed/],
    [{ status: retired }, 'UNASSIGNED', /deleted/],
    [{ status: { kind: 'draining', replacedBy: 's2' } }, 'RUNNING', /replaced by s2/],
  ])('of %o is %s', (more, state, reason) => {
    const row = tableStateOf(
      { lanes: createMemoryLedger(ordersEntry, begun('p')).read() },
      { ...ordersEntry, ...more },
      9_000,
    )
    expect(row).toMatchObject({
      table: 'orders',
      state,
      reason: reason === null ? null : expect.stringMatching(reason),
    })
  })

  it('is that of skipped ones, too, as long as workers look for tables', () => {
    const off = { name: 'still', code: 'STREAM_DISABLED', message: 'off' }
    const gone = { name: 'orders', arn: 'arn', code: 'TABLE_NOT_FOUND', message: 'gone' }
    const skipped = { kind: 'skipped', version: 1, tables: [off, gone], more: 3, atMs: 0 } as const
    const memory = createMemoryLedger(ordersEntry, begun('p'), skipped)
    const states = (): ReturnType<typeof tableStatesOf> =>
      tableStatesOf({ lanes: memory.read(), tables: [ordersEntry] }, 9_000)
    expect(states()).toEqual({
      rows: [
        { table: 'orders', arn: 'arn', target: 'RUNNING', state: 'RUNNING', reason: 'TABLE_NOT_FOUND: gone' },
        { table: 'still', arn: null, target: 'RUNNING', state: 'UNASSIGNED', reason: 'STREAM_DISABLED: off' },
      ],
      moreSkipped: 3,
    })
    memory.write([{ lane: 0, entry: { kind: 'way', version: 1, way: 'lambda', atMs: 0 } }])
    expect(states()).toMatchObject({ rows: [{ table: 'orders', reason: null }], moreSkipped: 0 })
  })
})
