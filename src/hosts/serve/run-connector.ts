import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { SharedBudget } from '../../async/shared-budget.ts'
import type { CredentialsLoader } from '../../aws/credentials.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import type { LogLevels } from '../../observe/log-levels.ts'
import type { Logger } from '../../observe/logger.ts'
import type { PipelineEvent } from '../../pipeline/pipeline-event.ts'
import type { RunConnector } from '../../service/pipeline-runs.ts'
import type { TargetState } from '../../service/service-state.ts'
import { runOnePipeline } from '../one-pipeline.ts'
import { runPreflight } from '../preflight/preflight.ts'
import { startFindings } from '../preflight/start-findings.ts'
import type { TakenTopics } from '../record-way.ts'
import type { ConnectorConfigs } from './connector-configs.ts'
import type { PipelineMonitors } from './pipeline-monitors.ts'
import { connectorLogger } from './service-loggers.ts'

/** What runs of connectors are made of. */
export interface RunConnectorParts {
  readonly configs: ConnectorConfigs
  readonly monitors: PipelineMonitors
  readonly budget: SharedBudget
  readonly levels: LogLevels
  /** True if the pipeline has a ledger, so that it has run before. */
  readonly hasLedger: (config: PipelineConfig, signal: AbortSignal) => Promise<boolean>
  /** Topics that a connector of this name must leave alone. */
  readonly isTakenFor: (name: string) => TakenTopics
  /** What is wanted of a connector now; undefined if it is gone. */
  readonly targetOf: (name: string) => TargetState | undefined
  readonly clock: Clock
  readonly rng: Rng
  readonly env: Readonly<Record<string, string | undefined>>
  readonly credentials?: CredentialsLoader | undefined
  readonly version: string
}

/** Runs pipelines of connectors in this process, each with a share of its memory. */
export function createRunConnector(parts: RunConnectorParts): RunConnector {
  const { configs, monitors, budget, levels, env, credentials, version } = parts
  return async ({ name, ...entry }, signal) => {
    // Whoever fails here is shown, too: its monitor is there since it was reported.
    const config = await configs.load(entry, signal)
    const logger = levels.logger(connectorLogger(name))
    using share = budget.join(config.memoryMaxBytes)
    const monitor = monitors.begin(name, config, share)
    signal.addEventListener('abort', () => {
      const target = parts.targetOf(name)
      if (target === 'PAUSED' || target === 'STOPPED') monitor.setState(target === 'PAUSED' ? 'paused' : 'stopped')
    })
    const isTaken = parts.isTakenFor(name)
    if (!(await parts.hasLedger(config, signal))) await requireFirstStart(config, { ...parts, logger, isTaken }, signal)
    // A pipeline that only loads ends by itself.
    const loaded = new AbortController()
    const onEvent = ({ kind }: PipelineEvent): void => {
      if (kind === 'all-loaded') loaded.abort(new Error('all tables are loaded'))
    }
    const run = { config, version, env, logger, budget: share, monitor, credentials, isTaken, onEvent }
    await runOnePipeline(run, AbortSignal.any([signal, loaded.signal]))
  }
}

interface FirstStartParts extends Pick<RunConnectorParts, 'clock' | 'rng' | 'env'> {
  readonly logger: Logger
  readonly isTaken: TakenTopics
}

/**
 * What a first start needs of AWS and Kafka. Later starts go on with what they can, as `tailrace run` does, and are not held up by questions:
 * a process takes over from one that died.
 */
async function requireFirstStart(
  config: PipelineConfig,
  { clock, rng, env, logger, isTaken }: FirstStartParts,
  signal: AbortSignal,
): Promise<void> {
  const { failures, remarks } = startFindings(await runPreflight(config, { clock, rng, env, signal, isTaken }))
  for (const { check, detail, code } of remarks) logger.warn(`${check}: ${detail}`, { code })
  const [first, ...others] = failures
  if (first === undefined) return
  const more = others.map(({ check, detail }) => `\n${check}: ${detail}`).join('')
  throw new TailraceError(first.code ?? 'INTERNAL', `${first.check}: ${first.detail}${more}`)
}
