import { describe, expect, it } from 'vitest'
import { anomalyExplanations, anomalyNames, isClean, mergeAnomalies, noAnomalies } from './anomalies.ts'

describe('the names of anomalies', () => {
  it('have an explanation each', () => {
    for (const name of anomalyNames) expect(anomalyExplanations[name]).toMatch(/^[A-Z].*\.$/)
  })
  it('are clean at zero, and add up', () => {
    expect(isClean({ anomalies: noAnomalies() })).toBe(true)
    expect(isClean({ anomalies: { ...noAnomalies(), miscount: 1 } })).toBe(false)
    expect(mergeAnomalies([{ lost: 1 }, {}, { lost: 2, torn: 1 }])).toEqual({ ...noAnomalies(), lost: 3, torn: 1 })
  })
})
