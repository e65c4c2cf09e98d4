import type { Rng } from '../../../src/async/rng.ts'
import { seededRng } from '../../../src/async/rng.ts'
import type { ObjectFaultKind } from '../../faults/object-faults.ts'
import type { Workload } from '../../oracle/versioned-writer.ts'

/** Kinds of faults that a run can be given. */
export const faultKinds = [
  'worker-kill',
  'crash-point',
  'worker-stop',
  'worker-restart',
  'scale',
  'wall-clock',
  'broker-kill',
  'leader-move',
  'lost-response',
  'lost-request',
  'late-request',
  'repeated-request',
  'error-code',
  'network-cut',
  'slow-network',
  'aws-error',
  'aws-throttle',
  'aws-corrupt',
  'iterator-expiry',
  'listing-lie',
  'ledger-compaction',
  'foreign-transaction',
  'ledger-offline',
] as const

/** One of them. */
export type FaultKind = (typeof faultKinds)[number]

/** Everything that a seed decides before a run begins. */
export interface WorldPlan {
  readonly seed: number
  readonly delivery: 'exactly_once' | 'at_least_once'
  readonly brokers: 1 | 3
  readonly transactionVersion: 1 | 2
  readonly lanes: number
  readonly workers: number
  readonly topicPartitions: number
  readonly tables: number
  readonly openShards: number
  readonly workload: Workload
  /** Changes per virtual second, over all tables. */
  readonly changesPerSecond: number
  /** Splits and rotations per virtual second. */
  readonly reshardsPerSecond: number
  /** How long faults and writes go on. Virtual milliseconds. */
  readonly activeMs: number
  /** Faults per virtual second, by kind; kinds that are not here do not happen. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
  /** Records that a page of GetRecords holds at most. */
  readonly pageRecords: number
  /** Sequence numbers grow by a digit after so many. */
  readonly growSequenceEvery: number
  readonly nullIterator: 'with-last-records' | 'after-empty-page'
  readonly shardFilter: 'supported' | 'refused' | 'ignored'
  /** How often a lane looks into its ledger partition; runs over virtual hours take long waits. Default: the product's. */
  readonly followIntervalMs?: number
  /** How rarely an idle shard is asked. Default: the product's. */
  readonly pollIdleCapMs?: number
  /** How often streams are listed in full. Default: ten seconds, so that discovery takes part in short runs. */
  readonly listingMs?: number
  /** How often the coordinator and whoever starts workers anew look for something to do. Default: twice a second or more. */
  readonly dutyMs?: number
  /** After so long without a heartbeat a worker is taken for dead. Default: six seconds. */
  readonly sessionTimeoutMs?: number
  /** Shards on a page of DescribeStream. Default: five. */
  readonly pageShards?: number
  /** Signals are read, and notifications written. Default: neither. */
  readonly hasSignals?: boolean
  /** `errors.tolerance: all`. Default: none. */
  readonly isTolerant?: boolean
  /** What the tables hold before their streams begin, and how it is scanned. Default: nothing, and no snapshot. */
  readonly snapshot?: SnapshotPlan
}

/** The items of each table before the pipeline begins. */
export interface SnapshotPlan {
  /** `snapshot.mode`. Default: initial. */
  readonly mode?: 'initial' | 'when_needed' | 'always'
  readonly items: number
  /** `snapshot.skip.contained.changes`. Default: false. */
  readonly skipsContained?: boolean
  readonly segments: number
  /** Items that a page of Scan holds at most. */
  readonly pageItems: number
  /** Milliseconds that the answer to a page may take: items change while it is on its way. */
  readonly answerMs: number
  /** Keys that a lane remembers at most. Default: the product's. */
  readonly maxRecentKeys?: number
  /** Bytes of keys that a sweep of a topic holds at a time. Default: the product's. */
  readonly maxSweepBytes?: number
  /** As in a pipeline's file. Default: no bound. */
  readonly itemsPerSecond?: number
  readonly window?: string
  readonly capacity?: string
  /** Read capacity with which the table is provisioned. Default: billed by request. */
  readonly readUnits?: number
  /** `snapshot.source: export`, and how exports go. Default: tables are scanned. */
  readonly exports?: ExportsPlan
}

