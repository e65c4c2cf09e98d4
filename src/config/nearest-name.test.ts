import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allKafkaNames } from './kafka-property-catalogue.ts'
import { editDistance, nearestName } from './nearest-name.ts'
import { propertyList } from './properties.ts'

const known = [...propertyList.keys(), ...allKafkaNames().map((name) => `kafka.${name}`)]

describe('nearestName', () => {
  it.each([
    ['source.reigon', 'source.region'],
    ['region', 'source.region'],
    ['regin', 'source.region'],
    ['bootstrap.servers', 'kafka.bootstrap.servers'],
    ['kafka.boostrap.servers', 'kafka.bootstrap.servers'],
    ['kafka.sasl.pasword', 'kafka.sasl.password'],
    ['topic.partition', 'topic.partitions'],
    ['tables', 'source.tables'],
    ['memoryMaxBytes', 'memory.max.bytes'],
    ['topic_retention_ms', 'topic.retention.ms'],
    ['kafka.topic.prefix', 'topic.prefix'],
    ['pipelines', 'pipeline'],
  ])('%s → %s', (unknown, expected) => {
    expect(nearestName(unknown, known)).toBe(expected)
  })

  it.each(['foo', 'x', '', 'connector.class', 'a'.repeat(100_000)])('has no guess for far names', (unknown) => {
    expect(nearestName(unknown, known)).toBeUndefined()
  })
})

describe('editDistance', () => {
  it('is 0 for equal texts, symmetric, and bounded by the longer text and the limit', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, a, 99)).toBe(0)
        expect(editDistance(a, b, 99)).toBe(editDistance(b, a, 99))
        expect(editDistance(a, b, 99)).toBeLessThanOrEqual(Math.max(a.length, b.length))
        expect(editDistance(a, b, 2)).toBe(Math.min(2, editDistance(a, b, 99)))
      }),
    )
  })

  it('counts a swap of neighbours once', () => {
    expect(editDistance('reigon', 'region', 9)).toBe(1)
  })
})
