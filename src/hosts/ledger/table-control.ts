import { randomUUID } from 'node:crypto'
import { inTime } from '../../async/in-time.ts'
import type { TimeLimit } from '../../async/in-time.ts'
import { TailraceError } from '../../errors.ts'
import type { RequestEntry, TableAction, TableEntry, TableTarget } from '../../lanes/ledger-entry.ts'
import { presentWay } from '../../lanes/way.ts'
import type { LedgerAccess } from './ledger-access.ts'
import { openPipelineLedger, readPipelineLedger } from './pipeline-ledger.ts'
import type { PipelineLedger } from './pipeline-ledger.ts'
import { writeRequest } from './write-request.ts'

/** What became of a request about a table. */
export interface TableAnswer {
  /** The table's name. */
  readonly table: string
  /**
   * `pending`: nobody has answered in time, or no worker runs. The request stands in the ledger, and whoever runs the pipeline
   * next carries it out.
   */
  readonly outcome: 'done' | 'refused' | 'pending'
  /** Why it was refused; for people. */
  readonly refusal: string | undefined
  /** The table as the ledger had it last. */
  readonly entry: TableEntry
}

/** How long whoever asks waits. */
export interface TableWaiting {
  /** For what became of it, in all. Milliseconds; 0: not at all. */
  readonly waitMs: number
  /** Until the request stands in the ledger, of which it may be too late to say that it does not. Default: as long as it takes. */
  readonly asking?: TimeLimit
}

const lookMs = 250

/**
 * Asks the pipeline, through its ledger, to read a table, or to let it rest: then nothing of it is read, and its positions stay.
 * What it had in flight is delivered. Survives every process; of several requests the last one counts. `table` is a name or an ARN.
 *
 * Rejects with TABLE_UNKNOWN for a table that the ledger does not have, with PIPELINE_UNKNOWN before the pipeline's first
 * start, and with WAY_CONFLICT where a function moves the pipeline: Lambda decides what it is given.
 */
export function setTableTarget(
  access: LedgerAccess,
  request: TableWaiting & { readonly table: string; readonly target: TableTarget },
  signal: AbortSignal,
): Promise<TableAnswer> {
  return ask(access, { ...request, action: { kind: 'target', target: request.target } }, signal)
}

/**
 * Asks for a table to be tried again after it, or its snapshot, has failed, without touching the others. A cause that nobody
 * mended makes it fail again. A table that rests goes on resting. Rejects as {@link setTableTarget}.
 */
export function restartTable(
  access: LedgerAccess,
  request: TableWaiting & { readonly table: string },
  signal: AbortSignal,
): Promise<TableAnswer> {
  return ask(access, { ...request, action: { kind: 'restart' } }, signal)
}

/** The table that is meant by its name or its ARN. Throws TABLE_UNKNOWN, with the names that there are. */
export function controlledTable({ tables }: Pick<PipelineLedger, 'tables'>, nameOrArn: string): TableEntry {
  const found = tables.filter(({ table }) => table.name === nameOrArn || table.arn === nameOrArn)
  const [first, second] = found
  if (second !== undefined) {
    const arns = found.map(({ table }) => table.arn).join(', ')
    throw new TailraceError('TABLE_UNKNOWN', `${nameOrArn} may be any of several tables; say which: ${arns}`)
  }
  if (first !== undefined) return first
  const names = tables.map(({ table }) => table.name).join(', ')
  const there = names === '' ? 'none' : names
  throw new TailraceError('TABLE_UNKNOWN', `the pipeline has no table ${nameOrArn}; it has ${there}`)
}

async function ask(
  access: LedgerAccess,
  { waitMs, asking, ...wish }: Wish & TableWaiting,
  signal: AbortSignal,
): Promise<TableAnswer> {
  const { clock } = access
  const beganMs = clock.monotonic()
  const put = (within: AbortSignal): Promise<Asked> => putRequest(access, wish, within)
  const asked = await (asking === undefined ? put(signal) : inTime(clock, asking, signal, put))
  const leftMs = waitMs - (clock.monotonic() - beganMs)
  const answer = leftMs > 0 ? await answerWithin(access, asked, leftMs, signal) : undefined
  const { entry } = asked
  return answer ?? { table: entry.table.name, outcome: 'pending', refusal: undefined, entry }
}

interface Wish {
  /** Name or ARN. */
  readonly table: string
  readonly action: TableAction
}

interface Asked {
  readonly request: RequestEntry
  readonly entry: TableEntry
}

async function putRequest(access: LedgerAccess, { table, action }: Wish, signal: AbortSignal): Promise<Asked> {
  const { config, kafka, clock } = access
  const ledger = await readPipelineLedger(config, kafka, signal)
  const entry = controlledTable(ledger, table)
  refuseFunction(ledger)
  const request: RequestEntry = {
    kind: 'request',
    id: randomUUID(),
    tableArn: entry.table.arn,
    action,
    atMs: clock.now(),
  }
  await writeRequest(access, request, signal)
  return { request, entry }
}

function refuseFunction({ lanes, identity }: PipelineLedger): void {
  if (presentWay(lanes).way === 'worker') return
  throw new TailraceError(
    'WAY_CONFLICT',
    `pipeline ${identity.pipeline} is moved by a function: switch its event source mapping on and off instead`,
  )
}

/** Undefined if nobody runs the pipeline, or has answered in time. */
async function answerWithin(
  access: LedgerAccess,
  { request }: Asked,
  ms: number,
  signal: AbortSignal,
): Promise<TableAnswer | undefined> {
  const { clock, config, kafka } = access
  const silence = new Error(`nobody has answered for ${ms} ms`)
  try {
    return await inTime(clock, { ms, late: () => silence }, signal, async (within) => {
      if ((await kafka.groupMembers(config.groupId, within)) === 0) return undefined
      return untilSettled(access, request, within)
    })
  } catch (error) {
    if (error === silence) return undefined
    throw error
  }
}

/** Undefined if the ledger has no such table any more. */
async function untilSettled(
  { config, kafka, clock }: LedgerAccess,
  request: RequestEntry,
  signal: AbortSignal,
): Promise<TableAnswer | undefined> {
  const view = await openPipelineLedger(config, kafka, signal)
  for (;;) {
    const { tables, lanes } = await view.refresh(signal)
    const entry = tables.find(({ table }) => table.arn === request.tableArn)
    if (entry === undefined) return undefined
    const { settled, table } = entry
    if (settled?.request === request.id) {
      const { refusal } = settled
      return { table: table.name, outcome: refusal === undefined ? 'done' : 'refused', refusal, entry }
    }
    // Another request about the table was settled behind it, before anybody looked: it was carried out, if it was not refused.
    const isGone = lanes[0]?.requests.has(`request/${request.id}`) === false
    if (isGone) return { table: table.name, outcome: 'done', refusal: undefined, entry }
    await clock.sleep(lookMs, signal)
  }
}
