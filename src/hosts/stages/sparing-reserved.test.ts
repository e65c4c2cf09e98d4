import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { TailraceError } from '../../errors.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import type { RowInput, StageInput, Stages, VanishedInput } from '../../pipeline/stages.ts'
import { sparingReserved } from './sparing-reserved.ts'

const never = new AbortController().signal
const entryOf = (topic: string): ReturnType<typeof firstEntry> =>
  firstEntry(tableOf('NEW_AND_OLD_IMAGES'), { topic, partitions: 3, id: 'x' }, undefined)

const made: string[] = []
const done = (what: string) => () => {
  made.push(what)
  return Promise.resolve({ failure: undefined })
}
const inner = {
  process: done('changes'),
  processRows: done('rows'),
  processVanished: done('deletes'),
  presenceOf: () => 'foreign',
} as unknown as Stages
const stages = sparingReserved(inner, {
  refuseReserved: (topic) => {
    if (topic === 'places')
      throw new TailraceError('TOPIC_RESERVED', `topic ${topic} is a ledger`, { details: { topic } })
  },
})

const of = (topic: string) => ({ table: entryOf(topic) })
const each = [
  ['changes', (topic: string) => stages.process(of(topic) as StageInput, never)],
  ['rows', (topic: string) => stages.processRows(of(topic) as RowInput, never)],
  ['deletes', (topic: string) => stages.processVanished(of(topic) as VanishedInput, never)],
] as const

describe('a table whose own topic is reserved', () => {
  it.each(each)('stops, and nothing is made of its %s', async (what, process) => {
    made.length = 0
    expect(await process('places')).toMatchObject({
      records: [],
      left: { dropped: 0, rejected: [] },
      failure: { code: 'TOPIC_RESERVED', details: { topic: 'places', table: 'orders' } },
    })
    expect(made).toEqual([])
    expect(await process('shop.orders')).toEqual({ failure: undefined })
    expect(made).toEqual([what])
  })
})
