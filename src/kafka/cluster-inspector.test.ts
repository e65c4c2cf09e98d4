import { expect, it } from 'vitest'
import { creationRefusal } from './cluster-inspector.ts'

it('says why a topic cannot be created', () => {
  const policy = creationRefusal('orders', { errorCode: 44, errorMessage: 'too many partitions' })
  expect(policy).toMatchObject({ code: 'TOPIC_MISSING', message: expect.stringMatching(/POLICY_VIOLATION.*too many/) })
  expect(creationRefusal('orders', { errorCode: 29, errorMessage: null })?.code).toBe('KAFKA_AUTHORIZATION')
})

it('has nothing against one that could be created, or that somebody else has just created', () => {
  expect(creationRefusal('orders', { errorCode: 0 })).toBeUndefined()
  expect(creationRefusal('orders', { errorCode: 36, errorMessage: 'it exists' })).toBeUndefined()
})
