import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import type { ChangeEvent, Operation } from '../change/change-event.ts'
import { parseCondition } from '../change/condition/parse-condition.ts'
import { createChangeFilter } from './change-filter.ts'
import type { ChangeFilterOptions } from './change-filter.ts'
import type { RoutedChange } from './change-transform.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const keys = { pk: { S: 'a' }, sk: { N: '1' } }
const image = (status: string) => ({ ...keys, status: { S: status } })

function change(operation: Operation, old: string | undefined, fresh: string | undefined): RoutedChange {
  const event: ChangeEvent = {
    operation,
    keys,
    oldImage: old === undefined ? undefined : image(old),
    newImage: fresh === undefined ? undefined : image(fresh),
    eventId: 'e',
    shardId: 's',
    sequenceNumber: '1',
    createdAtMs: 0,
    userIdentity: undefined,
    sizeBytes: 0,
    snapshot: operation === 'READ' ? 'true' : undefined,
  }
  return { event, topic: undefined, headers: [] }
}

async function filtered(one: RoutedChange, options: Partial<ChangeFilterOptions>): Promise<string> {
  const all = new Set<Operation>(['INSERT', 'MODIFY', 'REMOVE', 'READ'])
  const filter = createChangeFilter({
    excludedTables: [],
    operations: all,
    condition: undefined,
    leaving: 'drop',
    ...options,
  })
  const [outcome] = await filter.apply([one], table, new AbortController().signal)
  if (outcome?.kind !== 'passed') throw new Error('a filter never fails')
  return outcome.changes.map(({ event }) => event.operation).join() || 'dropped'
}

const parsed = parseCondition("status = 'open'")
const condition = 'problem' in parsed ? undefined : parsed

describe('a filter', () => {
  it.each([
    ['INSERT', undefined, 'open', 'INSERT', 'INSERT'],
    ['INSERT', undefined, 'shut', 'dropped', 'dropped'],
    ['MODIFY', 'shut', 'open', 'MODIFY', 'MODIFY'],
    ['MODIFY', 'open', 'open', 'MODIFY', 'MODIFY'],
    ['MODIFY', 'open', 'shut', 'dropped', 'REMOVE'],
    ['MODIFY', 'shut', 'shut', 'dropped', 'dropped'],
    // Of a stream without old images: it may have been in.
    ['MODIFY', undefined, 'shut', 'dropped', 'REMOVE'],
    ['MODIFY', undefined, undefined, 'MODIFY', 'MODIFY'],
    ['REMOVE', 'open', undefined, 'REMOVE', 'REMOVE'],
    ['REMOVE', 'shut', undefined, 'dropped', 'dropped'],
    ['REMOVE', undefined, undefined, 'REMOVE', 'REMOVE'],
    ['READ', undefined, 'open', 'READ', 'READ'],
    ['READ', undefined, 'shut', 'dropped', 'dropped'],
  ] as const)(
    'makes of %s %s → %s, with leaving drop: %s, with leaving delete: %s',
    async (...[operation, old, fresh, drop, leave]) => {
      const one = change(operation, old, fresh)
      expect(await filtered(one, { condition })).toBe(drop)
      expect(await filtered(one, { condition, leaving: 'delete' })).toBe(leave)
    },
  )

  it('drops tables and operations', async () => {
    const one = change('INSERT', undefined, 'open')
    expect(await filtered(one, { excludedTables: ['x', 'ord*'] })).toBe('dropped')
    expect(await filtered(one, { excludedTables: ['order'] })).toBe('INSERT')
    expect(await filtered(one, { operations: new Set(['REMOVE']) })).toBe('dropped')
  })

  it('takes a second look at what was read anew, and at nothing else', async () => {
    const one = change('INSERT', undefined, 'shut')
    expect(await filtered(one, { condition, isSecondLook: true })).toBe('INSERT')
    const anew = { ...one, event: { ...one.event, reselected: 'found' as const } }
    expect(await filtered(anew, { condition, isSecondLook: true })).toBe('dropped')
  })
})
