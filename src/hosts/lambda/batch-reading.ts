import type { Clock } from '../../async/clock.ts'
import type { Table } from '../../change/table.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { KinesisConfig } from '../../config/source-config.ts'
import { TailraceError } from '../../errors.ts'
import type { PushedBatch, PushedRecord } from '../../pipeline/pushed/pushed-batch.ts'
import { kinesisRecordsOf, packedIn } from '../../sources/kinesis/unpack-record.ts'
import type { Unpacking, UnpackedRecord } from '../../sources/kinesis/unpack-record.ts'
import type { PlainRecord } from '../../sources/kinesis/record-pages.ts'
import type { Source } from '../../sources/source.ts'
import { wantedTables } from '../stages/wanted-tables.ts'
import type { DynamoDbBatch, KinesisBatch, LambdaBatch } from './lambda-event.ts'

/** Says which pipeline's batch it is. */
export interface BatchReading {
  /**
   * The batch as it is delivered; undefined if it holds no records. Throws LAMBDA_WRONG_STREAM for one that the configuration
   * does not name, LAMBDA_NO_SHARD where positions are to be kept and nobody knows of what.
   */
  read(batch: LambdaBatch, signal: AbortSignal): Promise<PushedBatch | undefined>
  /** The batch's table, or the stream that stands in its place, as it is now. */
  describe(batch: PushedBatch, signal: AbortSignal): Promise<Table>
  /** Something was in doubt: what is remembered of streams is asked anew. */
  lookAgain(): void
}

export function createBatchReading(
  config: PipelineConfig,
  { source, clock }: { readonly source: Pick<Source, 'describeTable'>; readonly clock: Clock },
): BatchReading {
  const wanted = config.source.type === 'kinesis' ? undefined : ownTables(config)
  const streams = new Map<string, { readonly table: Table; readonly atMs: number }>()
  const streamOf = async (arn: string, signal: AbortSignal): Promise<Table> => {
    const known = streams.get(arn)
    if (known !== undefined && Math.abs(clock.now() - known.atMs) < believedMs) return known.table
    // Whoever comes meanwhile asks for himself: another one's time may be over.
    const table = await source.describeTable(arn, signal)
    streams.set(arn, { table, atMs: clock.now() })
    return table
  }
  return {
    lookAgain: () => streams.clear(),
    describe: ({ tableArn, tableName }, signal) =>
      config.source.type === 'kinesis' ? streamOf(tableArn, signal) : source.describeTable(tableName, signal),
    read: async (batch, signal) => {
      if (batch.records.length === 0) return undefined
      if (batch.kind === 'dynamodb') return dynamoDbBatch(batch, config, wanted)
      if (config.source.type !== 'kinesis') throw wrongStream(batch, 'the pipeline reads no Kinesis stream')
      const arn = ownStream(batch, config.source)
      if (config.source.shardIds?.test(batch.shardId ?? '') === false) return undefined
      return kinesisBatch(batch, config.source, await streamOf(arn, signal))
    },
  }
}

/** A stream that was made anew has the ARN of the old one: who it is, is asked so often. Milliseconds. */
const believedMs = 60_000

/** `arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-01T08:00:00.000` */
const streamArnShape = /^(arn:[^:]+:dynamodb:([^:]*):[^:]*:table\/([^/]+))\/stream\/[^/]+$/
/** `arn:aws:kinesis:eu-west-1:123456789012:stream/changes` */
const kinesisArnShape = /^arn:[^:]+:kinesis:([^:]*):[^:]*:stream\/([^/]+)$/

function ownTables({ source }: PipelineConfig): (name: string) => boolean {
  const isNamed = wantedTables(source.tables)
  const isExcluded = wantedTables(source.excludedTables)
  return (name) => isNamed(name) && !isExcluded(name)
}

