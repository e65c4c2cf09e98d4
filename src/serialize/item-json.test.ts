import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryItem } from '../../test/oracle/arbitrary-items.ts'
import { differenceOfItem, parseExactly } from '../../test/oracle/exact-json.ts'
import type { AttributeValue, Item } from '../change/attribute-value.ts'
import { TailraceError } from '../errors.ts'
import { createItemJson } from './item-json.ts'
import type { NumberMode } from './item-json.ts'
import { createJsonWriter } from './json-writer.ts'

// The environment asks for more where time allows: a million items take a few minutes.
const numRuns = Number(process.env['TAILRACE_PROPERTY_RUNS'] ?? 2000)

describe('createItemJson', () => {
  it('writes any item so that it reads back exactly', () => {
    const writer = createJsonWriter()
    const json = createItemJson(writer, 'exact')
    fc.assert(
      fc.property(arbitraryItem, (item) => {
        json.item(item)
        const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(writer.take())
        expect(differenceOfItem(parseExactly(text), item)).toBeUndefined()
      }),
      { numRuns },
    )
  })

  it.each<[string, string]>([
    [
      '{"a":{"N":"1.50"},"b":{"N":"12345678901234567890.123456789012345678"}}',
      '{"a":1.50,"b":12345678901234567890.123456789012345678}',
    ],
    ['{"a":{"N":"1.5E+20"},"b":{"N":"-0"}}', '{"a":1.5E+20,"b":-0}'],
    ['{"a":{"N":"+5"},"b":{"N":".50"},"c":{"N":"007"},"d":{"N":"2d3"}}', '{"a":5,"b":0.5,"c":7,"d":2000}'],
    ['{"__proto__":{"S":"x"},"constructor":{"NULL":true}}', '{"__proto__":"x","constructor":null}'],
    ['{"m":{"M":{"":{"L":[{"M":{}},{"L":[]},{"S":""}]}}}}', '{"m":{"":[{},[],""]}}'],
    ['{"ss":{"SS":["b","a","\\uffff","😀","B",""]}}', '{"ss":["","B","a","b","\uFFFF","😀"]}'],
    ['{"ns":{"NS":["10","9","-1","1E-5","0","9.0E1"]}}', '{"ns":[-1,0,1E-5,9,10,9.0E1]}'],
    ['{"bs":{"BS":["/w==","AA==","AAA="]}}', '{"bs":["AA==","AAA=","/w=="]}'],
    ['{"b":{"B":"AAEC"},"t":{"BOOL":true},"f":{"BOOL":false}}', '{"b":"AAEC","t":true,"f":false}'],
    ['{}', '{}'],
  ])('writes %s', (wire, text) => {
    expect(write(parse(wire), 'exact')).toBe(text)
  })

  it('writes numbers as strings if told so', () => {
    const item = parse('{"n":{"N":"1.50"},"s":{"NS":["3","1E5"]},"m":{"M":{"x":{"N":"+7"}}}}')
    expect(write(item, 'string')).toBe('{"n":"1.50","s":["3","1E5"],"m":{"x":"7"}}')
  })

  it('sorts large sets as it sorts small ones', () => {
    const texts = Array.from({ length: 200 }, (_, index) => String((index * 7919) % 1000))
    const sorted = texts.toSorted()
    expect(write({ a: { SS: texts } }, 'exact')).toBe(JSON.stringify({ a: sorted }))
    expect(write({ a: { SS: texts.slice(0, 16) } }, 'exact')).toBe(JSON.stringify({ a: texts.slice(0, 16).toSorted() }))
  })

  it.each([
    ['an unknown type', '{"X":"secret"}'],
    ['a type named like a member of Object', '{"constructor":"secret"}'],
    ['two types', '{"S":"secret","N":"1"}'],
    ['no type', '{}'],
    ['text in place of a value', '"secret"'],
    ['null in place of a value', 'null'],
    ['an array in place of a value', '["secret"]'],
    ['an S that is a number', '{"S":1}'],
    ['an N that is a number', '{"N":1}'],
    ['an N that is not decimal', '{"N":"secret"}'],
    ['an N that would break out of its place', '{"N":"1,\\"x\\":2"}'],
    ['an empty N', '{"N":""}'],
    ['a NULL that is not true', '{"NULL":false}'],
    ['a BOOL that is text', '{"BOOL":"true"}'],
    ['an M that is an array', '{"M":[{"S":"secret"}]}'],
    ['an L that is an object', '{"L":{"0":{"S":"secret"}}}'],
    ['an L of bare values', '{"L":["secret"]}'],
    ['an SS that is text', '{"SS":"secret"}'],
    ['an SS of numbers', '{"SS":[1]}'],
    ['an NS of texts', '{"NS":["1","secret"]}'],
    ['an NS of one text', '{"NS":["secret"]}'],
  ])('refuses %s', (_what, wire) => {
    const item = parse(`{"deep":{"L":[{"M":{"x":${wire}}}]}}`)
    const attempt = (): string => write(item, 'exact')
    expect(attempt).toThrow(TailraceError)
    expect(attempt).toThrow(expect.objectContaining({ code: 'RECORD_UNREADABLE' }))
    expect(attempt).not.toThrow(/secret/)
  })

  it('takes nesting far beyond DynamoDB, and refuses what would overflow the stack', () => {
    expect(write({ a: buried(99) }, 'exact')).toBe(`{"a":${'['.repeat(99)}"core"${']'.repeat(99)}}`)
    expect(() => write({ a: buried(50_000) }, 'exact')).toThrow(/nested more than 100 deep/)
  })
})

function write(item: Item, numbers: NumberMode): string {
  const writer = createJsonWriter()
  createItemJson(writer, numbers).item(item)
  return writer.take().toString('utf8')
}

function parse(wire: string): Item {
  return JSON.parse(wire)
}

function buried(depth: number): AttributeValue {
  let value: AttributeValue = { S: 'core' }
  for (let level = 0; level < depth; level++) value = { L: [value] }
  return value
}
