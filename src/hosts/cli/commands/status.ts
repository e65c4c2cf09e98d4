import type { Command } from 'commander'
import { counted } from '../../counted.ts'
import { succeeded } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { durationText } from '../duration-text.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openInspector, openKafka } from '../open-kafka.ts'
import { readPipelineLedger } from '../../ledger/pipeline-ledger.ts'
import { whySkipped } from '../../ledger/table-state.ts'
import { statusOf } from '../pipeline-status.ts'
import type { PipelineStatus } from '../pipeline-status.ts'
import { moreSkippedLine, renderPairs, renderTable } from '../render.ts'

/** `tailrace status <config>`: what the ledger and the group say of a pipeline. Needs Kafka, and nothing of AWS. */
export function registerStatus(program: Command, { context, action }: CommandHost): void {
  program
    .command('status')
    .description('show workers, tables and how far they are')
    .argument('<config>', 'the pipeline file')
    .action(
      action(async (command) => {
        const config = await loadPipeline(command.args[0] ?? '', context)
        await using kafka = openKafka(config, context)
        await using inspector = openInspector(config, context)
        const ledger = await readPipelineLedger(config, kafka, context.signal)
        const group = await inspector.group(config.groupId, config.ledger.topic, context.signal)
        const status = statusOf(ledger, group, context.clock.now())
        writeResult(context, command, { json: status, text: render(status) })
        return succeeded
      }),
    )
}

const wayWords: Readonly<Record<PipelineStatus['way'], string>> = {
  worker: 'workers',
  lambda: 'a Lambda function',
  nobody: 'nobody until `tailrace switch` has ended',
}

function statusCell({ status, code, target }: PipelineStatus['tables'][number]): string {
  if (code !== null) return `${status} (${code})`
  return target === 'RUNNING' || status === 'retired' ? status : `${status}, ${target.toLowerCase()}`
}

const skippedColumns = ['SKIPPED TABLE', 'WHY'].map((title) => ({ title }))

function skippedCells(table: PipelineStatus['skipped'][number]): readonly string[] {
  return [table.name, whySkipped(table)]
}

function render(status: PipelineStatus): string {
  const { group, tables, skipped, moreSkipped } = status
  const head = renderPairs([
    ['pipeline', status.pipeline],
    ['epoch', String(status.epoch)],
    ['lanes', String(status.lanes)],
    ['cluster', status.clusterId],
    ['moved by', wayWords[status.way]],
    ['group', `${group.state}, ${counted(group.members.length, 'worker')}`],
  ])
  const workers = renderTable(
    [{ title: 'WORKER' }, { title: 'HOST' }, { title: 'LANES' }],
    group.members.map(({ memberId, host, partitions }) => [memberId, host, partitions.join(', ')]),
  )
  const rows = tables.map((row) => [
    row.table,
    statusCell(row),
    row.topic ?? '(of each table)',
    String(row.shards.open),
    String(row.shards.waiting),
    String(row.shards.end),
    row.newestChangeAgeMs === null ? 'none yet' : `${durationText(row.newestChangeAgeMs)} ago`,
    row.headroomMs === null ? 'unknown' : `≥ ${durationText(row.headroomMs)}`,
  ])
  const columns = ['TABLE', 'STATUS', 'TOPIC', 'OPEN', 'WAITING', 'ENDED', 'NEWEST CHANGE', 'HEADROOM'].map(
    (title) => ({
      title,
      isNumeric: ['OPEN', 'WAITING', 'ENDED'].includes(title),
    }),
  )
  const reasons = tables
    .filter(({ reason }) => reason !== null)
    .map(({ table, reason }) => `${table}: ${reason ?? ''}\n`)
  return [
    head,
    ...(group.members.length > 0 ? [`\n${workers}`] : []),
    tables.length > 0 ? `\n${renderTable(columns, rows)}` : '\nno tables yet\n',
    ...(reasons.length > 0 ? [`\n${reasons.join('')}`] : []),
    ...(skipped.length > 0 ? [`\n${renderTable(skippedColumns, skipped.map(skippedCells))}`] : []),
    ...moreSkippedLine(moreSkipped),
  ].join('')
}
