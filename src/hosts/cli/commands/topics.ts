import type { Command } from 'commander'
import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import { TailraceError } from '../../../errors.ts'
import type { KafkaApi, TopicInfo } from '../../../kafka/kafka.ts'
import type { LaneState } from '../../../lanes/lane-state.ts'
import { acceptTopic, isSameTopic, topicsOfLedger } from '../../../lanes/topic-pins.ts'
import { acceptOwnTopic } from '../../../lanes/own-topic-change.ts'
import type { AddressedEntry } from '../../../lanes/ledger-entry.ts'
import { isOver } from '../../../pipeline/snapshot/snapshot-mode.ts'
import { foundWrong, succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { isJson, writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { confirm } from '../confirm.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openKafka } from '../open-kafka.ts'
import { readPipelineLedger } from '../../ledger/pipeline-ledger.ts'
import type { PipelineLedger } from '../../ledger/pipeline-ledger.ts'
import { renderTable } from '../render.ts'
import { changeLedger, requireStandstill } from '../../ledger/standing-pipeline.ts'

/** `tailrace topics show|accept <config>`: topics as records were sent to them, and as they are now. */
export function registerTopics(program: Command, { context, action }: CommandHost): void {
  const topics = program.command('topics').description('show the topics that were written to, or accept a changed one')
  topics
    .command('show')
    .description('show each topic that records were sent to, as it was then and as it is now')
    .argument('<config>', 'the pipeline file')
    .action(action((command) => show(command, context)))
  topics
    .command('accept')
    .description('take a topic as it is now: with other partitions, or made anew')
    .argument('<config>', 'the pipeline file')
    .requiredOption('--topic <name>', 'the topic')
    .option('--yes', 'do not ask')
    .action(action((command) => accept(command, context)))
}

/** A topic of one table: by its id and its partitions then. `table` is a name, or the ARN of a table that is not known. */
interface KnownTopic {
  readonly topic: string
  readonly table: string
  readonly partitions: number
  readonly topicId: string | undefined
}

/** The tables' own and all others, by name. */
function knownTopics({ tables, lanes }: PipelineLedger): readonly KnownTopic[] {
  const names = new Map(tables.map(({ table }) => [table.arn, table.name]))
  const own = tables
    .filter(({ topic }) => topic !== '')
    .map(({ topic, table, topicPartitions: partitions, topicId }) => ({
      topic,
      table: table.name,
      partitions,
      topicId,
    }))
  const others = topicsOfLedger(lanes).map(({ topic, tableArn, partitions, topicId }) => {
    return { topic, table: names.get(tableArn) ?? tableArn, partitions, topicId }
  })
  return [...own, ...others].toSorted((a, b) => (`${a.topic} ${a.table}` < `${b.topic} ${b.table}` ? -1 : 1))
}

type TopicState = 'same' | 'partitions-changed' | 'made-anew' | 'gone'

function stateOf(known: KnownTopic, now: TopicInfo | undefined): TopicState {
  if (now === undefined) return 'gone'
  const { id: topicId, partitions } = now
  if (isSameTopic(known, { topicId, partitions })) return 'same'
  return known.topicId === undefined || known.topicId === topicId ? 'partitions-changed' : 'made-anew'
}

async function show(command: Command, context: CommandContext): Promise<CommandResult> {
  const config = await loadPipeline(command.args[0] ?? '', context)
  await using kafka = openKafka(config, context)
  const known = knownTopics(await readPipelineLedger(config, kafka, context.signal))
  const present = await kafka.topics([...new Set(known.map(({ topic }) => topic))], context.signal)
  const topics = known.map((one) => {
    const now = present.get(one.topic)
    return { ...one, topicId: one.topicId ?? null, partitionsNow: now?.partitions ?? null, state: stateOf(one, now) }
  })
  const columns = ['TOPIC', 'TABLE', 'PARTITIONS', 'NOW', 'STATE'].map((title) => ({ title }))
  const rows = topics.map(({ topic, table, partitions, partitionsNow, state }) => {
    return [topic, table, String(partitions), partitionsNow === null ? '-' : String(partitionsNow), state]
  })
  writeResult(context, command, { json: { topics }, text: renderTable(columns, rows) })
  return topics.every(({ state }) => state === 'same') ? succeeded : foundWrong
}

async function accept(command: Command, context: CommandContext): Promise<CommandResult> {
  const { topic, yes } = command.opts<{ readonly topic: string; readonly yes?: boolean }>()
  const { signal } = context
  const config = await loadPipeline(command.args[0] ?? '', context)
  await using kafka = openKafka(config, context)
  const ledger = await readPipelineLedger(config, kafka, signal)
  const known = knownTopics(ledger).filter((one) => one.topic === topic)
  if (known.length === 0) throw new TailraceError('USAGE', `the pipeline has sent no records to topic ${topic}`)
  await requireStandstill(config, kafka, signal)
  const now = await topicNow(kafka, topic, signal)
  refuseSnapshots(ledger, topic)
  const changed = known.filter((one) => stateOf(one, now) !== 'same')
  if (changed.length === 0) {
    writeResult(context, command, { json: { topic, tables: [] }, text: `topic ${topic} is as it was\n` })
    return succeeded
  }
  if (!isJson(command)) for (const one of changed) context.stderr.write(`${meaningOf(one, now)}\n`)
  if (!(await confirm(context, { text: 'Accept it?', expected: 'yes', isGiven: yes === true }))) {
    context.stderr.write('nothing was changed\n')
    return foundWrong
  }
  await write({ config, kafka, context, lanes: ledger.lanes.length }, now)
  const tables = changed.map(({ table }) => table)
  const json = { topic, partitions: now.partitions, topicId: now.id, tables }
  writeResult(context, command, { json, text: `topic ${topic} is accepted with ${now.partitions} partitions\n` })
  return succeeded
}

async function topicNow(kafka: KafkaApi, topic: string, signal: AbortSignal): Promise<TopicInfo> {
  const now = (await kafka.topics([topic], signal)).get(topic)
  if (now === undefined) throw new TailraceError('TOPIC_MISSING', `topic ${topic} does not exist: create it first`)
  return now
}

/** What a snapshot that regains has noted of the topic, and will read of it, is said by its partitions. */
function refuseSnapshots({ tables }: Pick<PipelineLedger, 'tables'>, topic: string): void {
  for (const { topic: own, table, snapshot } of tables) {
    if (own !== topic || snapshot === undefined || isOver(snapshot)) continue
    const text = `a snapshot of table ${table.name} is ${snapshot.state}: let it end, or stop it (tailrace snapshot stop)`
    throw new TailraceError('USAGE', text)
  }
}

async function write(
  parts: {
    readonly config: PipelineConfig
    readonly kafka: KafkaApi
    readonly context: CommandContext
    readonly lanes: number
  },
  { name: topic, id: topicId, partitions }: TopicInfo,
): Promise<void> {
  const now = { topic, topicId, partitions }
  await changeLedger(parts, (lanes: readonly LaneState[]): { readonly entries: readonly AddressedEntry[] } => {
    refuseSnapshots({ tables: [...(lanes[0]?.tables.values() ?? [])] }, topic)
    return { entries: [...acceptOwnTopic(lanes, now), ...acceptTopic(lanes, now)] }
  })
}

function meaningOf(known: KnownTopic, now: TopicInfo): string {
  const of = `Topic ${known.topic}, records of ${known.table}`
  if (stateOf(known, now) === 'made-anew')
    return `${of}: it was made anew. What was delivered to the old one is not delivered again.`
  return `${of}: ${known.partitions} partitions become ${now.partitions}. From here on items may be in another partition than before: whoever has not read what is there may see newer records first.`
}
