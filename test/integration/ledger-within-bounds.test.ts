import { randomUUID } from 'node:crypto'
import { expect, inject, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { TailraceError } from '../../src/errors.ts'
import type { KafkaApi } from '../../src/kafka/kafka.ts'
import { admitToLedger } from '../../src/pipeline/admission.ts'
import { connectKafka } from '../servers/connected-kafka.ts'

const { bootstrapServers } = inject('kafka')
const signal = AbortSignal.timeout(60_000)

const admit = (kafka: KafkaApi, ledgerTopic: string): ReturnType<typeof admitToLedger> =>
  admitToLedger(
    {
      kafka,
      ledgerTopic,
      pipeline: ledgerTopic,
      lanes: 3,
      replicationFactor: 1,
      epoch: 1,
      fingerprint: 'f',
      mayCreate: true,
      clock: systemClock,
      rng: seededRng(1),
      onEvent: () => undefined,
    },
    signal,
  )

it('a ledger is kept short where it may be, and compacted where a service has bounds of its own', async () => {
  await using kafka = connectKafka(bootstrapServers)
  const [usual, bounded] = [randomUUID(), randomUUID()]
  await admit(kafka, usual)
  expect(Object.fromEntries(await kafka.topicConfig(usual, signal))).toMatchObject({
    'cleanup.policy': 'compact',
    'segment.bytes': '1048576',
    'delete.retention.ms': '3600000',
  })

  // A broker takes its policies as classes of Java; this is how it answers where one says no.
  const strict: KafkaApi = {
    ...kafka,
    createTopic: async (topic, until) => {
      if (Number(topic.config['segment.bytes'] ?? Infinity) < 50 * 1024 * 1024) {
        const details = { errorName: 'POLICY_VIOLATION' }
        throw new TailraceError('TOPIC_MISSING', 'segment.bytes must be at least 52428800', { details })
      }
      await kafka.createTopic(topic, until)
    },
  }
  await expect(admit(strict, bounded)).resolves.toMatchObject({ lanes: 3 })
  const config = await kafka.topicConfig(bounded, signal)
  expect(config.get('cleanup.policy')).toBe('compact')
  expect(config.get('segment.bytes')).toBe('1073741824')
})
