import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsRequest } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { retryForever } from '../../aws/retry-forever.ts'
import { isNamePattern, matchesNamePattern } from '../../change/name-pattern.ts'
import type { Table } from '../../change/table.ts'
import type { KinesisConfig } from '../../config/source-config.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import { TailraceError } from '../../errors.ts'
import type { SourceEvent } from '../../sources/source-event.ts'
import { tableOfStream } from '../../sources/kinesis/stream-table.ts'
import type { StreamDescription } from '../../sources/kinesis/stream-summary.ts'
import { counted } from '../counted.ts'
import { openSource } from '../source-of.ts'
import type { OwnedSource } from '../source-parts.ts'
import { failed, passed, warning } from './finding.ts'
import type { Finding, SourceReport } from './finding.ts'
import { ask } from './preflight-parts.ts'
import type { PreflightParts } from './preflight-parts.ts'
import { checkReplication } from './replication-checks.ts'

/** Errors that do not pass by waiting a little. */
const hopeless: readonly ErrorCode[] = ['AWS_ACCESS_DENIED', 'AWS_CREDENTIALS', 'AWS_KEY_UNUSABLE', 'STREAM_NOT_ACTIVE']

interface KinesisAccess {
  readonly config: KinesisConfig
  readonly owned: OwnedSource
  readonly parts: PreflightParts
  /** One question with a few repetitions; rejects with the last failure when it has taken too long. */
  readonly attempt: <T>(question: (signal: AbortSignal) => Promise<T>) => Promise<T>
}

/**
 * Asks Kinesis everything that a worker will ask, once; and how DynamoDB fills the stream, where that may be seen. Of an
 * encrypted stream one record is read, since its key is used by nothing else.
 */
export async function checkKinesis(config: KinesisConfig, parts: PreflightParts): Promise<SourceReport> {
  let lastFailure: TailraceError | undefined
  const onEvent = (event: SourceEvent): void => {
    if (event.kind === 'throttled') lastFailure = new TailraceError('AWS_THROTTLED', `${event.action} is throttled`)
    if (event.kind === 'retried') lastFailure = new TailraceError(event.code, event.message)
  }
  const { clock, rng, env } = parts
  await using owned = openSource(config, { clock, rng, env, giveUpOn: hopeless, onEvent })
  const silence = new TailraceError('AWS_UNREACHABLE', 'AWS did not answer within 6000 ms')
  const patience = { ms: 6000, onTimeout: (): TailraceError => lastFailure ?? silence }
  const access: KinesisAccess = { config, owned, parts, attempt: (question) => ask(parts, question, patience) }
  const check = `stream ${config.stream}`
  const { describeStream } = owned
  if (describeStream === undefined) throw new TailraceError('INTERNAL', 'a Kinesis source without a stream')
  let stream: StreamDescription
  try {
    stream = await access.attempt((signal) => describeStream(signal))
    requireUse(stream, config)
  } catch (error) {
    return { findings: [{ ...failed(check, error), table: config.stream }], tables: [] }
  }
  const findings = [
    ...(await checkReading(stream, access)),
    ...checkDistribution(stream, config),
    ...(await checkConsumer(stream, access)),
    ...(await checkKeys(access)),
    ...(await checkReplication(stream, { config, api: owned.api, parts })),
  ]
  return { findings, tables: [tableOfStream(stream), ...namedTables(stream, config)] }
}

function requireUse({ status, name, arn, region }: StreamDescription, config: KinesisConfig): void {
  if (region !== config.region)
    throw new TailraceError('AWS_REGION', `stream ${arn} is in ${region}, source.region says ${config.region}`)
  if (status === 'DELETING') throw new TailraceError('STREAM_NOT_ACTIVE', `stream ${name} is being deleted`)
}

/** ListShards, GetShardIterator and GetRecords, each on its own: one missing permission does not hide the next. */
async function checkReading(stream: StreamDescription, access: KinesisAccess): Promise<readonly Finding[]> {
  const { arn, name } = stream
  const findings: Finding[] = []
  const attempt = async (action: string, body: AwsRequest['body']): Promise<unknown> => {
    try {
      return await access.attempt((signal) => send(access, action, body, signal))
    } catch (error) {
      // A shard that is gone meanwhile: the action is allowed, and that was the question.
      if (error instanceof AwsServiceError) return undefined
      findings.push({ ...failed(`stream ${name}: ${action}`, error), table: arn })
      return undefined
    }
  }
  // One page: it is about the permission.
  const listing = await attempt('ListShards', { StreamARN: arn, MaxResults: 100 })
  const shards = shardIdsOf(listing)
  // Only a record that is there is decrypted.
  const ShardIteratorType = isEncrypted(stream) ? 'TRIM_HORIZON' : 'LATEST'
  const ShardId = shards.at(-1) ?? 'shardId-000000000000'
  const answer = await attempt('GetShardIterator', { StreamARN: arn, ShardId, ShardIteratorType })
  const iterator = isJsonObject(answer) ? answer['ShardIterator'] : undefined
  if (typeof iterator === 'string') await attempt('GetRecords', { ShardIterator: iterator, Limit: 1, StreamARN: arn })
  if (findings.length > 0) return findings
  const hasMore = isJsonObject(listing) && typeof listing['NextToken'] === 'string'
  const known = `${hasMore ? 'more than ' : ''}${counted(shards.length, 'shard')}`
  return [{ ...passed(`stream ${name}`, `${wordsOf(stream)}, ${known}, ${stream.label}`), table: arn }]
}

