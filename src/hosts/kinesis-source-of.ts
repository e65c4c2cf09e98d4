import type { AwsApi } from '../aws/aws.ts'
import type { AwsStreams } from '../aws/aws-streams.ts'
import type { KinesisConfig } from '../config/source-config.ts'
import { createFanOutPages } from '../sources/kinesis/fan-out-pages.ts'
import { createKinesisSource } from '../sources/kinesis/kinesis-source.ts'
import type { KinesisOptions, KinesisSource } from '../sources/kinesis/kinesis-source.ts'
import type { PageStart } from '../sources/kinesis/record-pages.ts'
import { createRepairMemory } from '../sources/kinesis/repair/repair-memory.ts'
import { createKinesisShardReader } from '../sources/kinesis/shard-reader.ts'
import { createStreamConsumer } from '../sources/kinesis/stream-consumer.ts'
import type { StreamConsumer } from '../sources/kinesis/stream-consumer.ts'
import type { ShardReading } from '../sources/kinesis/shard-reader.ts'
import type { SourceParts } from './source-parts.ts'
import { wantedTables } from './stages/wanted-tables.ts'

/** The Kinesis stream that a configuration describes, over a connection. Opens nothing before it is asked. */
export function kinesisSourceOf(
  config: KinesisConfig,
  { api, streams }: { readonly api: AwsApi; readonly streams: AwsStreams },
  parts: SourceParts,
): KinesisSource {
  const { region, stream, recordLimit, shardIds } = config
  const { clock, rng, pollIdleMaxMs, giveUpOn, onEvent } = parts
  const reading = readingOf(config, parts)
  return createKinesisSource({
    api,
    clock,
    rng,
    region,
    stream,
    recordLimit,
    shardIds,
    needsKeysTogether: config.repair.isOn,
    ...(pollIdleMaxMs === undefined ? {} : { polling: { idleCapMs: pollIdleMaxMs } }),
    ...(giveUpOn === undefined ? {} : { giveUpOn }),
    ...(onEvent === undefined ? {} : { onEvent }),
    openPages: config.fanOut === undefined ? undefined : fanOutOf(config.fanOut.consumerName, streams),
    openReader: (position, readerParts) => createKinesisShardReader(reading, position, readerParts),
  })
}

/** One consumer for each stream that has the name: of one that was made anew it must be registered again. */
function fanOutOf(name: string, streams: AwsStreams): NonNullable<KinesisOptions['openPages']> {
  const consumers = new Map<string, StreamConsumer>()
  return (context, request) => {
    const { streamArn } = request
    const consumer = consumers.get(streamArn) ?? createStreamConsumer(context, { streamArn, name })
    consumers.set(streamArn, consumer)
    return createFanOutPages(context, { ...request, consumer, streams })
  }
}

/** How all shards of the stream are read; what repair remembers is one for them all. */
function readingOf(config: KinesisConfig, { onEvent }: Pick<SourceParts, 'onEvent'>): ShardReading {
  const { records, deaggregates, tables, repair, stream } = config
  const { windowMs, delayMs, memoryMaxBytes } = repair
  return {
    unpacking: { deaggregates, hasChanges: records === 'dynamodb' },
    isWanted: wantedTables(tables),
    firstOf: firstOf(config),
    repair: repair.isOn ? { rules: { windowMs, delayMs }, memory: createRepairMemory(memoryMaxBytes) } : undefined,
    onRepaired: (shardId, counts) => onEvent?.({ kind: 'changes-repaired', stream, shardId, ...counts }),
  }
}

function firstOf({ startPositions }: KinesisConfig): ((shardId: string) => PageStart | undefined) | undefined {
  if (startPositions === undefined) return undefined
  const { isAfter, positions } = startPositions
  return (shardId) => {
    const sequenceNumber = positions.get(shardId)
    return sequenceNumber === undefined ? undefined : { kind: isAfter ? 'after' : 'at', sequenceNumber }
  }
}
