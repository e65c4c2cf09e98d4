import type { Command } from 'commander'
import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import { TailraceError } from '../../../errors.ts'
import { KafkaError } from '../../../kafka/kafka.ts'
import type { KafkaApi } from '../../../kafka/kafka.ts'
import { transactionalIdOf } from '../../../lanes/lane-session.ts'
import { shardTransactionalIdOf } from '../../../lanes/shard-taker.ts'
import { foundWrong, succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { isJson, writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { confirm } from '../confirm.ts'
import { readLedgerRemains, requireOwnLedger } from '../ledger-owner.ts'
import type { LedgerRemains } from '../ledger-owner.ts'
import { readsKinesis } from '../../stages/stream-stages-of.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openInspector, openKafka } from '../open-kafka.ts'
import { sourceName } from '../source-name.ts'
import { topicsOfStream } from '../stream-topics.ts'
import { requireStandstill } from '../../ledger/standing-pipeline.ts'

/**
 * `tailrace delete <config>`: forgets a pipeline: its ledger and its group. What it wrote stays. The next start is a first
 * start again. May be repeated after it was interrupted, and works where the ledger is lost or broken.
 */
export function registerDelete(program: Command, { context, action }: CommandHost): void {
  program
    .command('delete')
    .description("delete a pipeline's ledger and group; its output topics stay")
    .argument('<config>', 'the pipeline file')
    .option('--yes', 'do not ask')
    .action(action((command) => run(command, context)))
}

async function run(command: Command, context: CommandContext): Promise<CommandResult> {
  const { signal, stderr } = context
  const config = await loadPipeline(command.args[0] ?? '', context)
  const { pipeline, ledger, groupId } = config
  await using kafka = openKafka(config, context)
  await requireStandstill(config, kafka, signal)
  const topic = (await kafka.topics([ledger.topic], signal)).get(ledger.topic)
  const remains = topic === undefined ? undefined : await readLedgerRemains(kafka, topic, signal)
  if (remains !== undefined) requireOwnLedger(remains, ledger.topic, pipeline)
  const ids = [...laneIds(config, topic?.partitions), ...functionIds(config, remains)]
  const used = [...(await kafka.describeTransactions(ids, signal)).keys()]
  if (!isJson(command)) {
    const what = topic === undefined ? `its ledger topic ${ledger.topic} is gone already` : `topic ${ledger.topic}`
    stderr.write(`Pipeline ${pipeline} forgets all positions (${what}, group ${groupId}).\n`)
    stderr.write(`A later start begins anew and repeats what ${sourceName(config)} still has.\n`)
    if (isFunctions(remains))
      stderr.write('A function moves it: disable its event source mappings first, or its next batch is such a start.\n')
  }
  const question = {
    text: 'This cannot be undone.',
    expected: pipeline,
    isGiven: command.opts<{ yes?: boolean }>().yes === true,
  }
  if (!(await confirm(context, question))) {
    stderr.write('nothing was deleted\n')
    return foundWrong
  }
  await fence(config, kafka, used, signal)
  await ignoring(
    'UNKNOWN_TOPIC_OR_PARTITION',
    topic === undefined ? undefined : kafka.deleteTopic(ledger.topic, signal),
  )
  await ignoring('GROUP_ID_NOT_FOUND', kafka.deleteGroup(groupId, signal))
  await requireUnused(kafka, used, isFunctions(remains), signal)
  const result = {
    pipeline,
    ledgerTopic: ledger.topic,
    group: groupId,
    transactionalIds: used,
    outputTopics: await leftTopics(config, remains, context),
  }
  writeResult(context, command, { json: result, text: render(result) })
  return succeeded
}

function laneIds({ pipeline, lanes }: PipelineConfig, partitions: number | undefined): readonly string[] {
  return Array.from({ length: partitions ?? lanes }, (_, lane) => transactionalIdOf(pipeline, lane))
}

/** A function writes each shard under an id of its own, and is in no group. */
function functionIds({ pipeline }: PipelineConfig, remains: LedgerRemains | undefined): readonly string[] {
  if (remains === undefined || !isFunctions(remains)) return []
  return remains.shards.map(({ streamArn, shardId }) => shardTransactionalIdOf(pipeline, streamArn, shardId))
}

/** Also while it is given over: then either side may still be there. */
function isFunctions(remains: LedgerRemains | undefined): boolean {
  return remains !== undefined && remains.way !== 'worker'
}

/** Those that the ledger named, and those of tables whose changes came out of a Kinesis stream. */
async function leftTopics(
  config: PipelineConfig,
  remains: LedgerRemains | undefined,
  context: CommandContext,
): Promise<readonly string[]> {
  const named = [...(remains?.outputTopics ?? [])].filter((topic) => topic !== '')
  const streams = remains?.streams ?? []
  if (!readsKinesis(config) || streams.length === 0) return named
  await using inspector = openInspector(config, context)
  const found: string[] = []
  for (const stream of streams) found.push(...(await topicsOfStream(config, stream, inspector, context.signal)))
  return [...new Set([...named, ...found])].toSorted()
}

/**
 * Before anything is deleted: ends what a dead worker left open, and puts each id back into the state of one that was
 * never used for a transaction. A first start tells by that state that nothing was lost (pipeline/admission.ts).
 */
async function fence(
  config: PipelineConfig,
  kafka: KafkaApi,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const timeoutMs = config.kafka.transactionTimeoutMs
  for (const transactionalId of ids) await kafka.initProducerId({ transactionalId, timeoutMs }, signal)
}

/** Whoever was cut off, or was never stopped, may have gone on: then the next start would find a lost ledger. */
async function requireUnused(
  kafka: KafkaApi,
  ids: readonly string[],
  isFunctions: boolean,
  signal: AbortSignal,
): Promise<void> {
  const states = await kafka.describeTransactions(ids, signal)
  const used = [...states].filter(([, { state }]) => state !== 'Empty').map(([id]) => id)
  if (used.length === 0) return
  throw new TailraceError(
    'PIPELINE_ACTIVE',
    `${isFunctions ? 'a function' : 'a worker'} has used ${used.join(', ')} while the pipeline was being deleted: ${
      isFunctions ? 'disable its mappings' : 'stop it'
    }, then delete again`,
  )
}

/** Awaits what may have happened already, by an earlier attempt. */
async function ignoring(errorName: string, work: Promise<void> | undefined): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof KafkaError && error.errorName === errorName)) throw error
  }
}

function render(result: {
  readonly pipeline: string
  readonly ledgerTopic: string
  readonly group: string
  readonly transactionalIds: readonly string[]
  readonly outputTopics: readonly string[]
}): string {
  const { transactionalIds, outputTopics } = result
  const ids = transactionalIds.length === 0 ? 'none' : transactionalIds.join(', ')
  return [
    `deleted pipeline ${result.pipeline}: topic ${result.ledgerTopic}, group ${result.group}`,
    `transactional ids that expire by themselves (transactional.id.expiration.ms, 7 days by default): ${ids}`,
    `output topics that stay: ${outputTopics.length === 0 ? 'none known' : outputTopics.join(', ')}`,
    '',
  ].join('\n')
}
