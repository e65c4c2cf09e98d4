import { describe, expect, it } from 'vitest'
import type { Item } from '../../src/change/attribute-value.ts'
import { countRoundTrips } from './count-round-trips.ts'
import { unmarshalledAndBack } from './util-dynamodb.ts'

describe('generated items', () => {
  it('come back from every form that promises to lose nothing, and not from the conversion of the SDK', () => {
    const counts = countRoundTrips([1])
    const [ours, sdk] = [counts.filter(({ name }) => !name.startsWith('@aws-sdk/')), counts.slice(-2)]
    expect(ours).toHaveLength(7)
    for (const { equal, changed, threw } of ours) {
      expect({ changed, threw, equal }).toEqual({ changed: 0, threw: 0, equal: 1_000 })
    }
    for (const { changed, threw } of sdk) {
      expect(changed).toBeGreaterThan(0)
      expect(threw).toBeGreaterThan(0)
    }
  }, 60_000)

  it('come back from the SDK where nothing in them is beyond it', () => {
    const item: Item = {
      s: { S: 'a' },
      n: { N: '12.5' },
      b: { B: 'AAEC' },
      set: { SS: ['x', 'y'] },
      m: { M: { l: { L: [] } } },
    }
    expect(unmarshalledAndBack(item, false)).toBe(true)
    expect(unmarshalledAndBack({ n: { N: '1234567890.12345678901234567' } }, false)).toBe(false)
  })
})
