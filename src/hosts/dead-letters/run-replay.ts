import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import type { ClusterInspector } from '../../kafka/cluster-inspector.ts'
import { createCommittedReader } from '../../kafka/committed-reader.ts'
import type { FetchedRecord, KafkaApi } from '../../kafka/kafka.ts'
import type { TransactionSession } from '../../kafka/transaction-session.ts'
import { createTransactionSessions } from '../../kafka/transaction-sessions.ts'
import { transactionalIdOf } from '../../lanes/lane-session.ts'
import { topicKey } from '../../lanes/lane-state.ts'
import type { TableEntry, TopicEntry } from '../../lanes/ledger-entry.ts'
import type { TopicLimits } from '../../pipeline/topic-limits.ts'
import { createTopicLimits } from '../../pipeline/topic-limits.ts'
import type { StoredLetter } from '../../rejection/stored-letter.ts'
import { createTopicProvisioner } from '../../pipeline/topic-provisioner.ts'
import type { ReselectedItems } from '../../transform/reselect.ts'
import { stagesOf, topicRulesOf } from '../record-way.ts'
import { openRegistry } from '../open-registry.ts'
import type { ObjectWriter } from '../../objects/objects.ts'
import type { StreamSurroundings } from '../stages/stream-stages-of.ts'
import { openOversize } from '../stages/oversize-of.ts'
import { openCode, otherTopicsOf } from '../stages/change-steps.ts'
import { sparingReserved } from '../stages/sparing-reserved.ts'
import { packageVersion } from '../package-version.ts'
import { createLetterLog } from './letter-log.ts'
import { replayIdOf } from './replay-id.ts'
import { replayLetters } from './replay-letters.ts'
import type { ReplayMode, ReplayOutcome, ReplayParts } from './replay-letters.ts'
import type { OutputLog } from './supersession.ts'

/** What a replay stands on. */
export interface ReplayHost {
  readonly config: PipelineConfig
  readonly kafka: KafkaApi
  readonly inspector: Pick<ClusterInspector, 'firstSince'>
  readonly clock: Clock
  readonly rng: Rng
  readonly env: Readonly<Record<string, string | undefined>>
  /** For `reselect`. */
  readonly items?: ReselectedItems | undefined
  /** For changes that come from a Kinesis stream. */
  readonly describeKeys?: StreamSurroundings['describeKeys']
  /** For values that are too large, where the configuration sends them there. */
  readonly claimChecks?: ObjectWriter | undefined
  /** The ledger's topic id. */
  readonly ledgerId: string
  readonly tables: readonly TableEntry[]
  /** Topics besides the tables' own; see topic-pins.ts. */
  readonly topics: readonly TopicEntry[]
  readonly lanes: number
  /** Throws PIPELINE_ACTIVE while workers run. */
  readonly requireStandstill: () => Promise<void>
  /**
   * Throws WAY_CONFLICT unless it is the workers' turn, by what the ledger says now: a function is in no group. Whoever gives the
   * pipeline over after that fences the replay.
   */
  readonly requireTurn: () => Promise<void>
  /** Which of all letters are meant. */
  readonly choose: (letters: readonly StoredLetter[]) => readonly StoredLetter[]
}

/**
 * Replays letters into the output. First it fences every replay before it and every lane, so that nothing of theirs can
 * come any more, and reads the letters behind that: what was settled is seen. Workers must not run, because whether a letter
 * is older than what the output has is looked up and then relied on; and they are asked after once more in front of each
 * transaction. A dry run fences nobody.
 */
