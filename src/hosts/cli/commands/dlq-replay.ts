import type { Command } from 'commander'
import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import { TailraceError } from '../../../errors.ts'
import { topicsOfLedger } from '../../../lanes/topic-pins.ts'
import { presentWay, requireWay } from '../../../lanes/way.ts'
import type { StoredLetter } from '../../../rejection/stored-letter.ts'
import { createItemReader } from '../../../sources/table-items/item-reader.ts'
import { counted } from '../../counted.ts'
import { idOf, letterRow } from '../../dead-letters/letter-groups.ts'
import type { LetterRow } from '../../dead-letters/letter-groups.ts'
import type { ReplayOutcome } from '../../dead-letters/replay-letters.ts'
import { runReplay } from '../../dead-letters/run-replay.ts'
import { openClaimCheckStore } from '../../claim-checks-of.ts'
import { readsKinesis } from '../../stages/stream-stages-of.ts'
import { openSource } from '../../source-of.ts'
import { foundWrong, succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { confirm } from '../confirm.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openInspector, openKafka } from '../open-kafka.ts'
import { readPipelineLedger } from '../../ledger/pipeline-ledger.ts'
import { renderTable } from '../render.ts'
import { requireStandstill } from '../../ledger/standing-pipeline.ts'

interface ReplayFlags {
  readonly table?: string
  readonly code?: string
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** Adds `tailrace dlq replay`. */
export function registerReplay(dlq: Command, { context, action }: CommandHost): void {
  dlq
    .command('replay')
    .description('deliver open dead letters by the present configuration; the pipeline must stand still')
    .argument('<config>', 'the pipeline file')
    .argument('[ids...]', 'only these letters: <partition>/<offset>')
    .option('--table <name>', 'only letters of this table')
    .option('--code <code>', 'only letters with this error code')
    .option('--dry-run', 'only tell what would become of them')
    .option('--force', 'also write what is older than what the topic has')
    .option('--yes', 'with --force: do not ask')
    .action(action((command) => replay(command, context)))
}

async function replay(command: Command, context: CommandContext): Promise<CommandResult> {
  const flags = command.opts<ReplayFlags>()
  const [path = '', ...ids] = command.args
  const config = await loadPipeline(path, context)
  await using kafka = openKafka(config, context)
  await using inspector = openInspector(config, context)
  const { signal, clock, rng, env } = context
  const needsAws = config.changes.reselects || config.oversize.claimChecks !== undefined || readsKinesis(config)
  const giveUpOn = ['AWS_CREDENTIALS', 'AWS_UNREACHABLE'] as const
  await using owned = needsAws ? openSource(config.source, { clock, rng, env, giveUpOn }) : undefined
  await using claimChecks =
    owned === undefined ? undefined : await openClaimCheckStore(config, owned, { clock, rng, env })
  const ledger = await readPipelineLedger(config, kafka, signal)
  const isDry = flags.dryRun === true
  const isForced = flags.force === true
  const requireTurn = async (): Promise<void> =>
    requireWay(presentWay((await readPipelineLedger(config, kafka, signal)).lanes), 'worker', config.pipeline)
  if (!isDry) {
    await requireStandstill(config, kafka, signal)
    await requireTurn()
  }
  const question = 'Older states may come behind newer ones. Write them?'
  if (
    isForced &&
    !isDry &&
    !(await confirm(context, { text: question, expected: 'yes', isGiven: flags.yes === true }))
  ) {
    context.stderr.write('nothing was written\n')
    return foundWrong
  }
  const outcomes: ReplayOutcome[] = []
  const onOutcome = (outcome: ReplayOutcome): void => void outcomes.push(outcome)
  await runReplay(
    {
      config,
      kafka,
      inspector,
      clock,
      rng,
      env,
      items: owned === undefined ? undefined : createItemReader({ api: owned.api, clock, rng }),
      describeKeys: owned?.describeKeys,
      claimChecks,
      ledgerId: ledger.identity.topicId,
      tables: ledger.tables,
      topics: topicsOfLedger(ledger.lanes),
      lanes: ledger.lanes.length,
      requireStandstill: () => requireStandstill(config, kafka, signal),
      requireTurn,
      choose: (letters) => chosen(letters, ids, flags),
    },
    { isForced, isDry, onOutcome },
    signal,
  )
  report(command, context, { outcomes, config, isDry })
  return outcomes.every(({ kind }) => kind === 'written' || kind === 'dropped') ? succeeded : foundWrong
}

function chosen(
  letters: readonly StoredLetter[],
  ids: readonly string[],
  { table, code }: ReplayFlags,
): readonly StoredLetter[] {
  const open = letters.filter(({ replayed }) => replayed === undefined)
  const known = new Set(open.map(idOf))
  const unknown = ids.find((id) => !known.has(id))
  if (unknown !== undefined) {
    throw new TailraceError('USAGE', `there is no open dead letter ${unknown}; tailrace dlq ls --each shows them`)
  }
  const wanted = new Set(ids)
  return open.filter(
    (letter) =>
      (ids.length === 0 || wanted.has(idOf(letter))) &&
      (table === undefined || letter.table === table) &&
      (code === undefined || letter.code === code),
  )
}

function report(
  command: Command,
  context: CommandContext,
  { outcomes, config, isDry }: { outcomes: readonly ReplayOutcome[]; config: PipelineConfig; isDry: boolean },
): void {
  const count = (kind: ReplayOutcome['kind']): number => outcomes.filter((one) => one.kind === kind).length
  const counts = {
    written: count('written'),
    dropped: count('dropped'),
    superseded: count('superseded'),
    failed: count('failed'),
    lost: count('lost'),
  }
  const left = outcomes.filter(({ kind }) => kind !== 'written' && kind !== 'dropped')
  const { topic } = config.errors.deadLetters
  const would = isDry ? 'would be ' : ''
  const summary = Object.entries(counts)
    .filter(([kind, letters]) => letters > 0 || kind === 'written')
    .map(([kind, letters]) => `${letters} ${would}${kind}`)
    .join(', ')
  writeResult(context, command, {
    json: { topic, dryRun: isDry, ...counts, letters: outcomes.map(outcomeJson) },
    text: `${left.length === 0 ? '' : renderOutcomes(left)}${counted(outcomes.length, 'dead letter')}: ${summary}\n`,
  })
}

function outcomeJson({ letter, kind, records, code, reason }: ReplayOutcome): LetterRow & Record<string, unknown> {
  return { ...letterRow(letter), outcome: kind, records, refusal: code ?? null, reason: reason ?? null }
}

function renderOutcomes(outcomes: readonly ReplayOutcome[]): string {
  const columns = ['ID', 'TABLE', 'OUTCOME', 'CODE', 'REASON'].map((title) => ({ title }))
  return renderTable(
    columns,
    outcomes.map(({ letter, kind, code, reason }) => [idOf(letter), letter.table, kind, code ?? '', reason ?? '']),
  )
}
