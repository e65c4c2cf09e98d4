import { parseStartPosition } from '../start-position.ts'
import { confluentRules, readConfluent } from './confluent-rules.ts'
import { readConverters, readRawConverters } from './converters.ts'
import { becomes, becomesBoolean, read, refusal, unused } from './translator.ts'
import type { ConnectInput, ConnectRules, ConnectTranslator } from './translator.ts'

const provider = 'kinesis.credentials.provider.'
const proxy = '`kinesis.proxy.url` is not set'
const timestamps = ['kinesis.shard.timestamp', 'kinesis.shard.timestamp.ms'] as const

const rules: ConnectRules = {
  ...confluentRules,
  records: becomes('source.kinesis.records', 'no property of the connector; in such a file the default is `raw`'),
  'kafka.topic': read(['topic.name'], '`topic.name`; with changes of tables also `topic.shared: true`'),
  'kinesis.stream': becomes('source.kinesis.stream'),
  'kinesis.region': read(
    ['source.region'],
    '`source.region`; default of the connector that one manages oneself: `us-east-1`',
  ),
  'kinesis.position': read(['source.start'], '`source.start`'),
  'kinesis.shard.timestamp': read(['source.start'], '`source.start`, with `kinesis.position: AT_TIMESTAMP`'),
  'kinesis.shard.timestamp.ms': read(['source.start'], 'as `kinesis.shard.timestamp`'),
  'kinesis.shard.id': becomes('source.kinesis.shard.ids'),
  'shard.ids': refusal(
    "is what Connect gives to a task, and not the user's; the shards of a file are `kinesis.shard.id`",
  ),
  'regex.timeout.ms': unused('ids of shards are short'),
  'kinesis.record.limit': becomes('source.kinesis.record.limit'),
  'kinesis.empty.records.backoff.ms': read(['poll.idle.max.ms'], '`poll.idle.max.ms`, 60,000 at most'),
  'kinesis.throughput.exceeded.backoff.ms': unused('throttled requests are repeated after growing, random waits'),
  'kinesis.record.deaggregation.enable': becomesBoolean(
    'source.kinesis.deaggregate',
    'in such a file the default is `false`, as that of the connector',
  ),
  'kinesis.base.url': becomes('source.kinesis.endpoint'),
  'kinesis.credentials.provider.class': read([], "without effect; the AWS SDK's provider chain is asked"),
  [`${provider}sts.role.arn`]: becomes('source.role.arn'),
  [`${provider}sts.role.external.id`]: becomes('source.role.external.id'),
  [`${provider}sts.role.session.name`]: becomes('source.role.session.name'),
  [provider]: unused("the AWS SDK's provider chain is asked for credentials"),
  'aws.access.key.id': becomes('source.access.key.id'),
  'aws.secret.key.id': becomes('source.secret.access.key'),
  'kinesis.proxy.url': refusal('asks for a proxy, and tailrace reaches AWS directly'),
  'kinesis.proxy.username': unused(proxy),
  'kinesis.proxy.password': unused(proxy),
  'kinesis.non.proxy.hosts': unused(proxy),
  'output.data.format': read([], 'see converters below'),
  'output.data.key.format': read([], 'see converters below'),
}

/** Confluent's managed connector. */
export const managedKinesisSource: ConnectTranslator = {
  title: "Confluent Cloud's Amazon Kinesis Source",
  classes: ['KinesisSource'],
  rules,
  finish: (connector) => finish(connector, undefined),
}

/** Confluent's connector for workers of one's own. */
export const kinesisSourceConnector: ConnectTranslator = {
  title: "Confluent Platform's Amazon Kinesis Source",
  classes: ['io.confluent.connect.kinesis.KinesisSourceConnector', 'KinesisSourceConnector'],
  rules,
  finish: (connector) => finish(connector, 'us-east-1'),
}

function finish(connector: ConnectInput, defaultRegion: string | undefined): void {
  const isRaw = (connector.text('source.kinesis.records') ?? connector.text('records') ?? 'raw') === 'raw'
  connector.set('source.type', 'kinesis')
  if (isRaw) {
    connector.set('source.kinesis.records', 'raw')
    connector.set('source.kinesis.deaggregate', 'false')
  }
  if (!connector.isGiven('kinesis.stream') && !connector.isGiven('source.kinesis.stream'))
    connector.problem('kinesis.stream', 'is missing')
  readTopic(connector, isRaw)
  readRegion(connector, defaultRegion)
  readPosition(connector)
  readBackoff(connector)
  readConfluent(connector)
  readProvider(connector)
  if (isRaw) readRawConverters(connector)
  else readConverters(connector)
}

