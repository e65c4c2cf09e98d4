import type { Clock } from '../../async/clock.ts'
import { TailraceError } from '../../errors.ts'
import { compareIdentity } from '../../lanes/identity.ts'
import type { LaneSession } from '../../lanes/lane-session.ts'
import type { LaneState } from '../../lanes/lane-state.ts'
import type { IdentityEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import type { ShardTaker } from '../../lanes/shard-taker.ts'
import { requireWay } from '../../lanes/way.ts'
import { refuseRenaming, refuseTopicChange } from '../topic-change.ts'
import type { TopicProvisioner } from '../topic-provisioner.ts'
import type { PushedBatch } from './pushed-batch.ts'
import { refuseOldStream } from './first-start.ts'
import type { FirstStart } from './first-start.ts'
import type { TurnWatch } from './turn-watch.ts'

/** A shard that may be written now, and its table as the ledger has it. */
export interface HeldShard extends AsyncDisposable {
  readonly session: LaneSession
  readonly table: TableEntry
}

/** Gives out shards of a pipeline whose ledger says all that must be known before a change is written. */
export interface ReadyLedger {
  /**
   * Fences the shard's older holders and reads where it is; a first start, and the first batch of a table, write what the
   * ledger must know of them before. Rejects with WAY_CONFLICT where it is the workers' turn, and with what a worker's start
   * would refuse.
   */
  take(batch: PushedBatch, signal: AbortSignal): Promise<HeldShard>
  /**
   * Reads what others have written about pipeline and table since. Throws as `take` does, and TRANSACTION_IN_DOUBT where the
   * shard must be taken anew; and if the table's topic is no longer the one that was written to.
   */
  lookAgain(held: HeldShard, batch: PushedBatch, signal: AbortSignal): Promise<void>
}

/** What it stands on. */
export interface ReadyLedgerOptions {
  /** What the ledger must say it is. */
  readonly identity: IdentityEntry
  readonly taker: ShardTaker
  readonly firstStart: FirstStart
  readonly topics: TopicProvisioner
  readonly turn: TurnWatch
  readonly clock: Clock
}

export function createReadyLedger(options: ReadyLedgerOptions): ReadyLedger {
  const { identity, taker, topics } = options
  const lookAtTopic = async (table: TableEntry, signal: AbortSignal): Promise<void> => {
    refuseRenaming(topics, table)
    await refuseTopicChange(topics, table, signal)
  }
  return {
    lookAgain: async ({ session, table }, batch, signal) => {
      await session.follow(signal)
      if (readyTable(session.state, identity, batch)?.version !== table.version)
        throw new TailraceError('TRANSACTION_IN_DOUBT', `the ledger says something new of table ${table.table.name}`)
      await lookAtTopic(table, signal)
    },
    take: async (batch, signal) => {
      for (let attempt = 0; ; attempt++) {
        const session = await taker.take(batch.streamArn, batch.shardId, signal)
        try {
          const isReady = (): boolean => readyTable(session.state, identity, batch) !== undefined
          if (!isReady()) await makeReady({ ...options, session, batch, isReady, attempt }, signal)
          const table = readyTable(session.state, identity, batch)
          if (table !== undefined) {
            await lookAtTopic(table, signal)
            return { session, table, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
          }
        } catch (error) {
          await session[Symbol.asyncDispose]()
          throw error
        }
        await session[Symbol.asyncDispose]()
      }
    },
  }
}

/** Writes what is missing, or waits until somebody else has: that is seen in the shard's own partition. */
async function makeReady(
  parts: ReadyLedgerOptions & {
    readonly session: LaneSession
    readonly batch: PushedBatch
    readonly isReady: () => boolean
    readonly attempt: number
  },
  signal: AbortSignal,
): Promise<void> {
  const { identity, firstStart, turn, clock, session, batch, isReady, attempt } = parts
  const isDone = async (s: AbortSignal): Promise<boolean> => {
    await session.follow(s)
    return isReady()
  }
  const start = await firstStart.prepare(identity, batch, session, signal)
  let isMine = !(await turn.isTaken(signal))
  for (let failures = attempt; ; failures++) {
    const beganMs = clock.monotonic()
    try {
      if (isMine) return await start.settle(signal)
    } catch (error) {
      if (!(error instanceof TailraceError && error.code === 'KAFKA_FENCED')) throw error
    }
    const tookMs = clock.monotonic() - beganMs
    if (await turn.untilTurn({ tookMs, attempt: failures }, isDone, signal)) return
    isMine = true
  }
}

/** The table's entry; undefined while something is still to be written about it, or about the pipeline. */
function readyTable(state: LaneState, own: IdentityEntry, batch: PushedBatch): TableEntry | undefined {
  if (state.identity === undefined || compareIdentity(state.identity, own) === 'outdated') return undefined
  requireWay(state.way, 'lambda', own.pipeline)
  const table = state.tables.get(batch.tableArn)
  if (table === undefined || table.table.streamArn < batch.streamArn) return undefined
  refuseOldStream(table, batch)
  return table
}
