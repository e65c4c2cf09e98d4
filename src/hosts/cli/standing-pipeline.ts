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
import type { CommandContext } from './command-context.ts'

/** Throws PIPELINE_ACTIVE while the group has members. */
export async function requireStandstill(config: PipelineConfig, kafka: KafkaApi, signal: AbortSignal): Promise<void> {
  const members = await kafka.groupMembers(config.groupId, signal)
  if (members === 0) return
  throw new TailraceError(
    'PIPELINE_ACTIVE',
    `group ${config.groupId} has ${counted(members, 'member')}: stop the workers first`,
  )
}

/**
 * Takes every lane of a pipeline that stands still, so that nothing of an older owner can be added any more, asks
 * `decide` what to write, and writes it in one transaction. Returns what `decide` returned. A worker that starts
 * meanwhile takes the lanes back: then PIPELINE_ACTIVE is thrown and nothing is written.
 */
export async function changeLedger<T extends { readonly entries: readonly AddressedEntry[] }>(
  parts: {
    readonly config: PipelineConfig
    readonly kafka: KafkaApi
    readonly context: CommandContext
    readonly lanes: number
  },
  decide: (lanes: readonly LaneState[]) => T,
): Promise<T> {
  const { config, kafka, context, lanes } = parts
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
  const states = held.map(({ state }) => state)
  // A function knows its positions: it would not hear of others.
  for (const { way } of states) requireWay(way, 'worker', pipeline)
  const change = decide(states)
  await requireStandstill(config, kafka, signal)
  try {
    // From here on the answer must be waited for: an interrupted transaction may have been committed or not.
    await held[0]?.commit({ output: [], entries: change.entries }, new AbortController().signal)
  } catch (error) {
    if (!(error instanceof TailraceError) || error.code !== 'KAFKA_FENCED') throw error
    throw new TailraceError('PIPELINE_ACTIVE', 'a worker has started meanwhile; nothing was written', { cause: error })
  }
  return change
}
