import { z } from 'zod'
import { choice, defaulted, derived, integer, trueOrFalse } from '../property.ts'
import type { ValueKind } from '../property.ts'
import { replicationFactor, topicName } from './topic-properties.ts'

/** What becomes of records that cannot pass. Kafka Connect's names, where it has one. */
export const errorProperties = {
  'errors.tolerance': defaulted(choice(['none', 'all']), 'none', {
    importance: 'high',
    isShared: true,
    documentation:
      'What becomes of a change or row that cannot be decoded, transformed or serialized. `none`: its table stops in front of it. `all`: it goes to the [dead-letter topic](dead-letters.md), in the same transaction as what is around it, and its table goes on.',
  }),
  'errors.deadletterqueue.topic.name': derived(topicName, '`tailrace.<pipeline>.dead-letters`', {
    importance: 'medium',
    isShared: true,
    documentation:
      'The topic of dead letters. Made when the first one is written, if it is missing and `topic.create` allows it.',
    from: ({ pipeline }) => `tailrace.${pipeline}.dead-letters`,
  }),
  'errors.deadletterqueue.topic.partitions': defaulted(integer(1, 10_000), 1, {
    importance: 'low',
    documentation: 'Partitions of the dead-letter topic when it is created.',
  }),
  'errors.deadletterqueue.topic.replication.factor': defaulted(replicationFactor, -1, {
    importance: 'medium',
    documentation: "Replicas of the dead-letter topic when it is created; `-1` is the broker's default.",
  }),
  'errors.deadletterqueue.topic.retention.ms': defaulted(
    {
      type: 'integer',
      schema: z.union([z.literal(-1), z.int().min(0).max(Number.MAX_SAFE_INTEGER)]),
      rule: '-1 (for ever) or a number of milliseconds',
    } satisfies ValueKind<number>,
    1_209_600_000,
    {
      importance: 'medium',
      documentation:
        'The `retention.ms` of the dead-letter topic when it is created: 14 days. What nobody has replayed by then is gone.',
    },
  ),
  'errors.deadletterqueue.context.headers.enable': defaulted(trueOrFalse, true, {
    importance: 'low',
    isShared: true,
    documentation:
      "Give dead letters Kafka Connect's headers (`__connect.errors.…`), which tools for its dead-letter queues show. Those of tailrace, which `tailrace dlq` needs, are there in any case.",
  }),
}