function dynamoDbBatch(
  batch: DynamoDbBatch,
  { source, delivery }: PipelineConfig,
  isWanted: ((name: string) => boolean) | undefined,
): PushedBatch {
  const { sourceArn: streamArn = '', shardId } = batch
  const [, tableArn, region, tableName] = streamArnShape.exec(streamArn) ?? []
  if (tableArn === undefined || tableName === undefined)
    throw wrongStream(batch, 'that is no ARN of a stream of a table')
  if (isWanted === undefined) throw wrongStream(batch, 'the pipeline reads a Kinesis stream')
  // DynamoDB Local has a region of its own for all ARNs.
  if (region !== source.region && region !== 'ddblocal')
    throw wrongStream(batch, `the configuration says source.region: ${source.region}`)
  if (!isWanted(tableName)) throw wrongStream(batch, 'source.tables does not name its table')
  if (shardId === undefined && delivery === 'exactly_once')
    throw new TailraceError('LAMBDA_NO_SHARD', `a batch of ${streamArn} does not say which shard it is of`)
  const records = batch.records.map(({ sequenceNumber, record }) => ({ sequenceNumber, wires: [record] }))
  return { streamArn, tableArn, tableName, shardId: shardId ?? '', records }
}

function ownStream(batch: KinesisBatch, source: KinesisConfig): string {
  const { sourceArn = '' } = batch
  const [, region, name] = kinesisArnShape.exec(sourceArn) ?? []
  if (name === undefined) throw wrongStream(batch, 'that is no ARN of a Kinesis stream')
  if (sourceArn !== source.stream && (name !== source.stream || region !== source.region))
    throw wrongStream(batch, `the configuration says source.kinesis.stream: ${source.stream} in ${source.region}`)
  return sourceArn
}

function kinesisBatch(batch: KinesisBatch, source: KinesisConfig, stream: Table): PushedBatch {
  const { shardId = '' } = batch
  if (shardId === '')
    throw new TailraceError('LAMBDA_NO_SHARD', `a batch of ${stream.arn} does not say which shard it is of`)
  const unpacking = { deaggregates: source.deaggregates, hasChanges: source.records === 'dynamodb' }
  return {
    streamArn: stream.streamArn,
    tableArn: stream.arn,
    tableName: stream.name,
    shardId,
    records: unpacked(
      batch.records.map(({ record }) => record),
      shardId,
      unpacking,
    ),
  }
}

/** All records are read at one time, and belong to the one that they were packed in. */
function unpacked(records: readonly PlainRecord[], shardId: string, unpacking: Unpacking): readonly PushedRecord[] {
  const damages = new Map<string, TailraceError>()
  const parts = records.flatMap((plain) => partsOf(plain, { shardId, unpacking, damages }))
  const byNumber = new Map<string, unknown[]>(records.map(({ sequenceNumber }) => [sequenceNumber, []]))
  for (const wire of kinesisRecordsOf(parts, unpacking)) byNumber.get(wire.sequenceNumber)?.push(wire)
  return records.map(({ sequenceNumber, arrivedAtMs }) => ({
    sequenceNumber,
    wires: byNumber.get(sequenceNumber) ?? [],
    writtenAtMs: arrivedAtMs,
    damage: damages.get(sequenceNumber),
  }))
}

/** A damaged package must not hold up what is in front of it. */
function partsOf(
  plain: PlainRecord,
  of: {
    readonly shardId: string
    readonly unpacking: Unpacking
    readonly damages: Map<string, TailraceError>
  },
): readonly UnpackedRecord[] {
  try {
    const packed = packedIn(plain, of.shardId, of.unpacking)
    if (packed === undefined) return [{ plain, packed: undefined }]
    return packed.map((record, place) => ({ plain, packed: { record, place } }))
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    of.damages.set(plain.sequenceNumber, error)
    return []
  }
}

function wrongStream({ sourceArn }: LambdaBatch, why: string): TailraceError {
  return new TailraceError('LAMBDA_WRONG_STREAM', `a batch is of ${sourceArn ?? 'no stream'}: ${why}`)
}
