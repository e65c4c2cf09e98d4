import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import { firstEntry } from '../table-life.ts'
import { afterSignal } from './after-signal.ts'
import type { SignalOutcome } from './after-signal.ts'
import { readSignal } from './signal.ts'

const rules = {
  mode: 'never',
  segments: 3,
  exports: undefined,
  lanes: 5,
  nowMs: 1_000,
  expectedItems: 20,
  isPipelineStart: false,
  present: undefined,
  caution: undefined,
} as const
const table = (name: string): TableEntry => {
  const base = tableOf('NEW_IMAGE')
  const arn = base.arn.replace(base.name, name)
  return firstEntry({ ...base, name, arn }, { topic: name, partitions: 1, id: 'x' }, undefined)
}
const carry = (value: unknown, tables: readonly TableEntry[]): SignalOutcome => {
  const { outcome } = readSignal(Buffer.from(JSON.stringify(value)))
  if ('problem' in outcome) throw new Error(outcome.problem)
  return afterSignal(outcome, 'mine', tables, () => rules)
}
const execute = (collections: readonly string[], more = {}) => ({
  type: 'execute-snapshot',
  data: { 'data-collections': collections, ...more },
})
const stateOf = ({ tables }: SignalOutcome): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(tables.map((entry) => [entry.table.name, entry.snapshot?.state]))
/** Applied to the tables that it is about. */
const after = (tables: readonly TableEntry[], { tables: changed }: SignalOutcome): readonly TableEntry[] =>
  tables.map((known) => changed.find((entry) => entry.table.arn === known.table.arn) ?? known)

const all = ['orders', 'orders-2', 'users'].map(table)

describe('afterSignal', () => {
  it('begins a snapshot of each table that is meant, with the filter for it and under the name of the signal', () => {
    const conditions = [{ 'data-collection': 'orders', filter: 'n = 1' }]
    const outcome = carry(execute(['orders*'], { 'additional-conditions': conditions, type: 'BLOCKING' }), all)
    expect(stateOf(outcome)).toEqual({ orders: 'running', 'orders-2': 'running' })
    expect(outcome.refusals).toEqual([])
    expect(outcome.tables.map(({ snapshot }) => snapshot)).toMatchObject([
      { kind: 'initial', signal: 'mine', filter: { expression: '#n0 = :v0' } },
      { kind: 'initial', signal: 'mine', filter: undefined },
    ])
  })

  it('refuses as a whole what names an unknown table, in a filter, too', () => {
    expect(carry(execute(['orders', 'nothing']), all)).toEqual({
      tables: [],
      refusals: [
        {
          code: 'SIGNAL_TABLE_UNKNOWN',
          reason: 'data-collections[1] means no table of the pipeline',
          table: undefined,
        },
      ],
    })
    const conditions = [{ 'data-collection': 'nothing', filter: 'n = 1' }]
    expect(carry(execute(['orders'], { 'additional-conditions': conditions }), all).refusals).toMatchObject([
      { reason: 'additional-conditions[0] means no table of the pipeline' },
    ])
  })

  it('decides about each table for itself', () => {
    const begun = after(all, carry(execute(['orders']), all))
    const outcome = carry(execute(['orders', 'users']), begun)
    expect(stateOf(outcome)).toEqual({ users: 'running' })
    expect(outcome.refusals).toMatchObject([{ code: 'SIGNAL_REFUSED', table: 'orders' }])
  })

  it('means every snapshot that is not over where no table is named', () => {
    const begun = after(all, carry(execute(['orders*']), all))
    const half = after(begun, carry({ type: 'pause-snapshot', data: { 'data-collections': ['orders'] } }, begun))
    const paused = carry({ type: 'pause-snapshot' }, half)
    expect(stateOf(paused)).toEqual({ 'orders-2': 'paused' })
    expect(paused.refusals).toEqual([])
    const resumed = carry({ type: 'resume-snapshot' }, after(half, paused))
    expect(stateOf(resumed)).toEqual({ orders: 'running', 'orders-2': 'running' })
    const stopped = carry({ type: 'stop-snapshot' }, half)
    expect(stateOf(stopped)).toEqual({ orders: 'stopped', 'orders-2': 'stopped' })
    expect(carry({ type: 'stop-snapshot' }, after(half, stopped)).refusals).toMatchObject([
      { code: 'SIGNAL_REFUSED', reason: 'no snapshot is under way', table: undefined },
    ])
  })

  it('changes nothing for a log', () => {
    expect(carry({ type: 'log', data: { message: 'x' } }, all)).toEqual({ tables: [], refusals: [] })
  })
})
