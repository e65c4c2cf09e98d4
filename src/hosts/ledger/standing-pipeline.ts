import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import { createTransactionSessions } from '../../kafka/transaction-sessions.ts'
import { createLaneTaker } from '../../lanes/lane-session.ts'
import type { LaneSession } from '../../lanes/lane-session.ts'
import type { LaneState } from '../../lanes/lane-state.ts'
import { requireWay } from '../../lanes/way.ts'
import type { AddressedEntry } from '../../lanes/ledger-entry.ts'
import { counted } from '../counted.ts'

/** Throws PIPELINE_ACTIVE while the group has members. */
export async function requireStandstill(config: PipelineConfig, kafka: KafkaApi, signal: AbortSignal): Promise<void> {
  const members = await kafka.groupMembers(config.groupId, signal)
  if (members === 0) return
  throw new TailraceError(
    'PIPELINE_ACTIVE',
    `group ${config.groupId} has ${counted(members, 'member')}: stop the workers first`,
  )
}

/** What it takes to hold a ledger. */
export interface LedgerHolding {
  readonly config: PipelineConfig
  readonly kafka: KafkaApi
  readonly context: { readonly clock: Clock; readonly rng: Rng; readonly signal: AbortSignal }
  readonly lanes: number
}

/** All lanes of a pipeline, taken: nothing of an older owner can be added any more. */
export interface HeldLedger extends AsyncDisposable {
  /** Index = lane. */
  readonly states: readonly LaneState[]
  /** One transaction. A worker that starts meanwhile takes the lanes back: then PIPELINE_ACTIVE is thrown, nothing is written. */
  write(entries: readonly AddressedEntry[]): Promise<void>
}

/** Takes every lane of a pipeline that stands still; PIPELINE_ACTIVE if it does not. */
export async function holdLedger({ config, kafka, context, lanes }: LedgerHolding): Promise<HeldLedger> {
  const { signal, clock } = context
  await requireStandstill(config, kafka, signal)
  const { pipeline, delivery } = config
  const { transactionTimeoutMs } = config.kafka
  const sessions = createTransactionSessions({ kafka, clock, rng: context.rng, delivery, transactionTimeoutMs })
  // Nobody is in the group, so nobody else can have been given a lane.
  const membership = { owns: () => true }
  const taker = createLaneTaker({ kafka, sessions, membership, pipeline, ledgerTopic: config.ledger.topic, clock })
  await using taken = new AsyncDisposableStack()
  const held: LaneSession[] = []
  for (let lane = 0; lane < lanes; lane++) held.push(taken.use(await taker.take(lane, signal)))
  const resources = taken.move()
  return {
    states: held.map(({ state }) => state),
    write: async (entries) => {
      await requireStandstill(config, kafka, signal)
      try {
        // From here on the answer must be waited for: an interrupted transaction may have been committed or not.
        await held[0]?.commit({ output: [], entries }, new AbortController().signal)
      } catch (error) {
        if (!(error instanceof TailraceError) || error.code !== 'KAFKA_FENCED') throw error
        throw new TailraceError('PIPELINE_ACTIVE', 'a worker has started meanwhile; nothing was written', {
          cause: error,
        })
      }
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/**
 * Takes every lane of a pipeline that stands still, so that nothing of an older owner can be added any more, asks
 * `decide` what to write, and writes it in one transaction. Returns what `decide` returned. Throws as {@link HeldLedger.write},
 * and WAY_CONFLICT where a function moves the pipeline.
 */
export async function changeLedger<T extends { readonly entries: readonly AddressedEntry[] }>(
  parts: LedgerHolding,
  decide: (lanes: readonly LaneState[]) => T,
): Promise<T> {
  await using held = await holdLedger(parts)
  // A function knows its positions: it would not hear of others.
  for (const { way } of held.states) requireWay(way, 'worker', parts.config.pipeline)
  const change = decide(held.states)
  await held.write(change.entries)
  return change
}
