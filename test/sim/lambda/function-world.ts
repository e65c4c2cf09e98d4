import { seededRng } from '../../../src/async/rng.ts'
import type { PipelineConfig } from '../../../src/config/pipeline-config.ts'
import { createVersionedWriter } from '../../oracle/versioned-writer.ts'
import type { VersionedWriter } from '../../oracle/versioned-writer.ts'
import { readConfig } from '../../servers/pipeline-under-test.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'
import { keepPoisoning } from '../world/dead-letter-traffic.ts'
import type { DeadLetterTraffic } from '../world/dead-letter-traffic.ts'
import { keepWriting } from '../world/keep-writing.ts'
import { createSurroundings } from '../world/surroundings.ts'
import type { Surroundings } from '../world/surroundings.ts'
import { productCode } from './function-code.ts'
import { createFunctionMappings } from './function-mappings.ts'
import type { FunctionMappings } from './function-mappings.ts'
import type { FunctionWorldPlan } from './function-plan.ts'
import { kinesisStreamName, openMappedSources } from './mapped-sources.ts'
import { createSimulatedFunction } from './simulated-function.ts'
import type { SimulatedFunction } from './simulated-function.ts'
import type { SandboxCode } from './simulated-sandbox.ts'

/** How a run may differ from the usual one. */
export interface FunctionWorldOptions {
  /** Trace lines to keep; default none. */
  readonly keepTrace?: number
  /** After healing, everything must be done within this time. Virtual; default three minutes. */
  readonly drainMs?: number
  /** What runs in the sandboxes. Default: the product. */
  readonly code?: SandboxCode
}

/** A run in the making: tables that are written, and a function whose mappings are disabled. */
export interface FunctionWorld {
  readonly plan: FunctionWorldPlan
  readonly config: PipelineConfig
  readonly surroundings: Surroundings
  readonly tables: readonly SimulatedTable[]
  readonly writers: readonly VersionedWriter[]
  readonly lambda: SimulatedFunction
  readonly mappings: FunctionMappings
  readonly poison: DeadLetterTraffic | undefined
  readonly stopWriting: () => void
  readonly streamArnOf: (table: string) => string
  readonly waiting: () => number
  readonly isProduct: boolean
  /** When records were mended. */
  mendedAtMs: number
  /** Records that were delivered although one in front of them could not pass. */
  passed: readonly string[]
}

/** Writing begins at once. */
export function startFunctionWorld(plan: FunctionWorldPlan, options: FunctionWorldOptions): FunctionWorld {
  const bare = createSurroundings(plan, options.keepTrace ?? 0)
  const { streams } = bare
  const config = configOf(plan)
  const tables = Array.from({ length: plan.tables }, (_, index) =>
    streams.createTable({
      name: `orders-${index}`,
      keySchema: [{ name: 'id', type: 'S' }],
      viewType: 'NEW_AND_OLD_IMAGES',
      openShards: plan.openShards,
      growSequenceEvery: plan.growSequenceEvery,
    }),
  )
  const serial = { next: 1 }
  const writers = tables.map((table, index) =>
    createVersionedWriter(table, plan.workload, seededRng(plan.seed * 31 + index), serial),
  )
  const { surroundings, ...mapped } = openMappedSources(plan, bare, tables)
  const code = options.code ?? productCode
  const lambda = createSimulatedFunction({ surroundings, config, code, plan: plan.lambda, seed: plan.seed })
  const mappings = createFunctionMappings(plan, surroundings, { sources: mapped.sources, lambda })
  const { stopWriting } = keepWriting(plan, surroundings, { tables, writers })
  const poison = startPoison({ plan, surroundings, tables, writers })
  const parts = { plan, config, surroundings, tables, writers, lambda, mappings, poison, stopWriting }
  return {
    ...parts,
    ...mapped,
    isProduct: code === productCode,
    mendedAtMs: Number.POSITIVE_INFINITY,
    passed: [],
  }
}

function startPoison(
  parts: Pick<FunctionWorld, 'plan' | 'surroundings' | 'tables' | 'writers'>,
): DeadLetterTraffic | undefined {
  const { activeMs, lambda } = parts.plan
  const { poisonPerSecond: perSecond, settings } = lambda
  if (perSecond === 0) return undefined
  const untilMs = activeMs - 500
  // Which sub-lane a record is in follows from its keys: without them it would overtake others of its item.
  const isBySubLane = settings.parallelizationFactor > 1
  return keepPoisoning(parts, isBySubLane ? { untilMs, perSecond, without: 'keys-no-object' } : { untilMs, perSecond })
}

function configOf(plan: FunctionWorldPlan): PipelineConfig {
  return readConfig(`
pipeline: sim
lanes: ${plan.lanes}
delivery: ${plan.delivery}
source:
  region: eu-central-1
  tables: ['orders-*']
${plan.lambda.stream === 'kinesis' ? `  type: kinesis\n  kinesis.stream: ${kinesisStreamName}\n  kinesis.repair: off` : ''}
kafka:
  bootstrap.servers: broker:1
topic.partitions: ${plan.topicPartitions}
snapshot.mode: never
lambda.partial.batch.responses: ${plan.lambda.hasPartialResponses}
${plan.lambda.isTolerant ? 'errors.tolerance: all' : ''}
`)
}
