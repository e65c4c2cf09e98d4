import { describe, expect, it } from 'vitest'
import { writeTimeMicros } from './write-time.ts'

describe('writeTimeMicros', () => {
  it.each([
    ['text', { WriteTimestampMicros: '1680109764000001' }],
    ['a number', { WriteTimestampMicros: 1_680_109_764_000_001 }],
    ['an attribute value', { WriteTimestampMicros: { N: '1680109764000001' } }],
    ['another notation', { WriteTimestampMicros: { N: '1.680109764000001E15' } }],
  ])('reads %s', (_, metadata) => {
    expect(writeTimeMicros(metadata)).toBe(1_680_109_764_000_001)
  })

  it.each([
    undefined,
    null,
    'x',
    {},
    { WriteTimestampMicros: null },
    { WriteTimestampMicros: '' },
    { WriteTimestampMicros: 'soon' },
    { WriteTimestampMicros: '1.5' },
    { WriteTimestampMicros: '-1' },
    { WriteTimestampMicros: { S: '1' } },
    { WriteTimestampMicros: { N: ['1'] } },
    { WriteTimestampMicros: '99999999999999999999' },
  ])('finds none in %j', (metadata) => {
    expect(writeTimeMicros(metadata)).toBeUndefined()
  })
})
