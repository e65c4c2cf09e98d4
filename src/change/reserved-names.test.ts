import { describe, expect, it } from 'vitest'
import { isGroupOfServices, isNameOfServices, isReservedTopic } from './reserved-names.ts'

describe('reserved names', () => {
  it.each([
    ['tailrace.service.prod.config', true],
    ['tailrace.service.prod', true],
    ['tailrace.orders.ledger', true],
    ['tailrace.a.b.ledger', true],
    ['tailrace.ledger', false],
    ['tailrace.orders.dead-letters', false],
    ['tailrace.orders.ledgers', false],
    ['tailrace.services.orders', false],
    ['shop.tailrace.orders.ledger', false],
  ])('of topics: %s is %s', (topic, expected) => {
    expect(isReservedTopic(topic)).toBe(expected)
  })

  it.each([
    ['service', true],
    ['service.prod', true],
    ['services', false],
    ['service-a', false],
    ['my.service', false],
  ])('of pipelines: %s is %s, and so is its group', (pipeline, expected) => {
    expect(isNameOfServices(pipeline)).toBe(expected)
    // The lanes' transactional ids begin with the same.
    expect(isGroupOfServices(`tailrace.${pipeline}.0`)).toBe(expected)
  })
})
