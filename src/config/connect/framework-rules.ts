import { becomes, read, unused } from './translator.ts'
import type { ConnectRules } from './translator.ts'

const inOneTransaction = 'records and positions are written in one transaction (`delivery`)'
const forEver = 'what may pass by itself is repeated until it does'
const logs = 'a record that cannot pass is told in the log, never with its values'

/** The properties that every source connector has. */
export const frameworkRules: ConnectRules = {
  name: read(['pipeline'], "the pipeline's name, in small letters; without it that of the file"),
  'connector.class': read([], 'which connector the file is for'),
  'connector.plugin.version': unused('there is no plugin'),
  'tasks.max': unused('shards are spread over all workers that run'),
  'tasks.max.enforce': unused('shards are spread over all workers that run'),
  'key.converter': read(['format.key'], 'see converters below'),
  'key.converter.': read([], 'see converters below'),
  'value.converter': read(['format.value'], 'see converters below'),
  'value.converter.': read([], 'see converters below'),
  'header.converter': unused('headers are texts'),
  'header.converter.': unused('headers are texts'),
  'config.action.reload': unused('references are read when a worker starts'),
  'errors.retry.timeout': unused(forEver),
  'errors.retry.delay.max.ms': unused(forEver),
  'errors.log.enable': unused(logs),
  'errors.log.include.messages': unused(logs),
  'topic.creation.default.partitions': becomes('topic.partitions'),
  'topic.creation.default.replication.factor': becomes('topic.replication.factor'),
  'topic.creation.default.cleanup.policy': becomes('topic.cleanup.policy'),
  'topic.creation.default.retention.ms': becomes('topic.retention.ms'),
  'topic.creation.default.max.message.bytes': becomes('topic.max.message.bytes'),
  'topic.creation.groups': unused('topics are made by the rules of `topic.*` alone'),
  'topic.creation.': unused('topics are made by the rules of `topic.*` alone'),
  'exactly.once.support': unused(inOneTransaction),
  'transaction.boundary': unused(inOneTransaction),
  'transaction.boundary.interval.ms': unused(inOneTransaction),
  'offsets.storage.topic': unused('positions are kept in `ledger.topic`'),
  'producer.override.': read([], "`kafka.` and the rest of the name, if it is a property of Kafka's clients"),
  'consumer.override.': unused('only the settings of the producer are taken over'),
  'admin.override.': unused('only the settings of the producer are taken over'),
}
