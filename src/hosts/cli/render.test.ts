import { describe, expect, it } from 'vitest'
import { printable, renderPairs, renderTable } from './render.ts'

describe('renderTable', () => {
  it('aligns columns, numbers to the right, and leaves no blanks at line ends', () => {
    const columns = [{ title: 'LANE', isNumeric: true }, { title: 'TABLE' }]
    expect(renderTable(columns, [['3', 'orders'], ['12', 'a'], ['1']])).toBe(
      'LANE  TABLE\n   3  orders\n  12  a\n   1\n',
    )
  })

  it('keeps a cell on its line', () => {
    expect(renderTable([{ title: 'A' }], [['x\ny\tz']])).toBe('A\nx y z\n')
  })
})

describe('renderPairs', () => {
  it('aligns values', () => {
    expect(
      renderPairs([
        ['code', 'X'],
        ['remedy', 'Y'],
      ]),
    ).toBe('code    X\nremedy  Y\n')
  })
})

describe('printable', () => {
  it('takes away what a terminal would obey or reorder', () => {
    expect(printable('a\u001B[31mred\u0007\r\u009B1m\u202Eb\nc\td')).toBe('a?[31mred???1m?b\nc\td')
    expect(printable('grün 日本 😀')).toBe('grün 日本 😀')
  })
})
