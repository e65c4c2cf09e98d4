import type { Command } from 'commander'
import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import { createLogger } from '../../../observe/create-logger.ts'
import type { Logger } from '../../../observe/logger.ts'
import { packageVersion } from '../../package-version.ts'
import type { Finding } from '../../preflight/finding.ts'
import type { PipelineEvent } from '../../../pipeline/pipeline-event.ts'
import { runPreflight } from '../../preflight/preflight.ts'
import { startFindings } from '../../preflight/start-findings.ts'
import { runWorkerProcess } from '../../worker-process.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { refused, succeeded } from '../command-context.ts'
import { isJson } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { redactedFinding, renderFailures } from '../render-findings.ts'

/**
 * `tailrace run <config>`: one worker, until it is stopped. What is wrong at the first contact with AWS and Kafka ends it
 * at once (exit code 2), before it has joined the group; later the same troubles are waited out.
 */
export function registerRun(program: Command, { context, action }: CommandHost): void {
  program
    .command('run')
    .description('run a pipeline: one worker; start more of them to share the work')
    .argument('<config>', 'the pipeline file')
    .option('--no-check', 'start without asking AWS and Kafka first whether all is well')
    .action(
      action(async (command) => {
        const config = await loadPipeline(command.args[0] ?? '', context)
        const logger = openLogger(config, context)
        if (command.opts<{ check: boolean }>().check) {
          const failures = await failuresAtStart(config, logger, context)
          if (failures.length > 0) return refuse(failures, context, command)
        }
        // A pipeline that only loads ends by itself.
        const loaded = new AbortController()
        const onEvent = ({ kind }: PipelineEvent): void => {
          if (kind === 'all-loaded') loaded.abort(new Error('all tables are loaded'))
        }
        const worker = { config, version: packageVersion(), env: context.env, logger, onEvent }
        await runWorkerProcess(worker, AbortSignal.any([context.signal, loaded.signal]))
        return succeeded
      }),
    )
}

function openLogger(config: PipelineConfig, context: CommandContext): Logger {
  const { stderr, clock, redactor, env } = context
  const isTerminal = 'isTTY' in stderr && stderr.isTTY === true
  const { level, format } = config.log
  return createLogger({
    level,
    format: format === 'auto' ? (isTerminal ? 'pretty' : 'json') : format,
    isColored: isTerminal && (env['NO_COLOR'] ?? '') === '',
    destination: stderr,
    now: () => clock.now(),
    redactor,
  })
}

/** What must not be started with; what is worth reading goes to the log. */
async function failuresAtStart(
  config: PipelineConfig,
  logger: Logger,
  context: CommandContext,
): Promise<readonly Finding[]> {
  const { failures, remarks } = startFindings(await runPreflight(config, context))
  for (const { check, detail, code } of remarks) logger.warn(`${check}: ${detail}`, { code })
  return failures
}

/** As errors are shown, all of them; in JSON the first one stands where every command has its error. */
function refuse(failures: readonly Finding[], context: CommandContext, command: Command): CommandResult {
  const findings = failures.map((finding) => redactedFinding(finding, context.redactor))
  const [first] = findings
  if (isJson(command)) {
    const error = { code: first?.code, message: first?.detail, remedy: first?.remedy, details: {}, causes: [] }
    context.stdout.write(`${JSON.stringify({ error, findings })}\n`)
  } else {
    context.stderr.write(`tailrace: not started\n${renderFailures(findings)}`)
  }
  return refused
}
