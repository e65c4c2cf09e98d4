import { describe, expect, it } from 'vitest'
import { isTopicName } from '../change/legal-topic.ts'
import { isTopicTemplate, topicNameOf } from './topic-name.ts'

const parts = { prefix: 'shop', account: '123456789012', region: 'eu-west-1', table: 'orders' }

describe('topicNameOf', () => {
  it.each([
    ['{prefix}.{table}', 'shop.orders'],
    ['{account}_{region}-{table}.{table}', '123456789012_eu-west-1-orders.orders'],
    ['all', 'all'],
  ])('%s → %s', (template, expected) => {
    expect(isTopicTemplate(template)).toBe(true)
    expect(topicNameOf(template, parts)).toBe(expected)
  })

  it('does not look for placeholders in what it fills in', () => {
    expect(topicNameOf('{prefix}.{table}', { ...parts, prefix: '{table}$&' })).toBe('{table}$&.orders')
  })

  it.each(['', '{tabel}', '{}', '{table', 'table}', 'a b', 'a/{table}', '{constructor}', '{__proto__}', '.', '..'])(
    'refuses %j as a template',
    (template) => {
      expect(isTopicTemplate(template)).toBe(false)
    },
  )

  it('knows Kafka’s limit of 249 characters', () => {
    expect(isTopicName('a'.repeat(249))).toBe(true)
    expect(isTopicName('a'.repeat(250))).toBe(false)
  })
})
