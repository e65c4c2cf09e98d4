import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxSignalBytes, readSignal } from './signal.ts'

const read = (value: unknown) => readSignal(Buffer.from(JSON.stringify(value)))
const problemOf = (value: unknown): string => {
  const { outcome } = read(value)
  return 'problem' in outcome ? outcome.problem : ''
}

describe('readSignal', () => {
  it('reads what Debezium documents', () => {
    const data = {
      'data-collections': ['orders', ' eu-west-1.invoices '],
      'additional-conditions': [{ 'data-collection': 'orders', filter: "color = 'blue'" }],
    }
    expect(read({ id: 'a', type: 'execute-snapshot', data })).toEqual({
      id: 'a',
      outcome: {
        type: 'execute-snapshot',
        snapshot: 'incremental',
        collections: ['orders', 'eu-west-1.invoices'],
        filters: [
          {
            collection: 'orders',
            filter: { expression: '#n0 = :v0', names: { '#n0': 'color' }, values: { ':v0': { S: 'blue' } } },
          },
        ],
      },
    })
    expect(read({ type: 'execute-snapshot', data: { type: 'blocking', 'data-collections': ['a'] } })).toMatchObject({
      id: undefined,
      outcome: { snapshot: 'initial', filters: [] },
    })
    const old = { 'data-collections': ['a'], 'additional-condition': 'n = 1' }
    expect(read({ type: 'execute-snapshot', data: old }).outcome).toMatchObject({ filters: [{ collection: '*' }] })
    expect(read({ type: 'stop-snapshot' }).outcome).toEqual({ type: 'stop-snapshot', collections: undefined })
    expect(read({ type: 'pause-snapshot', data: { 'data-collections': ['a'] } }).outcome).toEqual({
      type: 'pause-snapshot',
      collections: ['a'],
    })
    expect(read({ type: 'log', data: JSON.stringify({ message: 'here' }) }).outcome).toEqual({
      type: 'log',
      message: 'here',
    })
  })

  it.each<[string, unknown, RegExp]>([
    ['a list', [], /not a JSON object/],
    ['an unknown type', { type: 'drop-table', data: {} }, /type must be one of/],
    ['no type', { data: {} }, /type must be one of/],
    ['an id that is no text', { id: 7, type: 'log', data: { message: '' } }, /id must be/],
    ['data that are no object', { type: 'stop-snapshot', data: 'orders' }, /data must be/],
    ['no tables', { type: 'execute-snapshot', data: {} }, /names no table/],
    ['a table that is none', { type: 'execute-snapshot', data: { 'data-collections': [1] } }, /no name of a table/],
    [
      'another kind of snapshot',
      { type: 'execute-snapshot', data: { type: 'FAST', 'data-collections': ['a'] } },
      /INCREMENTAL or BLOCKING/,
    ],
    ['a log without a message', { type: 'log', data: {} }, /data\.message/],
  ])('refuses %s', (_, value, problem) => {
    expect(problemOf(value)).toMatch(problem)
  })

  it('names the place of a wrong filter and nothing of the filter', () => {
    const conditions = [
      { 'data-collection': 'a', filter: 'x = 1' },
      { 'data-collection': 'a', filter: "name = 'secret" },
    ]
    const problem = problemOf({
      type: 'execute-snapshot',
      data: { 'data-collections': ['a'], 'additional-conditions': conditions },
    })
    expect(problem).toBe('the filter of data.additional-conditions[1] is wrong at character 8')
  })

  it('looks at nothing that is too large, and takes no bytes that are not UTF-8', () => {
    const large = Buffer.from(JSON.stringify({ type: 'log', data: { message: 'x'.repeat(maxSignalBytes) } }))
    expect(readSignal(large).outcome).toEqual({ problem: 'it is larger than 65,536 bytes' })
    const broken = Buffer.from('{"type":"log","data":{"message":"\xff"}}', 'latin1')
    expect(readSignal(broken).outcome).toEqual({ problem: 'it is not a JSON object' })
  })

  it('gives a signal or a problem for any bytes and any JSON', () => {
    const lengthOf = (bytes: Uint8Array): number => {
      const { outcome } = readSignal(bytes)
      return 'problem' in outcome ? outcome.problem.length : outcome.type.length
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(lengthOf(bytes)).toBeGreaterThan(0)
      }),
    )
    const word = fc.constantFrom('execute-snapshot', 'stop-snapshot', 'log', 'INCREMENTAL', '*', "a = 'b", '')
    const leaf = fc.oneof(word, fc.jsonValue({ maxDepth: 2 }))
    const names = fc.constantFrom(
      'data-collections',
      'additional-conditions',
      'additional-condition',
      'type',
      'message',
    )
    const inner = fc.dictionary(fc.constantFrom('data-collection', 'filter'), leaf)
    const data = fc.oneof(leaf, fc.dictionary(names, fc.oneof(leaf, fc.array(fc.oneof(leaf, inner)))))
    const signal = fc.record({ id: leaf, type: leaf, data }, { requiredKeys: [] })
    fc.assert(
      fc.property(signal, (value) => {
        expect(lengthOf(Buffer.from(JSON.stringify(value)))).toBeGreaterThan(0)
      }),
      { numRuns: 2_000 },
    )
  })
})
