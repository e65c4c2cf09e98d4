import type { Command } from 'commander'
import { Option } from 'commander'
import { configFingerprint } from '../../../config/config-fingerprint.ts'
import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import type { SourceConfig } from '../../../config/source-config.ts'
import { checkCode } from '../../preflight/code-checks.ts'
import { isRefusal, passed, warning } from '../../preflight/finding.ts'
import type { Finding } from '../../preflight/finding.ts'
import { checkLambda } from '../../preflight/lambda-checks.ts'
import { runPreflight } from '../../preflight/preflight.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { foundWrong, refused, succeeded } from '../command-context.ts'
import { isJson, writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { loadPipeline, loadPipelineOffline } from '../load-pipeline.ts'
import { redactedFinding, renderFailures } from '../render-findings.ts'
import { renderTable } from '../render.ts'

/**
 * `tailrace check <config>`: what would go wrong, before it does; writes nothing. The result is 2 if something must be
 * corrected before a start, 1 if only what may pass by itself (or can be granted) is in the way.
 */
export function registerCheck(program: Command, { context, action }: CommandHost): void {
  program
    .command('check')
    .description('check a pipeline before it runs: the file, AWS, Kafka')
    .argument('<config>', 'the pipeline file')
    .option('--offline', 'check the file alone, without AWS and Kafka')
    .addOption(
      new Option(
        '--lambda <function>',
        'check for this function (name or ARN) instead of a worker: how Lambda hands the changes over to it',
      ).conflicts('offline'),
    )
    .action(
      action(async (command) => {
        const options = command.opts<{ offline?: boolean; lambda?: string }>()
        const isOffline = options.offline === true
        const file = command.args[0] ?? ''
        const config = isOffline ? loadPipelineOffline(file, context) : await loadPipeline(file, context)
        if (!isOffline && !isJson(command)) context.stderr.write('asking AWS and Kafka …\n')
        const online = isOffline
          ? await checkCode(config, context.clock)
          : await checkOnline(config, options.lambda, context)
        return reportFindings([...checkFile(config), ...online], context, command)
      }),
    )
}

async function checkOnline(
  config: PipelineConfig,
  functionName: string | undefined,
  context: CommandContext,
): Promise<readonly Finding[]> {
  if (functionName === undefined) return (await runPreflight(config, context)).findings
  const { findings, tables } = await runPreflight(config, context, 'lambda')
  return [...findings, ...(await checkLambda(config, functionName, tables, context))]
}

function reportFindings(all: readonly Finding[], context: CommandContext, command: Command): CommandResult {
  const findings = all.map((finding) => redactedFinding(finding, context.redactor))
  const isOk = findings.every(({ status }) => status !== 'failed')
  const rows = findings.map(({ status, check, detail, code }) => [
    status,
    check,
    code === undefined ? detail : `[${code}] ${detail}`,
  ])
  const table = renderTable([{ title: 'STATUS' }, { title: 'CHECK' }, { title: 'DETAIL' }], rows)
  writeResult(context, command, { json: { ok: isOk, findings }, text: `${table}${renderFailures(findings)}` })
  if (isOk) return succeeded
  return findings.some(isRefusal) ? refused : foundWrong
}

function checkFile(config: PipelineConfig): readonly Finding[] {
  const { source, topic, kafka } = config
  const security = `${kafka.tls === undefined ? 'no TLS' : 'TLS'}, ${kafka.sasl?.mechanism ?? 'no SASL'}`
  return [
    passed('file', `pipeline ${config.pipeline}, epoch ${config.epoch}, ${config.lanes} lanes, ${config.delivery}`),
    passed('source', `${source.region}: ${sourceWords(source)}`),
    passed('topics', topic.name.replaceAll('{prefix}', topic.prefix)),
    passed('kafka', `${kafka.brokers.join(', ')} (${security})`),
    passed('fingerprint', configFingerprint(config)),
    ...config.notes.map((note) => warning('note', note)),
  ]
}

function sourceWords(source: SourceConfig): string {
  if (source.type === 'dynamodb-streams') return source.tables.join(', ')
  const held = source.records === 'raw' ? 'raw records' : source.tables.join(', ')
  return `${held} of Kinesis stream ${source.stream}`
}
