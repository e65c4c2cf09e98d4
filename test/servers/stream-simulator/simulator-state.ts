import type { Clock } from '../../../src/async/clock.ts'
import { ServiceError } from './service-error.ts'
import type { SimulatedExports } from './simulated-exports.ts'
import type { SimulatedStream } from './simulated-stream.ts'
import type { SimulatedTable, TableDefinition } from './simulated-table.ts'

/** How the service behaves; may be changed at any time. */
export interface SimulatorSettings {
  /** Shards per page of DescribeStream. */
  pageShards: number
  /** Records per page of GetRecords, at most what the request asks for. */
  pageRecords: number
  /** Items on a page of Scan at most. */
  pageItems: number
  /** Provisioned read capacity of every table; 0 = billed by request. */
  readUnits: number
  /** Hears what each Scan took of it. */
  onConsumed: ((units: number) => void) | undefined
  /** Bytes per page of GetRecords; one record is always given. */
  pageBytes: number
  /** Tables per page of ListTables. */
  pageTables: number
  /** Tags of tables, by the tables' names. */
  readonly tags: Map<string, Readonly<Record<string, string>>>
  /** Whether DescribeStream knows CHILD_SHARDS, refuses it, or lists everything regardless. */
  shardFilter: 'supported' | 'refused' | 'ignored'
  /** Where a closed shard's null iterator comes: beside its last records, or on an empty page behind them. */
  nullIterator: 'with-last-records' | 'after-empty-page'
  /** Whether a cursor whose shard is gone still says where to go on. */
  lostCursor: 'tolerated' | 'refused'
  /** Lists shards by a scrambled order instead of by age. */
  isListingScrambled: boolean
  iteratorLifetimeMs: number
  /** Requests whose signing date differs more than this from the clock are refused; undefined: never. */
  maxSkewMs: number | undefined
}

/** Everything that the operations share. */
export interface SimulatorState {
  readonly clock: Clock
  readonly settings: SimulatorSettings
  /** Live tables by name. */
  readonly tables: Map<string, SimulatedTable>
  /** Streams by ARN, those of deleted tables too. */
  readonly streams: Map<string, { readonly stream: SimulatedStream; readonly table: SimulatedTable }>
  readonly forgottenStreams: Set<string>
  readonly exports: SimulatedExports
  /** Iterators of older generations are expired. */
  iteratorGeneration: number
  readonly createTable: (definition: TableDefinition) => SimulatedTable
  /** The stream of a deleted table stays readable until it is forgotten. */
  readonly deleteTable: (name: string) => void
}

/** The state's beginning. */
export function defaultSettings(): SimulatorSettings {
  return {
    pageShards: 100,
    pageRecords: 1_000,
    pageItems: 1_000,
    readUnits: 0,
    onConsumed: undefined,
    pageBytes: 1_000_000,
    pageTables: 100,
    tags: new Map(),
    shardFilter: 'supported',
    nullIterator: 'with-last-records',
    lostCursor: 'tolerated',
    isListingScrambled: false,
    iteratorLifetimeMs: 15 * 60_000,
    maxSkewMs: undefined,
  }
}

/** A table by name or ARN. */
export function tableOf(state: SimulatorState, nameOrArn: string): SimulatedTable {
  const name = nameOrArn.startsWith('arn:') ? nameOrArn.slice(nameOrArn.indexOf('/') + 1) : nameOrArn
  const table = state.tables.get(name)
  if (table === undefined)
    throw new ServiceError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`)
  return table
}

/** A stream by ARN. A table's streams are registered when they are first looked for. */
export function streamOf(
  state: SimulatorState,
  arn: string,
): { readonly stream: SimulatedStream; readonly table: SimulatedTable } {
  if (!state.streams.has(arn)) registerStreams(state)
  const found = state.streams.get(arn)
  if (found === undefined || state.forgottenStreams.has(arn))
    throw new ServiceError('ResourceNotFoundException', `Requested resource not found: Stream: ${arn} not found`)
  return found
}

/** Makes the streams of all live tables findable. */
export function registerStreams(state: SimulatorState): void {
  for (const table of state.tables.values()) {
    for (const stream of table.streams)
      if (!state.streams.has(stream.arn)) state.streams.set(stream.arn, { stream, table })
  }
}
