import { z } from 'zod'
import { isTopicName } from '../../change/legal-topic.ts'
import { choice, defaulted, derived, integer, optional, text, trueOrFalse } from '../property.ts'
import type { ValueKind } from '../property.ts'
import { isTopicTemplate } from '../topic-name.ts'

/** A name that Kafka takes for a topic. */
export const topicName: ValueKind<string> = text(
  'a topic name: 1 to 249 letters, digits, dots, dashes or underscores',
  z.string().refine(isTopicName),
)

/** Replicas of a topic. */
export const replicationFactor: ValueKind<number> = {
  type: 'integer',
  schema: z.union([z.literal(-1), z.int().min(1).max(100)]),
  rule: '-1 or a whole number from 1 to 100',
}

/** Where records go. */
export const topicProperties = {
  'topic.prefix': derived(topicName, "the pipeline's name", {
    importance: 'medium',
    isShared: true,
    documentation: 'The first part of topic names, and the name of the source (`source.name`) in the records.',
    from: ({ pipeline }) => pipeline,
  }),
  'topic.name': defaulted(
    text(
      'a topic name with any of `{prefix}`, `{account}`, `{region}`, `{table}`',
      z.string().max(500).refine(isTopicTemplate),
    ),
    '{prefix}.{table}',
    {
      importance: 'medium',
      isShared: true,
      documentation:
        "The name of a table's topic, with the placeholders `{prefix}`, `{account}`, `{region}`, `{table}`. Names that begin with `tailrace.service.`, and `tailrace.<pipeline>.ledger`, are those of services and of ledgers: no records go there (`TOPIC_RESERVED`).",
    },
  ),
  'topic.shared': defaulted(trueOrFalse, false, {
    importance: 'low',
    isShared: true,
    documentation:
      'Allow several tables in one topic. Otherwise two tables that meet are refused, because equal keys of different tables would displace each other in a compacted topic.',
  }),
  'topic.create': defaulted(trueOrFalse, true, {
    importance: 'medium',
    documentation: 'Create missing topics. With `false` a missing topic is an error.',
  }),
  'topic.partitions': defaulted(integer(1, 10_000), 6, {
    importance: 'medium',
    documentation:
      'Partitions of a topic when it is created. They must not be changed later: items would change partition.',
  }),
  'topic.replication.factor': defaulted(replicationFactor, -1, {
    importance: 'medium',
    documentation: "Replicas of a topic when it is created; `-1` is the broker's default.",
  }),
  'topic.cleanup.policy': defaulted(choice(['delete', 'compact', 'compact,delete']), 'delete', {
    importance: 'medium',
    documentation: 'The `cleanup.policy` of a topic when it is created. `compact` keeps the last state of each item.',
  }),
  'topic.retention.ms': defaulted(
    {
      type: 'integer',
      schema: z.union([z.literal(-1), z.int().min(0).max(Number.MAX_SAFE_INTEGER)]),
      rule: '-1 (for ever) or a number of milliseconds',
    } satisfies ValueKind<number>,
    604_800_000,
    {
      importance: 'medium',
      documentation:
        'The `retention.ms` of a topic when it is created: 7 days. DynamoDB itself keeps changes for 24 hours.',
    },
  ),
  'topic.max.message.bytes': optional(integer(1024, 2_147_483_647), {
    importance: 'medium',
    documentation:
      'The `max.message.bytes` of a topic when it is created. Both images of a 400 KB item need more than the usual 1 MiB.',
    defaultNote: "the broker's default",
  }),
}
