import { z } from 'zod'
import { isKinesisStream } from '../kinesis-stream-name.ts'
import { choice, defaulted, derived, integer, list, optional, pattern, text, trueOrFalse } from '../property.ts'
import { environmentEndpoint, serviceUrl } from '../service-endpoint.ts'
import { parseShardIdPattern } from '../shard-id-pattern.ts'
import { shardPosition } from '../start-position.ts'
import { topicName } from './topic-properties.ts'

const medium = (documentation: string) => ({ importance: 'medium', isShared: true, documentation }) as const

/** A Kinesis data stream as the source. */
export const kinesisProperties = {
  'source.kinesis.stream': optional(text('the name or the ARN of a stream', z.string().refine(isKinesisStream)), {
    importance: 'high',
    isShared: true,
    documentation: 'The Kinesis data stream to read. Required with `source.type: kinesis`.',
  }),
  'source.kinesis.records': defaulted(choice(['dynamodb', 'raw']), 'dynamodb', {
    importance: 'high',
    isShared: true,
    documentation:
      'What the stream holds. `dynamodb`: changes of the tables that are connected with it, which get the same records as those of DynamoDB Streams. `raw`: anything; the partition key becomes the key of a record and the data its value, byte for byte; `{table}` in `topic.name` stands for the name of the stream.',
  }),
  'source.kinesis.start.positions': defaulted(
    list('a list of `<shard id>:<sequence number>`', z.string().regex(shardPosition), 0),
    [],
    medium(
      'Where shards begin with `source.start: AT_SEQUENCE_NUMBER` (with the record of that number) or `AFTER_SEQUENCE_NUMBER` (behind it). Shards that are not named begin with the oldest record that the stream still holds.',
    ),
  ),
  'source.kinesis.keys': defaulted(
    list(
      'a YAML list of `table:hash` or `table:hash,range`, with names of attributes',
      z.string().regex(/^[a-zA-Z0-9_.-]{3,255}:[^,]{1,255}(?:,[^,]{1,255})?$/),
      0,
    ),
    [],
    medium(
      'The key attributes of tables that may not be described (`dynamodb:DescribeTable`) or are gone: `orders:pk,sk`, the hash key first. Records of a Kinesis stream do not tell which of two keys is which.',
    ),
  ),
  'source.kinesis.foreign': defaulted(
    choice(['fail', 'dead-letter', 'pass']),
    'fail',
    medium(
      'What becomes of records that are no changes of a table: `fail` stops in front of them, `dead-letter` puts them among the [dead letters](dead-letters.md), `pass` writes them to `source.kinesis.foreign.topic`, bytes as they are under the partition key.',
    ),
  ),
  'source.kinesis.foreign.topic': optional(topicName, medium('The topic of `source.kinesis.foreign: pass`.')),
  'source.kinesis.deaggregate': defaulted(
    trueOrFalse,
    true,
    medium('Take the packages of the Kinesis Producer Library apart: each record in them becomes one of its own.'),
  ),
  'source.kinesis.repair': defaulted(
    choice(['on', 'off']),
    'on',
    medium(
      'Kinesis may hold a change of a table more than once, and changes of one item in another order than they were made in. `on`: each is delivered once, in order. `off`: everything is delivered as it is read.',
    ),
  ),
  'source.kinesis.repair.window.ms': defaulted(
    integer(1_000, 86_400_000),
    300_000,
    medium('How far apart duplicates, and changes in the wrong order, may lie to be repaired.'),
  ),
  'source.kinesis.repair.delay.ms': defaulted(
    integer(0, 86_400_000),
    1_000,
    medium(
      'How long the first change of an item within the window waits for an earlier one, since nothing proves that there is none. As much as the window puts everything in order, and makes first changes as late as that.',
    ),
  ),
  'source.kinesis.repair.memory.max.bytes': defaulted(integer(1_048_576, 17_179_869_184), 268_435_456, {
    importance: 'medium',
    documentation: 'Memory for what waits and for what is remembered, in all shards of a process together (256 MiB).',
  }),
  'source.kinesis.late': defaulted(
    choice(['emit-flagged', 'dead-letter', 'drop']),
    'emit-flagged',
    medium(
      'What becomes of a change that comes when newer ones of its item are delivered already: `emit-flagged` delivers it with the header `tailrace.late: true`, `dead-letter` puts it among the dead letters, `drop` counts it. A consumer that keeps the last record of each item must pass flagged ones over.',
    ),
  ),
  'source.kinesis.fan.out': defaulted(trueOrFalse, false, {
    importance: 'medium',
    documentation:
      'Read by enhanced fan-out (`SubscribeToShard`): 2 MB/s per shard for this pipeline alone, and less delay. AWS bills it separately.',
  }),
  'source.kinesis.consumer.name': derived(
    pattern('1 to 128 letters, digits, dots, dashes or underscores', /^[a-zA-Z0-9_.-]{1,128}$/),
    '`tailrace-<pipeline>`',
    {
      importance: 'low',
      documentation: 'The consumer that is registered for `source.kinesis.fan.out`.',
      from: ({ pipeline }) => `tailrace-${pipeline}`,
    },
  ),
  'source.kinesis.record.limit': defaulted(integer(1, 10_000), 2_000, {
    importance: 'low',
    documentation: 'Records that one `GetRecords` may give.',
  }),
  'source.kinesis.shard.ids': optional(
    text(
      'a regular expression of at most 1,000 characters',
      z.string().refine((value) => parseShardIdPattern(value) !== undefined),
    ),
    {
      ...medium('Shards whose whole ids match this regular expression are read, and no others.'),
      defaultNote: 'all',
    },
  ),
  'source.kinesis.endpoint': optional(serviceUrl, {
    importance: 'low',
    documentation: 'Where the Kinesis API is, instead of the endpoint of the region.',
    defaultNote: '`$AWS_ENDPOINT_URL_KINESIS`, `$AWS_ENDPOINT_URL`',
    from: ({ env }) => environmentEndpoint(env, 'KINESIS'),
  }),
}
