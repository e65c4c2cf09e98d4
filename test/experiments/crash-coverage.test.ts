import { describe, expect, it } from 'vitest'
import { crashPoints } from '../crash/crash-point.ts'
import { crashCoverageOf, crashName, statesOnly } from './crash-coverage.ts'

const statesAtFault = {
  steady: 3,
  [crashName('fence.after', 'steady')]: 2,
  [crashName('fence.after', 'starting')]: 1,
}

describe('crash coverage', () => {
  it('adds up what all evidence tells of points, and lists every point', () => {
    const coverage = crashCoverageOf([{ statesAtFault }, { statesAtFault }])
    expect(coverage?.hits).toEqual({ 'fence.after': { steady: 4, starting: 2 } })
    expect(coverage?.points).toEqual(crashPoints)
  })
  it('is not there where nobody died at a point', () => {
    expect(crashCoverageOf([{ statesAtFault: { steady: 3 } }])).toBeUndefined()
  })
  it('leaves the points out where only states count', () => {
    expect(statesOnly(statesAtFault)).toEqual({ steady: 5, starting: 1 })
  })
})