function readTopic(connector: ConnectInput, isRaw: boolean): void {
  const topic = connector.text('kafka.topic')
  if (topic === undefined) {
    if (isRaw && !connector.isGiven('kafka.topic') && !connector.isGiven('topic.name'))
      connector.problem('kafka.topic', 'is missing')
    return
  }
  if (/[{}]/.test(topic)) {
    connector.problem('kafka.topic', 'must be a topic name; for one with placeholders set topic.name')
    return
  }
  const isOverruled = connector.isGiven('topic.name')
  connector.set('topic.name', topic, 'kafka.topic')
  if (!isRaw && !isOverruled) connector.set('topic.shared', 'true', 'kafka.topic')
}

function readRegion(connector: ConnectInput, defaultRegion: string | undefined): void {
  const region = connector.text('kinesis.region')
  if (region !== undefined) connector.set('source.region', region, 'kinesis.region')
  else if (connector.isGiven('kinesis.region') || connector.isGiven('source.region')) return
  else if (defaultRegion !== undefined) connector.set('source.region', defaultRegion)
  else connector.problem('kinesis.region', 'is missing')
}

function readPosition(connector: ConnectInput): void {
  const name = 'kinesis.position'
  const position = connector.text(name)?.toUpperCase()
  const [first, second] = timestamps.filter((one) => connector.text(one) !== undefined)
  if (position !== 'AT_TIMESTAMP') {
    if (first !== undefined) connector.note(`without effect, since ${name} is not AT_TIMESTAMP: ${first}`)
    if (position === undefined) return
    if (/^(TRIM_HORIZON|LATEST|(AT|AFTER)_SEQUENCE_NUMBER)$/.test(position))
      connector.set('source.start', position, name)
    else connector.problem(name, 'must be one of TRIM_HORIZON, LATEST, AT_TIMESTAMP')
    return
  }
  if (first === undefined) {
    if (!timestamps.some((one) => connector.isGiven(one)) && !connector.isGiven('source.start'))
      connector.problem(name, `is AT_TIMESTAMP, and ${timestamps[0]} is missing`)
    return
  }
  if (second !== undefined && connector.text(first) !== connector.text(second))
    connector.problem(second, `says otherwise than ${first}`)
  readTimestamp(connector, first)
}

function readTimestamp(connector: ConnectInput, name: string): void {
  const text = connector.text(name) ?? ''
  if (parseStartPosition(text)?.kind === 'timestamp') connector.set('source.start', text, name)
  else if (/^\d{1,11}$/.test(text))
    connector.problem(name, 'must be milliseconds since 1970; so few digits would be a time before 1974 (seconds?)')
  else
    connector.problem(
      name,
      'must be milliseconds since 1970, or a time with its offset such as 2026-01-31T12:00:00.000+01:00',
    )
}

/** In milliseconds: the connector's least, and the greatest of `poll.idle.max.ms`. */
const backoffBounds = { least: 500, greatest: 60_000 }

function readBackoff(connector: ConnectInput): void {
  const name = 'kinesis.empty.records.backoff.ms'
  const text = connector.text(name)
  if (text === undefined) return
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(ms >= backoffBounds.least)) {
    connector.problem(name, `must be a whole number of milliseconds, ${backoffBounds.least} or more`)
    return
  }
  const { greatest } = backoffBounds
  if (ms > greatest) connector.note(`${name} is taken for ${greatest}, the most that poll.idle.max.ms may be`)
  connector.set('poll.idle.max.ms', String(Math.min(ms, greatest)), name)
}

/** Classes that look where the provider chain looks, or whose properties are read. */
const knownProviders =
  /(^|\.)(Default(AWS)?CredentialsProvider(Chain)?|AwsAssumeRoleCredentialsProvider|StaticCredentialsProvider)$/

function readProvider({ text, note }: ConnectInput): void {
  const name = `${provider}class`
  const given = text(name)
  if (given !== undefined && !knownProviders.test(given))
    note(`without effect, since the AWS SDK's provider chain is asked for credentials: ${name}`)
}
