import { TailraceError } from '../errors.ts'
import type { KafkaApi, TopicInfo } from '../kafka/kafka.ts'
import { backoffDelay } from '../async/backoff.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { transactionalIdOf } from '../lanes/lane-session.ts'
import type { IdentityEntry } from '../lanes/ledger-entry.ts'
import { makeLedgerTopic } from '../lanes/ledger-topic.ts'
import type { PipelineEventSink } from './pipeline-event.ts'

/** Whose ledger is meant, and where it is. */
export interface LedgerClaim {
  readonly kafka: KafkaApi
  /** Transactional ids besides the lanes' own that would show that the pipeline has run before. Default: none. */
  readonly witnesses?: readonly string[]
  readonly pipeline: string
  readonly ledgerTopic: string
  readonly lanes: number
}

/** Which ledger a worker asks to be admitted to. */
export interface AdmissionOptions extends LedgerClaim {
  readonly clock: Clock
  readonly rng: Rng
  readonly replicationFactor: number
  readonly epoch: number
  readonly fingerprint: string
  /** False where the ledger topic must exist already. */
  readonly mayCreate: boolean
  readonly onEvent: PipelineEventSink
}

/**
 * Before a worker joins the group: the ledger topic exists (or is made), is compacted, has as many partitions as there
 * are lanes, and is not empty where this pipeline has run before. Returns the identity that its entries must carry.
 * Fences nothing and writes nothing but the topic itself. Waits for a cluster that does not answer, for ever.
 */
export async function admitToLedger(options: AdmissionOptions, signal: AbortSignal): Promise<IdentityEntry> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await checkLedger(options, signal)
    } catch (error) {
      if (signal.aborted || !(error instanceof TailraceError) || !isPassing(error)) throw error
      const retryInMs = backoffDelay(admissionBackoff, attempt, options.rng)
      options.onEvent({ kind: 'worker-waits', error, retryInMs })
      await options.clock.sleep(retryInMs, signal)
    }
  }
}

const admissionBackoff = { baseMs: 200, capMs: 10_000 }

/** A cluster that is away or busy comes back: a worker that an orchestrator restarts must not give up on it. */
function isPassing({ policy }: TailraceError): boolean {
  return policy === 'retake' || policy === 'retry'
}

async function checkLedger(options: AdmissionOptions, signal: AbortSignal): Promise<IdentityEntry> {
  const { kafka, lanes } = options
  const { clusterId } = await kafka.cluster(signal)
  const topic = (await findLedger(options, signal)) ?? (await makeLedger(options, signal))
  requireLanes(options, topic)
  await requireCompaction(options, signal)
  await refuseLostLedger(options, signal)
  return {
    kind: 'identity',
    pipeline: options.pipeline,
    clusterId,
    topicId: topic.id,
    lanes,
    epoch: options.epoch,
    fingerprint: options.fingerprint,
  }
}

/** The ledger topic; undefined if this would be a first start. LEDGER_LOST if it is gone although it was used. */
export async function findLedger(claim: LedgerClaim, signal: AbortSignal): Promise<TopicInfo | undefined> {
  const look = async (): Promise<TopicInfo | undefined> =>
    (await claim.kafka.topics([claim.ledgerTopic], signal)).get(claim.ledgerTopic)
  const found = await look()
  if (found !== undefined) return found
  const witness = await findWitness(claim, signal)
  if (witness === undefined) return undefined
  // Looked at again: a worker that makes its first start at this very moment leaves the same traces.
  const made = await look()
  if (made !== undefined) return made
  throw lost(claim, 'does not exist', witness)
}

/** LEDGER_LANES unless the ledger has as many partitions as there are to be lanes. */
export function requireLanes({ ledgerTopic, lanes }: LedgerClaim, topic: TopicInfo): void {
  if (topic.partitions === lanes) return
  throw new TailraceError(
    'LEDGER_LANES',
    `ledger topic ${ledgerTopic} has ${topic.partitions} partitions, the configuration says lanes: ${lanes}`,
  )
}

async function makeLedger(options: AdmissionOptions, signal: AbortSignal): Promise<TopicInfo> {
  const { ledgerTopic } = options
  if (!options.mayCreate) throw new TailraceError('TOPIC_MISSING', `ledger topic ${ledgerTopic} does not exist`)
  const onMade = (): void => options.onEvent({ kind: 'topic-created', topic: ledgerTopic, partitions: options.lanes })
  const created = await makeLedgerTopic(options, options, onMade, signal)
  if (created !== undefined) return created
  throw new TailraceError('TOPIC_MISSING', `ledger topic ${ledgerTopic} was created but does not appear`)
}

/** LEDGER_NOT_COMPACTED unless the ledger keeps the newest entry of every key. */
export async function requireCompaction({ kafka, ledgerTopic }: LedgerClaim, signal: AbortSignal): Promise<void> {
  const policy = (await kafka.topicConfig(ledgerTopic, signal)).get('cleanup.policy')
  if (policy !== 'compact') {
    throw new TailraceError('LEDGER_NOT_COMPACTED', `ledger topic ${ledgerTopic} has cleanup.policy=${policy ?? '?'}`)
  }
}

/** LEDGER_LOST for an empty ledger, unless nothing else remembers this pipeline: then it is a first start. */
export async function refuseLostLedger(options: LedgerClaim, signal: AbortSignal): Promise<void> {
  if (!(await isEmpty(options, signal))) return
  const witness = await findWitness(options, signal)
  if (witness === undefined) return
  // Looked at again: the first start of another worker may have filled it in between.
  if (await isEmpty(options, signal)) throw lost(options, 'is empty', witness)
}

async function isEmpty({ kafka, ledgerTopic, lanes }: LedgerClaim, signal: AbortSignal): Promise<boolean> {
  for (let lane = 0; lane < lanes; lane++) {
    const { highWatermark } = await kafka.offsets(ledgerTopic, lane, signal)
    if (highWatermark > 0n) return false
  }
  return true
}

/**
 * What a pipeline leaves outside its ledger: transactional ids that have ended a transaction. (Offsets of its group would
 * be no witness: Kafka deletes them together with the topic.) Ids that were only fenced (`Empty`) and first transactions that are under way (`Ongoing`) are the
 * traces of a first start that happens right now.
 */
async function findWitness(options: LedgerClaim, signal: AbortSignal): Promise<string | undefined> {
  const { kafka, pipeline, lanes } = options
  const ids = Array.from({ length: lanes }, (_, lane) => transactionalIdOf(pipeline, lane))
  const transactions = await kafka.describeTransactions([...ids, ...(options.witnesses ?? [])], signal)
  const used = [...transactions].find(([, { state }]) => state === 'CompleteCommit' || state === 'CompleteAbort')
  return used === undefined ? undefined : `transactional id ${used[0]}`
}

function lost({ ledgerTopic }: LedgerClaim, state: string, witness: string): TailraceError {
  return new TailraceError(
    'LEDGER_LOST',
    `ledger topic ${ledgerTopic} ${state}, although ${witness} shows that it ran before`,
  )
}
