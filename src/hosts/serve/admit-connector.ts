import { withDeadline } from '../../async/clock.ts'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { checkConnector } from '../../config/configdef/check-connector.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import { asError } from '../../observe/logger.ts'
import type { Logger } from '../../observe/logger.ts'
import type { ConnectorEntry } from '../../service/service-state.ts'
import { isRefusal } from '../preflight/finding.ts'
import { runPreflight } from '../preflight/preflight.ts'
import { startFindings } from '../preflight/start-findings.ts'
import type { TakenTopics } from '../record-way.ts'
import { nextEpoch, epochOf, makeConfigId } from './config-id.ts'
import type { ConnectorConfigs, PipelineOutline } from './connector-configs.ts'

/** What new configurations are looked at with. */
export interface AdmissionParts {
  readonly configs: ConnectorConfigs
  readonly clock: Clock
  readonly rng: Rng
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  /** What the ledger of a pipeline says of its configuration; undefined before the first start. */
  readonly ledgerOf: (
    config: PipelineConfig,
    signal: AbortSignal,
  ) => Promise<{ readonly epoch: number; readonly fingerprint: string } | undefined>
  /** Topics that a connector of this name must leave alone. */
  readonly isTakenFor: (name: string) => TakenTopics
  /** Texts that no two calls give. */
  readonly unique: () => string
}

/** A configuration that may be kept. */
export interface AdmittedConfig {
  readonly configId: string
  readonly outline: PipelineOutline
}

/** How long AWS and Kafka are asked whether the pipeline can start. What is not known by then shows when it runs. Milliseconds. */
const worldMs = 10_000

/**
 * Looks at a configuration before it is kept. What is wrong with it, or what a start would be refused for (a table that does not exist), is
 * answered to who sent it, as Connect answers what its connectors find: nobody has to look for it in a status. A connector that is not to run
 * yet is looked at by itself only, so that it can be made before its tables are. Troubles that may pass do not count.
 *
 * Rejects as `checkConnector`, in Connect's words, with SECRET_UNAVAILABLE, or with the code of the first finding.
 */
export async function admitConfig(
  entry: Omit<ConnectorEntry, 'configId'>,
  before: ConnectorEntry | undefined,
  parts: AdmissionParts,
  signal: AbortSignal,
): Promise<AdmittedConfig> {
  const { configs, unique } = parts
  checkConnector(new Map(Object.entries(entry.config)), configs.surroundings)
  const candidate: ConnectorEntry = { ...entry, configId: `candidate ${unique()}` }
  const outline = configs.outline(candidate)
  if (outline === undefined) throw new TailraceError('CONFIG_INVALID', 'the configuration is no pipeline')
  const loaded = await configs.load(candidate, signal)
  const epoch = nextEpoch({
    fingerprint: outline.fingerprint,
    asked: loaded.epoch,
    before: before === undefined ? undefined : beforeOf(before, configs),
    ledger: await knownLedger(loaded, parts, signal),
  })
  if (entry.target === 'RUNNING') await requireWorld(entry.name, { ...loaded, epoch }, parts, signal)
  return { configId: makeConfigId(epoch, unique()), outline }
}

function beforeOf(
  before: ConnectorEntry,
  configs: ConnectorConfigs,
): { readonly epoch: number; readonly fingerprint: string | undefined } {
  return { epoch: epochOf(before.configId) ?? 0, fingerprint: configs.outline(before)?.fingerprint }
}

/** A ledger that cannot be looked into now says nothing: what contradicts it then shows when the pipeline runs. */
async function knownLedger(
  config: PipelineConfig,
  parts: AdmissionParts,
  signal: AbortSignal,
): ReturnType<AdmissionParts['ledgerOf']> {
  return inTime(parts, { what: `the ledger of pipeline ${config.pipeline}`, signal }, (scope) =>
    parts.ledgerOf(config, scope),
  )
}

/** Gives what `work` gives; undefined if that takes too long, or fails with what may pass. What is refused is thrown on. */
async function inTime<T>(
  { clock, logger }: AdmissionParts,
  { what, signal }: { readonly what: string; readonly signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const scope = new AbortController()
  const tooLong = (): Error => {
    const error = new Error(`no answer within ${worldMs / 1000} s`)
    scope.abort(error)
    return error
  }
  try {
    return await withDeadline(clock, worldMs, work(AbortSignal.any([signal, scope.signal])), tooLong)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof TailraceError && error.policy === 'refuse') throw error
    if (!(error instanceof TailraceError) && !scope.signal.aborted) throw error
    logger.warn(`${what} was not looked at`, { error: asError(error) })
    return undefined
  } finally {
    scope.abort(new Error('the look is over'))
  }
}

async function requireWorld(
  name: string,
  config: PipelineConfig,
  parts: AdmissionParts,
  signal: AbortSignal,
): Promise<void> {
  const { clock, rng, env } = parts
  const isTaken = parts.isTakenFor(name)
  const what = `what pipeline ${config.pipeline} needs of AWS and Kafka`
  const preflight = await inTime(parts, { what, signal }, (scope) =>
    runPreflight(config, { clock, rng, env, signal: scope, isTaken }),
  )
  if (preflight === undefined) return
  const [first, ...others] = startFindings(preflight).failures.filter(isRefusal)
  if (first?.code === undefined) return
  const more = others.map(({ check, detail }) => `\n${check}: ${detail}`).join('')
  throw new TailraceError(first.code, `${first.check}: ${first.detail}${more}`)
}
