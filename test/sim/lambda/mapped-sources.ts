import { seededRng } from '../../../src/async/rng.ts'
import { createKinesisService } from '../../servers/kinesis-simulator/kinesis-service.ts'
import { createSimulatedDestination } from '../../servers/kinesis-simulator/simulated-destination.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'
import type { Surroundings } from '../world/surroundings.ts'
import type { MappedSource } from './function-mappings.ts'
import type { FunctionWorldPlan } from './function-plan.ts'

/** The streams that a world's mappings deliver. */
export interface MappedSources {
  /** With what holds the streams. */
  readonly surroundings: Surroundings
  readonly sources: readonly MappedSource[]
  /** The stream that a table's changes are delivered from. */
  readonly streamArnOf: (table: string) => string
  /** Changes that are on their way into a stream. */
  readonly waiting: () => number
}

/** Name of the Kinesis stream in every world. */
export const kinesisStreamName = 'changes'

/** The tables' own streams, or a Kinesis stream of all of them, which repeats and disorders nothing and is resharded. */
export function openMappedSources(
  plan: FunctionWorldPlan,
  surroundings: Surroundings,
  tables: readonly SimulatedTable[],
): MappedSources {
  return plan.lambda.stream === 'kinesis'
    ? kinesisSources(plan, surroundings, tables)
    : tableStreams(surroundings, tables)
}

function tableStreams(surroundings: Surroundings, tables: readonly SimulatedTable[]): MappedSources {
  const sources = tables.map(({ stream }) => ({ streamArn: stream.arn, shards: () => lastNumbers(stream.shards) }))
  const arns = new Map(tables.map(({ name, stream }) => [name, stream.arn]))
  return { surroundings, sources, streamArnOf: (table) => arns.get(table) ?? '', waiting: () => 0 }
}

function kinesisSources(
  plan: FunctionWorldPlan,
  surroundings: Surroundings,
  tables: readonly SimulatedTable[],
): MappedSources {
  const { streams, time } = surroundings
  const kinesis = createKinesisService({ clock: streams.state.clock, rng: seededRng(plan.seed ^ 0x31e5) })
  Object.assign(kinesis.settings, { pageRecords: plan.pageRecords, pageShards: 5, nullIterator: plan.nullIterator })
  const stream = kinesis.createStream({ name: kinesisStreamName, shards: plan.openShards })
  const destinations = tables.map((table, index) =>
    createSimulatedDestination({
      kinesis,
      stream: kinesisStreamName,
      table,
      ledger: streams.ledger,
      rng: seededRng(plan.seed * 37 + index),
    }),
  )
  const rng = seededRng(plan.seed ^ 0x5417)
  const reshard = (): void => {
    time.after((-Math.log(1 - rng.next()) / plan.reshardsPerSecond) * 1_000, () => {
      if (time.elapsedMs > plan.activeMs) return
      const open = stream.openShards().toSorted((a, b) => (a.from < b.from ? -1 : 1))
      const at = Math.floor(rng.next() * open.length)
      const [shard, next] = [open[at], open[at + 1]]
      if (shard !== undefined && next !== undefined && (open.length > 6 || rng.next() < 0.5))
        stream.merge(shard.shardId, next.shardId)
      else if (shard !== undefined) stream.split(shard.shardId)
      reshard()
    })
  }
  if (plan.reshardsPerSecond > 0) reshard()
  const shards = (): ReturnType<MappedSource['shards']> => {
    kinesis.settle()
    return lastNumbers(stream.shards)
  }
  return {
    surroundings: { ...surroundings, kinesis },
    sources: [{ streamArn: stream.arn, shards }],
    streamArnOf: () => stream.arn,
    waiting: () => {
      kinesis.settle()
      return destinations.reduce((sum, { waiting }) => sum + waiting, 0)
    },
  }
}

function lastNumbers(
  shards: readonly { readonly shardId: string; readonly records: readonly { readonly sequenceNumber: string }[] }[],
): ReturnType<MappedSource['shards']> {
  return shards.map(({ shardId, records }) => ({ shardId, lastNumber: records.at(-1)?.sequenceNumber }))
}
