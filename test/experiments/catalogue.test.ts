import { describe, expect, it } from 'vitest'
import { catalogue, rowIdOf, statusOf } from './catalogue.ts'
import { experiments } from './registry.ts'

describe('the catalogue', () => {
  it('has the rows E01 to E56, each fault once', () => {
    const ids = Array.from({ length: 56 }, (_, index) => `E${String(index + 1).padStart(2, '0')}`)
    expect(catalogue.map(({ id }) => id)).toEqual(ids)
    expect(new Set(catalogue.map(({ fault }) => fault)).size).toBe(56)
  })
  it('has a row for each registered experiment, whose ids differ', () => {
    const ids = experiments.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const homeless = ids.filter(
      (id) => !/^E\d\d(-[a-z0-9]+)*$/.test(id) || !catalogue.some((row) => row.id === rowIdOf(id)),
    )
    expect(homeless).toEqual([])
  })
  it('tells from the registry what is done', () => {
    const [e01, ...others] = catalogue
    const e35 = others.find(({ id }) => id === 'E35')
    if (e01 === undefined || e35 === undefined) throw new Error('a row is missing')
    const ours = { id: 'E01-sim', arm: 'tailrace' } as const
    const control = { id: 'E01-control', arm: 'control' } as const
    expect(statusOf(e01, [])).toEqual({ kind: 'open' })
    expect(statusOf(e01, [control])).toEqual({ kind: 'open' })
    expect(statusOf(e01, [ours, control, { id: 'E011', arm: 'tailrace' }])).toEqual({
      kind: 'done',
      by: ['E01-sim', 'E01-control'],
    })
    expect(statusOf(e35, [ours])).toEqual({ kind: 'waits', for: 'snapshots' })
  })
})
