import { describe, expect, it } from 'vitest'
import { svgChart, ticksUpTo } from './svg-chart.ts'

describe('a chart', () => {
  it('has axes from zero to a round number', () => {
    expect(ticksUpTo(0)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    expect(ticksUpTo(7)).toEqual([0, 2, 4, 6, 8])
    expect(ticksUpTo(100)).toEqual([0, 20, 40, 60, 80, 100])
    expect(ticksUpTo(0.3)).toEqual([0, 0.1, 0.2, 0.3])
    for (const greatest of [1, 3, 11, 99, 123, 5_001, 1e6]) {
      const ticks = ticksUpTo(greatest)
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(greatest)
      expect(ticks.length).toBeGreaterThanOrEqual(4)
      expect(ticks.length).toBeLessThanOrEqual(7)
    }
  })
  it('names units and places points', () => {
    const svg = svgChart({
      title: 'a < "b"',
      unit: 'changes',
      curve: [
        [0, 0],
        [50, 10],
        [100, 0],
      ],
    })
    expect(svg).toContain('aria-label="a &lt; &quot;b&quot;"')
    expect(svg).toContain('>seconds since the start</text>')
    expect(svg).toContain('>changes</text>')
    expect(svg).toContain('points="64,216 384,36 704,216"')
  })
})
