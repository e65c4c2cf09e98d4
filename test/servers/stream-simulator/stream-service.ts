import type { Clock } from '../../../src/async/clock.ts'
import { seededRng } from '../../../src/async/rng.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { createFaultPlan } from './fault-plan.ts'
import type { FaultPlan, FaultSource } from './fault-plan.ts'
import { createSimulatedExports } from './simulated-exports.ts'
import type { SimulatedExports } from './simulated-exports.ts'
import { registerStreams, defaultSettings } from './simulator-state.ts'
import type { SimulatorSettings, SimulatorState } from './simulator-state.ts'
import { createSimulatedTable } from './simulated-table.ts'
import type { SimulatedTable, TableDefinition } from './simulated-table.ts'
import type { LedgerWrite } from './write-ledger.ts'

/**
 * DynamoDB and DynamoDB Streams without a way in: tables, streams that split and rotate, and a plan of faults. The HTTP
 * server (stream-simulator.ts) and the simulation in one process stand in front of it.
 */
export interface StreamService {
  /** Every change that made a stream record, in order. */
  readonly ledger: readonly LedgerWrite[]
  readonly faults: FaultPlan
  readonly settings: SimulatorSettings
  readonly exports: SimulatedExports
  createTable(definition: TableDefinition): SimulatedTable
  /** A live table; throws if there is none. */
  table(name: string): SimulatedTable
  /** The table goes, its streams are disabled and stay readable. A table of the same name gets another id. */
  deleteTable(name: string): void
  /** Makes a stream of any table, deleted ones too, unknown. */
  forgetStream(arn: string): void
  /** Expires all iterators that were issued so far. */
  expireIterators(): void
}

/** The service, as whoever serves its requests sees it. */
export interface ServedStreams extends StreamService {
  readonly state: SimulatorState
  readonly faults: FaultSource
}

/** A service without tables. `rng` is for faults with a probability. */
export function createStreamService(options: {
  readonly clock: Clock
  readonly rng?: Rng | undefined
  readonly region?: string | undefined
  readonly account?: string | undefined
}): ServedStreams {
  const { clock } = options
  const ledger: LedgerWrite[] = []
  let serial = 0
  let lastLabelMs = 0

  const nextLabel = (): string => {
    lastLabelMs = Math.max(Math.floor(clock.now()), lastLabelMs + 1)
    return new Date(lastLabelMs).toISOString().slice(0, -1)
  }
  const createTable = (definition: TableDefinition): SimulatedTable => {
    const region = options.region ?? 'eu-central-1'
    const account = options.account ?? '123456789012'
    const table = createSimulatedTable(definition, { clock, region, account, serial: ++serial, nextLabel, ledger })
    state.tables.set(table.name, table)
    return table
  }
  const deleteTable = (name: string): void => {
    registerStreams(state)
    const table = tableNamed(name)
    if (table.streams.at(-1)?.status === 'ENABLED') table.disableStream()
    state.tables.delete(name)
  }
  const tableNamed = (name: string): SimulatedTable => {
    const table = state.tables.get(name)
    if (table === undefined) throw new Error(`no table ${name}`)
    return table
  }
  const state: SimulatorState = {
    clock,
    settings: defaultSettings(),
    tables: new Map(),
    streams: new Map(),
    forgottenStreams: new Set(),
    exports: createSimulatedExports(clock),
    iteratorGeneration: 0,
    createTable,
    deleteTable,
  }
  return {
    state,
    ledger,
    faults: createFaultPlan(options.rng ?? seededRng(1)),
    settings: state.settings,
    exports: state.exports,
    createTable,
    deleteTable,
    table: tableNamed,
    forgetStream: (arn) => void state.forgottenStreams.add(arn),
    expireIterators: () => void state.iteratorGeneration++,
  }
}