function shardIdsOf(listing: unknown): readonly string[] {
  const shards: unknown = isJsonObject(listing) ? listing['Shards'] : undefined
  if (!Array.isArray(shards)) return []
  return shards.flatMap((shard: unknown) => {
    const id = isJsonObject(shard) ? shard['ShardId'] : undefined
    return typeof id === 'string' ? [id] : []
  })
}

function isEncrypted({ encryption }: StreamDescription): boolean {
  return encryption !== undefined && encryption !== 'NONE'
}

function wordsOf(stream: StreamDescription): string {
  const { status, mode, retentionMs, consumers } = stream
  return [
    status,
    ...(mode === undefined ? [] : [mode]),
    `keeps ${counted(retentionMs / 3_600_000, 'hour')}`,
    isEncrypted(stream) ? `encrypted (${stream.encryption ?? ''})` : 'not encrypted',
    ...(consumers === undefined ? [] : [counted(consumers, 'registered consumer')]),
  ].join(', ')
}

function checkDistribution({ name, arn, distribution }: StreamDescription, { repair, records }: KinesisConfig) {
  if (distribution !== 'AUTO') return []
  const check = `stream ${name}`
  const what = `stream ${name} spreads the records of one partition key over its shards (AUTO)`
  if (repair.isOn) return [{ ...failed(check, new TailraceError('DISTRIBUTION_AUTO', what)), table: arn }]
  const those = records === 'raw' ? 'records of one key' : 'changes of one item'
  return [{ ...warning(check, `${what}: ${those} are delivered in no order`), table: arn }]
}

/** So many may be registered at a stream; of some on-demand streams fifty. */
const consumersOfMost = 20

/** Registering is not tried: it would be billed. */
async function checkConsumer(stream: StreamDescription, access: KinesisAccess): Promise<readonly Finding[]> {
  const { fanOut } = access.config
  if (fanOut === undefined) return []
  const { consumerName: ConsumerName } = fanOut
  const check = `consumer ${ConsumerName}`
  const { arn, consumers = 0 } = stream
  try {
    await access.attempt((signal) => send(access, 'DescribeStreamConsumer', { StreamARN: arn, ConsumerName }, signal))
    return [{ ...passed(check, 'registered'), table: arn }]
  } catch (error) {
    if (!(error instanceof AwsServiceError)) return [{ ...failed(check, error), table: arn }]
    const later = 'is not registered; it will be (kinesis:RegisterStreamConsumer), and is billed from then on'
    if (consumers < consumersOfMost) return [{ ...passed(check, later), table: arn }]
    const full = `${later}, unless the stream, which has ${consumers} consumers, takes no more`
    return [{ ...warning(check, full, 'Deregister a consumer that nobody needs.'), table: arn }]
  }
}

/** Needed for tables with two key attributes alone, which only the answer tells. */
async function checkKeys({ config, owned, attempt }: KinesisAccess): Promise<readonly Finding[]> {
  const { describeKeys } = owned
  if (config.records === 'raw' || describeKeys === undefined) return []
  const unknown = namesOf(config).filter((name) => !config.keys.has(name))
  for (const name of unknown) {
    try {
      await attempt((signal) => describeKeys(name, signal))
    } catch (error) {
      if (!(error instanceof TailraceError)) throw error
      // Changes of a table that is gone may still be in the stream.
      const what = `its keys cannot be asked for (${error.message}): its changes stop the stream if it has two of them`
      const remedy = 'Allow dynamodb:DescribeTable, or name the keys in source.kinesis.keys.'
      return [{ ...warning(`table ${name}: DescribeTable`, what, remedy), code: error.code }]
    }
  }
  return []
}

/** Wanted by name, whatever the stream holds. */
function namesOf({ tables, excludedTables }: KinesisConfig): readonly string[] {
  return tables
    .filter((text) => !isNamePattern(text))
    .map((text) => /:table\/([^/]+)$/.exec(text)?.[1] ?? text)
    .filter((name) => !excludedTables.some((pattern) => matchesNamePattern(pattern, name)))
}

/** What a worker would make of the first change of each, as far as it concerns topics. */
function namedTables(stream: StreamDescription, config: KinesisConfig): readonly Table[] {
  if (config.records === 'raw') return []
  const { region, account, label } = stream
  const partition = stream.arn.split(':')[1] ?? 'aws'
  return namesOf(config).map((name) => ({
    arn: `arn:${partition}:dynamodb:${region}:${account}:table/${name}`,
    name,
    id: '',
    region,
    account,
    streamArn: label,
    viewType: 'NEW_AND_OLD_IMAGES',
    keySchema: [],
  }))
}

const patience = { policy: { baseMs: 100, capMs: 2000 }, giveUpOn: hopeless }

function send(
  { owned, parts }: KinesisAccess,
  action: string,
  body: AwsRequest['body'],
  signal: AbortSignal,
): Promise<unknown> {
  const { clock, rng } = parts
  const request = { service: 'kinesis', action, body } as const
  return retryForever({ ...patience, clock, rng }, () => owned.api.call(request, signal), signal)
}
