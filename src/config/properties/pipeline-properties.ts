import { z } from 'zod'
import { choice, defaulted, derived, integer, list, optional, pattern, required, text } from '../property.ts'
import { replicationFactor, topicName } from './topic-properties.ts'

/** The pipeline as a whole, its ledger, and how it reaches Kafka (besides `kafka.*` itself). */
export const pipelineProperties = {
  pipeline: required(
    pattern(
      '1 to 61 lower-case letters, digits, dots, dashes or underscores, beginning with a letter or digit',
      /^[a-z0-9][a-z0-9._-]{0,60}$/,
    ),
    {
      importance: 'high',
      documentation:
        'The name of the pipeline. Workers with the same name (on the same cluster) share the work. The ledger topic, the consumer group and the transactional ids are named after it, so a pipeline that is given another name starts from the beginning. Not `service`, nor anything that begins with `service.`: those are the names of services (`tailrace serve`).',
    },
  ),
  epoch: defaulted(integer(1, 1_000_000_000), 1, {
    importance: 'medium',
    documentation:
      'Raise it with each change of the properties on which all workers must agree. Workers that still have a lower epoch leave by themselves.',
  }),
  lanes: defaulted(integer(1, 1024), 16, {
    importance: 'medium',
    isShared: true,
    documentation:
      'How many parts the work is divided into: the number of partitions of the ledger topic, and the greatest number of workers that have something to do. Fixed for the life of a pipeline.',
  }),
  delivery: defaulted(choice(['exactly_once', 'at_least_once']), 'exactly_once', {
    importance: 'high',
    isShared: true,
    documentation:
      '`exactly_once` writes records and positions in one transaction. `at_least_once` needs no transactions, for services that lack them: after a crash records may be repeated.',
  }),
  'ledger.topic': derived(topicName, '`tailrace.<pipeline>.ledger`', {
    importance: 'low',
    documentation: 'The compacted topic that holds the positions. It is the only state that tailrace keeps.',
    from: ({ pipeline }) => `tailrace.${pipeline}.ledger`,
  }),
  'ledger.replication.factor': defaulted(replicationFactor, -1, {
    importance: 'medium',
    documentation: "Replicas of the ledger topic when it is created; `-1` is the broker's default.",
  }),
  'group.id': derived(
    pattern('1 to 249 letters, digits, dots, dashes or underscores', /^[a-zA-Z0-9._-]{1,249}$/),
    '`tailrace.<pipeline>`',
    {
      importance: 'low',
      documentation:
        'The consumer group that spreads the lanes over the workers. Groups that begin with `tailrace.service.` are refused: they are those of services (`tailrace serve`).',
      from: ({ pipeline }) => `tailrace.${pipeline}`,
    },
  ),
  'kafka.properties.file': optional(text('the path of a file', z.string().min(1).max(4096)), {
    importance: 'medium',
    documentation:
      'A Java or librdkafka `.properties` file whose properties are used as if they stood under `kafka`; what stands there too has precedence. A relative path starts at the folder of the configuration file.',
  }),
  'secrets.allow': defaulted(
    list(
      'a list of `env:<NAME>`, `secretsmanager:<name or ARN>`, `ssm:<name or ARN>` (with `*` and `?` as wildcards) and `file:</absolute/path>` (a file or a folder)',
      z.string().regex(/^(env:[A-Za-z0-9_*?]{1,128}|file:\/[^\0]{0,4000}|(secretsmanager|ssm):[\w/+=.@:*?-]{1,2048})$/),
      0,
    ),
    ['env:TAILRACE_*', 'env:KAFKA_*', 'env:SR_*'],
    {
      importance: 'medium',
      documentation:
        'Which environment variables, files and secrets `${env:NAME}`, `${file:/path}`, `${file:/path:key}`, `${secretsmanager:name:key}` and `${ssm:/name}` may read. Everything else is refused.',
    },
  ),
}
