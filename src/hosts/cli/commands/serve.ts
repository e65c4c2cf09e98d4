import { resolve } from 'node:path'
import type { Command } from 'commander'
import { readServiceConfig } from '../../../config/service/read-service-config.ts'
import type { ServiceConfig } from '../../../config/service/service-config.ts'
import { createLogger } from '../../../observe/create-logger.ts'
import { createLogLevels } from '../../../observe/log-levels.ts'
import type { LevelWord, LogLevels } from '../../../observe/log-levels.ts'
import { configInput, readPipelineText } from '../../config-file.ts'
import { packageVersion } from '../../package-version.ts'
import { runServiceProcess } from '../../serve/service-process.ts'
import { succeeded } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'

/** `tailrace serve <worker>`: one process of a service that is managed as a cluster of Kafka Connect is, until it is stopped. */
export function registerServe(program: Command, { context, action }: CommandHost): void {
  program
    .command('serve')
    .description("run pipelines that are managed over Kafka Connect's REST API; start more processes to share the work")
    .argument('<worker>', "the service's properties: a file as for connect-distributed, or the same names in YAML")
    .action(
      action(async (command) => {
        const config = loadService(resolve(context.cwd, command.args[0] ?? ''), context)
        const onReady = ({ urls }: { readonly urls: readonly string[] }): void =>
          writeResult(context, command, {
            json: { ready: true, group: config.group, urls },
            text: `tailrace serves ${config.group} at ${urls.join(', ')}`,
          })
        const { env, redactor } = context
        const levels = openLevels(config, context)
        await runServiceProcess({ config, version: packageVersion(), env, levels, redactor, onReady }, context.signal)
        return succeeded
      }),
    )
}

function loadService(path: string, { env, redactor }: CommandContext): ServiceConfig {
  const config = readServiceConfig(configInput({ text: readPipelineText(path), path, env }))
  for (const secret of config.secrets) redactor.add(secret.reveal())
  return config
}

const words: Readonly<Record<ServiceConfig['log']['level'], LevelWord>> = {
  trace: 'TRACE',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
  silent: 'OFF',
}

/** Levels are changed while the service runs, so the log below them lets everything through. */
function openLevels({ log }: ServiceConfig, { stderr, clock, redactor, env }: CommandContext): LogLevels {
  const isTerminal = 'isTTY' in stderr && stderr.isTTY === true
  const base = createLogger({
    level: 'trace',
    format: log.format === 'auto' ? (isTerminal ? 'pretty' : 'json') : log.format,
    isColored: isTerminal && (env['NO_COLOR'] ?? '') === '',
    destination: stderr,
    now: () => clock.now(),
    redactor,
  })
  return createLogLevels({ base, level: words[log.level], now: () => clock.now() })
}