export async function runReplay(
  host: ReplayHost,
  mode: ReplayMode & { readonly onOutcome: (outcome: ReplayOutcome) => void },
  signal: AbortSignal,
): Promise<void> {
  const { config, kafka, clock, rng, items } = host
  await using code = await openCode(config, { clock })
  const { topic } = config.errors.deadLetters
  const limits = createTopicLimits(kafka)
  await using session = mode.isDry ? undefined : await fence(host, limits, signal)
  // Somebody waits in front of a terminal: a registry that is away is an answer, too.
  const giveUpOn = ['SCHEMA_REGISTRY_UNREACHABLE', 'SCHEMA_REGISTRY_RESPONSE', 'AWS_CREDENTIALS'] as const
  await using registry = openRegistry(config, { clock, rng, env: host.env, giveUpOn })
  await using oversize = openOversize(config, {
    ...host,
    objects: host.claimChecks,
    // What is left behind is for the lifecycle rule of the bucket; whoever replays sees what became of each letter.
    onEvent: () => {},
  })
  const log = createLetterLog(kafka, { ...config, topic })
  const letters = host.choose(await log.letters(signal, { settled: !mode.isDry }))
  const rules = topicRulesOf(config)
  const mayCreate = rules.mayCreate && !mode.isDry
  const topics = createTopicProvisioner(kafka, { ...rules, mayCreate }, { clock, onEvent: () => undefined })
  const checked = new Map<string, Promise<void>>()
  const parts: ReplayParts = {
    letters: log,
    stages: sparingReserved(
      stagesOf(config, packageVersion(), {
        registry,
        oversize,
        code,
        items,
        stream: { limits, describeKeys: host.describeKeys },
        otherTopics: otherTopicsOf(config, { topics, limits, clock }),
      }),
      topics,
    ),
    tables: new Map(host.tables.map((entry) => [entry.table.arn, entry])),
    pinsOf: pinsIn(host.topics),
    maxRecordBytes: (name, bySignal) => limits.maxRecordBytes(name, bySignal),
    output: outputLogOf(host),
    commit: async (records, markers) => {
      for (const { topic: name } of records) {
        const check = checked.get(name) ?? requireSameTopic(host, name, signal)
        checked.set(name, check)
        await check
      }
      await host.requireStandstill()
      // From here on the answer must be waited for: an interrupted transaction may have been committed or not.
      await session?.commit([records, markers], new AbortController().signal)
    },
    pipeline: config.pipeline,
    topic,
    now: () => host.clock.now(),
  }
  await replayLetters(letters, parts, mode, signal)
}

async function fence(
  { config, kafka, clock, rng, lanes, requireTurn }: ReplayHost,
  limits: Pick<TopicLimits, 'known'>,
  signal: AbortSignal,
): Promise<TransactionSession> {
  const { pipeline, delivery } = config
  const { transactionTimeoutMs } = config.kafka
  const sessions = createTransactionSessions({
    kafka,
    clock,
    rng,
    delivery,
    transactionTimeoutMs,
    topicBytes: (topic) => limits.known(topic),
  })
  const session = await sessions.open(replayIdOf(pipeline), signal)
  try {
    for (let lane = 0; delivery === 'exactly_once' && lane < lanes; lane++) {
      const id = { transactionalId: transactionalIdOf(pipeline, lane), timeoutMs: transactionTimeoutMs }
      await kafka.initProducerId(id, signal)
    }
    await requireTurn()
    return session
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw error
  }
}

/** What is met for the first time is left to the lanes to write down: they will send records there, too. */
function pinsIn(topics: readonly TopicEntry[]): ReplayParts['pinsOf'] {
  const known = new Map(topics.map((entry) => [topicKey(entry), entry]))
  return (tableArn) => ({ of: (topic) => known.get(topicKey({ tableArn, topic })), meet: () => {} })
}

/** Items must not move between partitions, and a topic that was made anew is a matter for the pipeline itself. */
async function requireSameTopic({ kafka, tables }: ReplayHost, name: string, signal: AbortSignal): Promise<void> {
  const entry = tables.find(({ topic }) => topic === name)
  if (entry === undefined) return
  const topic = (await kafka.topics([name], signal)).get(name)
  if (topic === undefined) throw new TailraceError('TOPIC_MISSING', `topic ${name} does not exist`)
  if (entry.topicId !== undefined && entry.topicId !== topic.id)
    throw new TailraceError('TOPIC_REPLACED', `topic ${name} was made anew since the pipeline wrote to it`)
  if (entry.topicPartitions !== topic.partitions) {
    const what = `topic ${name} had ${entry.topicPartitions} partitions and has ${topic.partitions} now`
    throw new TailraceError('TOPIC_PARTITIONS_CHANGED', what)
  }
}

function outputLogOf({ kafka, inspector }: ReplayHost): OutputLog {
  return {
    firstSince: (topic, partition, timeMs, signal) => inspector.firstSince(topic, partition, timeMs, signal),
    read: async function* read(topic, partition, from, signal): AsyncIterable<readonly FetchedRecord[]> {
      const { highWatermark } = await kafka.offsets(topic, partition, signal)
      const reader = createCommittedReader({ kafka, topic, partition, from, until: highWatermark, maxWaitMs: 100 })
      for await (const { records } of reader.read(signal)) yield records
    },
  }
}
