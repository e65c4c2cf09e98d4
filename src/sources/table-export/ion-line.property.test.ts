import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryItem } from '../../../test/oracle/arbitrary-items.ts'
import { ionStruct } from '../../../test/servers/ion-text.ts'
import { canonicalNumber } from '../../change/attribute-number.ts'
import type { AttributeValue, Item } from '../../change/attribute-value.ts'
import { readExportLine } from './export-line.ts'

/** Tables hold UTF-8, so no lone surrogates; Ion text could not write them either. */
const storable = arbitraryItem.map((item) =>
  mapItem(
    item,
    (value) => value,
    (text) => text.toWellFormed(),
  ),
)

describe('a line of an Ion export', () => {
  it('gives what the same line of a JSON export gives, numbers in one notation', () => {
    fc.assert(
      fc.property(storable, (item) => {
        const json = readExportLine(
          { kind: 'full', format: 'DYNAMODB_JSON' },
          Buffer.from(JSON.stringify({ Item: item })),
        )
        const ion = readExportLine({ kind: 'full', format: 'ION' }, Buffer.from(`$ion_1_0 {Item:${ionStruct(item)}}`))
        expect(ion).toEqual({ Item: canonical(json['Item'] as Item) })
      }),
      { numRuns: 2_000 },
    )
  })
})

function canonical(item: Item): Item {
  return mapItem(
    item,
    (number) => canonicalNumber(number) ?? 'unreadable',
    (text) => text,
  )
}

function mapItem(item: Item, number: (text: string) => string, string: (text: string) => string): Item {
  const mapValue = (value: AttributeValue): AttributeValue => {
    if ('S' in value) return { S: string(value.S) }
    if ('N' in value) return { N: number(value.N) }
    if ('NS' in value) return { NS: value.NS.map(number) }
    if ('L' in value) return { L: value.L.map(mapValue) }
    return 'M' in value ? { M: mapItem(value.M, number, string) } : value
  }
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [string(name), mapValue(value)]))
}