/** How exports go. Milliseconds. */
export interface ExportsPlan {
  readonly format: 'DYNAMODB_JSON' | 'ION'
  /** From the request to the end, for the whole table and for increments. */
  readonly fullMs: number
  readonly incrementMs: number
  /** Data files of each export. */
  readonly files: number
  /** How far off the service's times may be. */
  readonly skewMs: number
  readonly faults: readonly ExportFault[]
}

/** What is wrong with some exports, by the numbers of their requests over all tables. */
export interface ExportFault {
  readonly kind: ObjectFaultKind | 'failed'
  readonly first: number
  /** How many of them. Infinity: all from there on. */
  readonly count: number
  /** So long after an export's end its objects are sound. Infinity: never. Nothing mends an export that failed. */
  readonly healsAfterMs: number
}

/** What an experiment fixes; the seed decides the rest. */
export type PlanOverrides = Partial<Omit<WorldPlan, 'seed' | 'faults'>> & {
  /** Only these, at these rates per second; default: a random half of all, at random rates. */
  readonly faults?: WorldPlan['faults']
}

/** The plan of a seed. */
export function planWorld(seed: number, overrides: PlanOverrides = {}): WorldPlan {
  const rng = seededRng(seed ^ 0x5eed)
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(rng.next() * choices.length)] as T
  const between = (least: number, most: number): number => least + Math.floor(rng.next() * (most - least + 1))
  const drawn: Omit<WorldPlan, 'faults'> = {
    seed,
    delivery: pick('exactly_once', 'exactly_once', 'exactly_once', 'at_least_once'),
    brokers: pick(1, 3),
    transactionVersion: pick(2, 2, 1),
    lanes: between(1, 5),
    workers: between(1, 4),
    topicPartitions: between(1, 4),
    tables: pick(1, 1, 2),
    openShards: between(1, 4),
    workload: {
      keys: pick(5, 40, 300),
      skew: pick(1, 2, 4),
      deleteShare: pick(0, 0.15, 0.4),
      paddingBytes: pick(0, 20, 200),
    },
    changesPerSecond: pick(5, 20, 40),
    reshardsPerSecond: pick(0, 0.1, 0.4),
    activeMs: pick(12_000, 25_000, 40_000),
    pageRecords: pick(3, 20, 1_000),
    growSequenceEvery: 500,
    nullIterator: pick('with-last-records', 'after-empty-page'),
    shardFilter: pick('supported', 'supported', 'refused', 'ignored'),
  }
  const { faults = drawFaults(rng), ...fixed } = overrides
  return { ...drawn, ...fixed, faults }
}

/** Each kind is there with even chances, at its own rate: a swarm of different mixes rather than one average one. */
function drawFaults(rng: Rng): WorldPlan['faults'] {
  const faults: Partial<Record<FaultKind, number>> = {}
  for (const kind of faultKinds) {
    const isOn = rng.next() < 0.4
    const rate = (faultRates[kind] ?? 0.1) * (0.3 + 1.4 * rng.next())
    if (isOn) faults[kind] = rate
  }
  return faults
}

/** Usual rates per virtual second. */
const faultRates: Readonly<Partial<Record<FaultKind, number>>> = {
  'worker-kill': 0.25,
  'crash-point': 0.35,
  'worker-stop': 0.08,
  'worker-restart': 0.1,
  scale: 0.06,
  'broker-kill': 0.05,
  'leader-move': 0.2,
  'lost-response': 0.3,
  'lost-request': 0.15,
  'late-request': 0.2,
  'repeated-request': 0.3,
  'error-code': 0.5,
  'network-cut': 0.05,
  'slow-network': 0.05,
  'aws-error': 0.5,
  'aws-throttle': 0.2,
  'aws-corrupt': 0.3,
  'iterator-expiry': 0.1,
  'listing-lie': 0.2,
  'ledger-compaction': 0.3,
  'foreign-transaction': 0.1,
  'ledger-offline': 0.04,
}
