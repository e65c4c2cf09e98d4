import { parseTagCondition } from '../change/table-tags.ts'
import { identityConfig } from './aws-identity-config.ts'
import type { PropertyValues } from './properties.ts'
import { parseShardIdPattern } from './shard-id-pattern.ts'
import type { DynamoDbStreamsConfig, ForeignRecordConfig, KinesisConfig, SourceConfig } from './source-config.ts'
import { parseAccount } from './account-entry.ts'
import type { AccountConfig } from './source-accounts.ts'
import { parsePositionWord, parseStartPosition, shardPosition } from './start-position.ts'
import type { StartPositions } from './start-position.ts'

/** Gives checked values the shape of a source. `region` is that of `source.region`. */
export function readSourceConfig(values: PropertyValues, region: string): SourceConfig {
  const basics = {
    region,
    excludedTables: values['filter.exclude.tables'],
    rediscoveryMs: values['source.tables.rediscovery.ms'],
    start: parseStartPosition(values['source.start']) ?? ({ kind: 'trim-horizon' } as const),
    gap: values['source.gap'],
    endpoint: values['source.endpoint'],
    ...identityConfig(values),
  }
  const stream = values['source.kinesis.stream']
  return values['source.type'] === 'kinesis' && stream !== undefined
    ? { ...basics, ...kinesisConfig(values, stream) }
    : { ...basics, ...dynamodbStreamsConfig(values, region) }
}

type Basics = 'region' | 'excludedTables' | 'rediscoveryMs' | 'start' | 'gap' | 'endpoint' | 'accessKey' | 'role'

function dynamodbStreamsConfig(values: PropertyValues, region: string): Omit<DynamoDbStreamsConfig, Basics> {
  return {
    type: 'dynamodb-streams',
    tables: values['source.tables'],
    allowsKeysOnly: values['source.allow.keys.only'] || values.reselect !== 'off',
    allowsOldImage: values['source.allow.old.image'] || values.reselect !== 'off',
    accounts: accountConfigs(values, region),
    tags: (values['source.tables.tags'] ?? []).flatMap((text) => parseTagCondition(text) ?? []),
    streamsEndpoint: values['source.streams.endpoint'],
    taggingEndpoint: values['source.tagging.endpoint'],
  }
}

function accountConfigs(values: PropertyValues, region: string): readonly AccountConfig[] {
  const sessionName = values['source.role.session.name']
  return values['source.accounts'].flatMap((text): readonly AccountConfig[] => {
    const entry = parseAccount(text)
    if (entry === undefined) return []
    const { roleArn, externalId } = entry
    const role = roleArn === undefined ? undefined : { arn: roleArn, externalId, sessionName }
    return [{ region: entry.region ?? region, role }]
  })
}

function kinesisConfig(values: PropertyValues, stream: string): Omit<KinesisConfig, Basics> {
  const records = values['source.kinesis.records']
  const shardIds = values['source.kinesis.shard.ids']
  return {
    type: 'kinesis',
    stream,
    records,
    tables: records === 'raw' ? [] : values['source.tables'],
    startPositions: startPositions(values),
    keys: new Map(values['source.kinesis.keys'].map(keyNames)),
    foreign: foreignConfig(values),
    deaggregates: values['source.kinesis.deaggregate'],
    repair: {
      isOn: records === 'dynamodb' && values['source.kinesis.repair'] === 'on',
      windowMs: values['source.kinesis.repair.window.ms'],
      delayMs: values['source.kinesis.repair.delay.ms'],
      memoryMaxBytes: values['source.kinesis.repair.memory.max.bytes'],
    },
    late: values['source.kinesis.late'],
    fanOut: values['source.kinesis.fan.out'] ? { consumerName: values['source.kinesis.consumer.name'] } : undefined,
    recordLimit: values['source.kinesis.record.limit'],
    shardIds: shardIds === undefined ? undefined : parseShardIdPattern(shardIds),
    kinesisEndpoint: values['source.kinesis.endpoint'],
  }
}

function startPositions(values: PropertyValues): StartPositions | undefined {
  const isAfter = parsePositionWord(values['source.start'])
  if (isAfter === undefined) return undefined
  const pairs = values['source.kinesis.start.positions'].map((text) => {
    const [, shardId = '', sequenceNumber = ''] = shardPosition.exec(text) ?? []
    return [shardId, sequenceNumber] as const
  })
  return { isAfter, positions: new Map(pairs) }
}

/** `orders:pk,sk`. */
function keyNames(text: string): readonly [string, readonly string[]] {
  const colon = text.indexOf(':')
  return [text.slice(0, colon), text.slice(colon + 1).split(',')]
}

function foreignConfig(values: PropertyValues): ForeignRecordConfig {
  const policy = values['source.kinesis.foreign']
  const topic = values['source.kinesis.foreign.topic']
  if (policy !== 'pass') return { policy }
  return topic === undefined ? { policy: 'fail' } : { policy, topic }
}
