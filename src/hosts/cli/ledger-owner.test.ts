import { expect, it } from 'vitest'
import { requireOwnLedger } from './ledger-owner.ts'

const remains = (records: number, ...pipelines: readonly string[]) => ({
  records,
  pipelines: new Set(pipelines),
  outputTopics: new Set<string>(),
  streams: [],
})

it('takes an empty topic and its own ledger for its own, and nothing else', () => {
  expect(() => requireOwnLedger(remains(0), 't', 'shop')).not.toThrow()
  expect(() => requireOwnLedger(remains(7, 'shop'), 't', 'shop')).not.toThrow()
  expect(() => requireOwnLedger(remains(7, 'other'), 't', 'shop')).toThrow(/ledger of pipeline other/)
  expect(() => requireOwnLedger(remains(7, 'shop', 'other'), 't', 'shop')).toThrow(/ledger of pipeline other/)
  expect(() => requireOwnLedger(remains(7), 't', 'shop')).toThrow(/does not say that it is the ledger of shop/)
})
