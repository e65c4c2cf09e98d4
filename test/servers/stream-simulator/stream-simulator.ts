import type { Clock } from '../../../src/async/clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { seededRng } from '../../../src/async/rng.ts'
import { systemClock } from '../../../src/async/system-clock.ts'
import { createFaultPlan } from './fault-plan.ts'
import type { FaultPlan } from './fault-plan.ts'
import { startServer } from './http-server.ts'
import { createSimulatedTable } from './simulated-table.ts'
import type { SimulatedTable, TableDefinition } from './simulated-table.ts'
import { defaultSettings, registerStreams } from './simulator-state.ts'
import type { SimulatorSettings, SimulatorState } from './simulator-state.ts'
import type { LedgerWrite } from './write-ledger.ts'

/**
 * DynamoDB and DynamoDB Streams as an HTTP server of this process, for tests: speaks the wire protocol, splits and
 * rotates shards, and fails in every way that a plan says. Driven by method calls; read, also by other processes,
 * through its endpoint. Single-threaded, so every request sees whole changes.
 */
export interface StreamSimulator extends AsyncDisposable {
  /** For `AWS_ENDPOINT_URL`: serves both DynamoDB and DynamoDB Streams. */
  readonly endpoint: string
  /** Every change that made a stream record, in order. */
  readonly ledger: readonly LedgerWrite[]
  readonly faults: FaultPlan
  readonly settings: SimulatorSettings
  /** How often each action was asked for. */
  readonly requests: ReadonlyMap<string, number>
  createTable(definition: TableDefinition): SimulatedTable
  /** A live table; throws if there is none. */
  table(name: string): SimulatedTable
  /** The table goes, its streams are disabled and stay readable. A table of the same name gets another id. */
  deleteTable(name: string): void
  /** Makes a stream of any table, deleted ones too, unknown. */
  forgetStream(arn: string): void
  /** Expires all iterators that were issued so far. */
  expireIterators(): void
  stop(): Promise<void>
}

/** Starts a simulator on a free port of the loopback interface. */
export async function startStreamSimulator(options?: {
  readonly clock?: Clock
  /** For faults with a probability. */
  readonly rng?: Rng
  readonly region?: string
  readonly account?: string
}): Promise<StreamSimulator> {
  const clock = options?.clock ?? systemClock
  const ledger: LedgerWrite[] = []
  const requests = new Map<string, number>()
  const faults = createFaultPlan(options?.rng ?? seededRng(1))
  let serial = 0
  let lastLabelMs = 0

  const nextLabel = (): string => {
    lastLabelMs = Math.max(Math.floor(clock.now()), lastLabelMs + 1)
    return new Date(lastLabelMs).toISOString().slice(0, -1)
  }
  const createTable = (definition: TableDefinition): SimulatedTable => {
    const region = options?.region ?? 'eu-central-1'
    const account = options?.account ?? '123456789012'
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
    iteratorGeneration: 0,
    createTable,
    deleteTable,
  }
  const server = await startServer(state, faults, ({ action }) => requests.set(action, (requests.get(action) ?? 0) + 1))

  return {
    endpoint: server.endpoint,
    ledger,
    faults,
    settings: state.settings,
    requests,
    createTable,
    deleteTable,
    table: tableNamed,
    forgetStream: (arn) => void state.forgottenStreams.add(arn),
    expireIterators: () => void state.iteratorGeneration++,
    stop: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
