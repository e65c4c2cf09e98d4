import { expect, it } from 'vitest'
import type { ConnectorEntry, RestartWish } from '../../service/service-state.ts'
import { withWish } from './restart-wish.ts'

const bare: ConnectorEntry = { name: 'orders', config: {}, configId: '1', target: 'RUNNING' }
const living = new Set(['a', 'b'])
const ofProcess = (id: string, process: string): RestartWish => ({ id, onlyFailed: false, process })
const ofAll = (id: string, onlyFailed = false): RestartWish => ({ id, onlyFailed })
const after = (...wishes: readonly RestartWish[]): ConnectorEntry =>
  wishes.reduce((entry, wish) => withWish(entry, wish, living), bare)
const idsOf = ({ restart, earlierRestarts = [] }: ConnectorEntry): readonly string[] =>
  [...earlierRestarts, ...(restart === undefined ? [] : [restart])].map(({ id }) => id)

it('keeps the wishes for other processes, and of each the newest', () => {
  expect(after(ofProcess('1', 'a'))).toEqual({ ...bare, restart: ofProcess('1', 'a') })
  expect(idsOf(after(ofProcess('1', 'a'), ofProcess('2', 'b')))).toEqual(['1', '2'])
  expect(idsOf(after(ofProcess('1', 'a'), ofProcess('2', 'b'), ofProcess('3', 'a')))).toEqual(['2', '3'])
})

it('keeps what a wish for failed runs alone does not include', () => {
  expect(idsOf(after(ofAll('1'), ofProcess('2', 'a'), ofAll('3', true)))).toEqual(['1', '2', '3'])
})

it('forgets what a wish for all includes, and processes that are gone', () => {
  expect(idsOf(after(ofProcess('1', 'a'), ofAll('2', true), ofAll('3')))).toEqual(['3'])
  expect(idsOf(after(ofProcess('1', 'gone'), ofProcess('2', 'a')))).toEqual(['2'])
})
