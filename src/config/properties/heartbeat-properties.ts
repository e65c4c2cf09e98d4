import { z } from 'zod'
import { defaulted } from '../property.ts'
import { topicName } from './topic-properties.ts'

/** How readers tell a quiet table from a dead pipeline. Debezium's names. */
export const heartbeatProperties = {
  'heartbeat.interval.ms': defaulted(
    {
      type: 'integer',
      schema: z.union([z.literal(0), z.int().min(1_000).max(86_400_000)]),
      rule: '0 (none) or a number of milliseconds from 1,000 to 86,400,000',
    },
    0,
    {
      importance: 'medium',
      documentation:
        'How often a record is written for each table that says that it is alive and up to when its changes are delivered (see [records](records.md#heartbeats)); `0` writes none.',
    },
  ),
  'topic.heartbeat.prefix': defaulted(topicName, '__debezium-heartbeat', {
    importance: 'low',
    documentation:
      'Heartbeats go to the topic `<this>.<topic.prefix>`. Made with one partition if it is missing and `topic.create` allows it.',
  }),
}
