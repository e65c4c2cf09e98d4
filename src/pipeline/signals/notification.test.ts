import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import type { SnapshotAction, TableEntry } from '../../lanes/ledger-entry.ts'
import { reportOf } from '../../lanes/snapshot-progress.ts'
import { afterDiscovery, afterReport, afterRequest } from '../snapshot/snapshot-life.ts'
import { firstEntry } from '../table-life.ts'
import { notificationRecord, notificationsOf, progressOf } from './notification.ts'

const rules = {
  mode: 'initial',
  segments: 3,
  exports: undefined,
  lanes: 5,
  nowMs: 1_000,
  expectedItems: 20,
  isPipelineStart: false,
  present: undefined,
  caution: undefined,
} as const
const context = { connector: 'shop', isSkipping: false, nowMs: 77 }
const known = firstEntry(tableOf('NEW_IMAGE'), { topic: 'orders', partitions: 1, id: 'x' }, undefined)
const { name } = known.table
const some = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('nothing was decided')
  return value
}
const ask = (entry: TableEntry, action: SnapshotAction): TableEntry => {
  const outcome = afterRequest(entry, action, rules)
  if (outcome.kind === 'refused') throw new Error(outcome.reason)
  return outcome.table
}
const start = (snapshot: 'initial' | 'incremental'): TableEntry =>
  ask(known, { kind: 'start', snapshot, segments: undefined, filter: undefined })
const typesOf = (before: TableEntry | undefined, after: TableEntry): readonly string[] =>
  notificationsOf(before, after, context).map(({ aggregateType, type }) => `${aggregateType}: ${type}`)
const reported = (entry: TableEntry, items: number, code?: string): TableEntry => {
  const failure = code === undefined ? undefined : { code, reason: 'why' }
  return some(afterReport(entry, reportOf(entry, { items, rows: 2, units: 1 }, failure, 5), rules))
}

describe('notificationsOf', () => {
  it('follows an initial snapshot from its beginning to its end', () => {
    const running = some(afterDiscovery(known, rules))
    expect(typesOf(undefined, known)).toEqual([])
    expect(notificationsOf(known, running, context)).toEqual([
      {
        id: `shop.${name}.1`,
        aggregateType: 'Initial Snapshot',
        type: 'STARTED',
        additionalData: { connector_name: 'shop', data_collections: name },
        timestampMs: 77,
      },
    ])
    const done = notificationsOf(running, reported(running, 3), context)
    expect(done.map(({ type }) => type)).toEqual(['TABLE_SCAN_COMPLETED', 'COMPLETED'])
    expect(done[0]?.additionalData).toEqual({
      connector_name: 'shop',
      data_collections: name,
      scanned_collection: name,
      status: 'SUCCEEDED',
      total_rows_scanned: '3',
      total_rows_written: '2',
    })
    expect(notificationsOf(running, reported(running, 0), context)[0]?.additionalData).toMatchObject({
      status: 'EMPTY',
    })
  })

  it('tells where a snapshot rests, fails, goes on and is stopped, by its kind', () => {
    for (const [kind, aggregate, stopped] of [
      ['initial', 'Initial Snapshot', 'ABORTED'],
      ['incremental', 'Incremental Snapshot', 'STOPPED'],
    ] as const) {
      const running = start(kind)
      const paused = ask(running, { kind: 'pause' })
      expect(typesOf(running, paused)).toEqual([`${aggregate}: PAUSED`])
      expect(typesOf(paused, ask(paused, { kind: 'resume' }))).toEqual([`${aggregate}: RESUMED`])
      expect(typesOf(paused, ask(paused, { kind: 'stop' }))).toEqual([`${aggregate}: ${stopped}`])
      expect(typesOf(running, reported(running, 1, 'SNAPSHOT_PARKED'))).toEqual([`${aggregate}: PAUSED`])
      const failed = notificationsOf(running, reported(running, 1, 'SCAN_REFUSED'), context)
      expect(failed).toMatchObject([{ type: 'ABORTED', additionalData: { code: 'SCAN_REFUSED', reason: 'why' } }])
    }
  })

  it('bears the name of the signal that began it', () => {
    const begun = start('incremental')
    const { snapshot } = begun
    const named = { ...begun, snapshot: { ...some(snapshot), signal: 'mine' } }
    expect(notificationsOf(known, named, context)).toMatchObject([{ id: 'mine' }])
    expect(notificationsOf(named, ask(named, { kind: 'pause' }), context)).toMatchObject([{ id: 'mine' }])
    const progress = progressOf(named, named.snapshot, { items: 9, rows: 8, units: 1 }, context)
    expect(progress).toMatchObject({ id: 'mine', type: 'IN_PROGRESS', additionalData: { total_rows_scanned: '9' } })
  })

  it('tells of a new table without a snapshot only where none are taken', () => {
    const skipping = { ...context, isSkipping: true }
    expect(notificationsOf(undefined, known, skipping)).toMatchObject([{ type: 'SKIPPED' }])
    expect(notificationsOf(known, { ...known, version: 2, topicId: 'y' }, skipping)).toEqual([])
  })

  it('tells of a table that stands still, and of nothing else that happens to it', () => {
    const status = { kind: 'stopped', code: 'STREAM_GAP', reason: 'a gap', shardId: 's' } as const
    const stopped: TableEntry = { ...known, version: 2, status }
    expect(notificationsOf(known, stopped, context)).toMatchObject([
      { aggregateType: 'Source Gap', type: 'STOPPED', additionalData: { code: 'STREAM_GAP', reason: 'a gap' } },
    ])
    expect(typesOf(stopped, { ...stopped, version: 3 })).toEqual([])
    expect(typesOf(stopped, { ...known, version: 3 })).toEqual(['Source Gap: RESUMED'])
    expect(typesOf(known, { ...known, status: { kind: 'draining', replacedBy: 'x' } })).toEqual([])
  })

  it('makes records of them in the form of Debezium', () => {
    const [told] = notificationsOf(known, start('incremental'), context)
    const { topic, partition, key, value } = notificationRecord('told', some(told))
    expect({ topic, partition }).toEqual({ topic: 'told', partition: 0 })
    expect(JSON.parse(String(key))).toEqual({ id: `shop.${name}.1` })
    expect(JSON.parse(String(value))).toEqual({
      id: `shop.${name}.1`,
      aggregate_type: 'Incremental Snapshot',
      type: 'STARTED',
      additional_data: { connector_name: 'shop', data_collections: name },
      timestamp: 77,
    })
  })
})
