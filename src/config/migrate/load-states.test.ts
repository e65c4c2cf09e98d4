import { expect, it } from 'vitest'
import { loadStates } from './load-states.ts'

const of = (table: string, state: string): object => ({
  partition: { table_name: table },
  offset: { version: '1.0', table_name: table, init_sync_state: state, init_sync_start: 1, init_sync_count: 5 },
})
const read = (value: unknown): ReadonlyMap<string, string> =>
  loadStates({ text: JSON.stringify(value), path: '/offsets.json' })

it('are those of the connector, by table; a table whose offset was reset has none', () => {
  const reset = { partition: { table_name: 'new' }, offset: null }
  expect([...read({ offsets: [of('orders', 'RUNNING'), of('bills', 'FINISHED'), reset] })]).toEqual([
    ['orders', 'RUNNING'],
    ['bills', 'FINISHED'],
  ])
  expect(read({ offsets: [] }).size).toBe(0)
})

it.each([
  ['no JSON', '{'],
  ['another answer', '{"name":"lake"}'],
  ['offsets of another connector', '{"offsets":[{"partition":{"filename":"f"},"offset":{"position":1}}]}'],
  ['a state that is none', JSON.stringify({ offsets: [of('orders', 'canary value')] })],
])('are refused in %s, without a word of what is in it', (_, text) => {
  expect(() => loadStates({ text, path: '/offsets.json' })).toThrow(
    expect.objectContaining({
      code: 'LEASES_UNUSABLE',
      message: expect.stringMatching(/^\/offsets\.json is not what Connect answers(?!.*canary)/),
    }),
  )
})
