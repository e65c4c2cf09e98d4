import { expect, test } from 'vitest'
import type { SignalEntry } from '../../lanes/ledger-entry.ts'
import { isMadeAnew, placesToBegin } from './signal-places.ts'

const topic = { name: 's', id: 'new', partitions: 2 }
const known = (partition: number, generation: number, topicId: string | undefined): SignalEntry => ({
  kind: 'signal',
  source: 's',
  partition,
  generation,
  topicId,
  next: 5,
})

test('the first time it is the end of each partition', () => {
  expect(placesToBegin(topic, [])).toEqual([
    { partition: 0, generation: 1, from: 'end' },
    { partition: 1, generation: 1, from: 'end' },
  ])
  expect(isMadeAnew(topic, [])).toBe(false)
})

test('what was read before is left as it is, and a further partition is read whole', () => {
  expect(placesToBegin(topic, [known(0, 2, 'new')])).toEqual([{ partition: 1, generation: 2, from: 'start' }])
  expect(placesToBegin(topic, [known(0, 2, 'new'), known(1, 2, 'new')])).toEqual([])
})

test('a topic that was made anew is read whole, under a greater generation', () => {
  const places = placesToBegin(topic, [known(0, 2, 'old'), known(1, 3, 'old')])
  expect(places).toEqual([
    { partition: 0, generation: 4, from: 'start' },
    { partition: 1, generation: 4, from: 'start' },
  ])
  expect(isMadeAnew(topic, [known(0, 2, 'old')])).toBe(true)
})

test('a topic that did not exist at first is read whole, and nothing was lost', () => {
  expect(placesToBegin(topic, [known(0, 0, undefined)]).map(({ from }) => from)).toEqual(['start', 'start'])
  expect(isMadeAnew(topic, [known(0, 0, undefined)])).toBe(false)
})
