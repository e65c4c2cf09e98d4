import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { untilAborted } from '../../async/until-aborted.ts'
import { configFingerprint } from '../../config/config-fingerprint.ts'
import { checkConnector } from '../../config/configdef/check-connector.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import { asError } from '../../observe/logger.ts'
import type { Logger } from '../../observe/logger.ts'
import type { ConnectorEntry } from '../../service/service-state.ts'
import { isRefusal } from '../preflight/finding.ts'
import { runPreflight } from '../preflight/preflight.ts'
import type { Preflight } from '../preflight/preflight.ts'
import { startFindings } from '../preflight/start-findings.ts'
import type { AdmissionTime } from './admission-time.ts'
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
  /**
   * What the ledger of a pipeline says of its configuration; undefined before the first start. Rejects with SERVICE_CHANGING if there is a ledger that
   * cannot be read now, or before the signal aborts.
   */
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

/** How long a look may take, and what ends it. */
export interface Look {
  readonly time: AdmissionTime
  readonly signal: AbortSignal
}

/**
 * Looks at a configuration before it is kept. What is wrong with it, or what a start would be refused for (a table that does not exist), is
 * answered to who sent it, as Connect answers what its connectors find: nobody has to look for it in a status. A connector that is not to run
 * yet is looked at by itself only, so that it can be made before its tables are. Troubles that may pass do not count, and neither does what is not known
 * in time.
 *
 * Rejects as `checkConnector`, in Connect's words, with SECRET_UNAVAILABLE, with the code of the first finding, or with SERVICE_CHANGING if
 * there is a ledger that cannot be read in time: it decides about the epoch.
 */
export async function admitConfig(
  entry: Omit<ConnectorEntry, 'configId'>,
  before: ConnectorEntry | undefined,
  parts: AdmissionParts,
  look: Look,
): Promise<AdmittedConfig> {
  const { configs, unique } = parts
  checkConnector(new Map(Object.entries(entry.config)), configs.surroundings)
  const candidate: ConnectorEntry = { ...entry, configId: `candidate ${unique()}` }
  const outline = configs.outline(candidate)
  if (outline === undefined) throw new TailraceError('CONFIG_INVALID', 'the configuration is no pipeline')
  const loaded = await loadedInTime(candidate, parts, look)
  const isAsked = entry.target === 'RUNNING' && loaded !== undefined
  const [ledger, preflight] = await Promise.all([
    knownLedger({ loaded, outline }, parts, look),
    isAsked ? lookAtWorld({ name: entry.name, config: loaded }, parts, look) : undefined,
  ])
  // Where the ledger says nothing, the pipeline may have run before.
  const hasRunBefore = ledger === undefined || ledger.identity !== undefined
  if (preflight !== undefined) refuseWorld({ ...preflight, hasRunBefore: preflight.hasRunBefore || hasRunBefore })
  const epoch = nextEpoch({
    fingerprint: outline.fingerprint,
    asked: outline.config.epoch,
    before: before === undefined ? undefined : beforeOf(before, configs),
    ledger: ledger?.identity,
  })
  return { configId: makeConfigId(epoch, unique()), outline }
}

/**
 * The same configuration under a newer epoch, where the ledger of its pipeline has gone past it: somebody has run the pipeline elsewhere
 * meanwhile, and every process of the service would be refused. Undefined where it can go on as it is, or where nobody knows. Rejects with
 * SERVICE_CHANGING as `admitConfig`.
 */
export async function renewConfig(
  entry: ConnectorEntry,
  parts: AdmissionParts,
  look: Look,
): Promise<AdmittedConfig | undefined> {
  const outline = parts.configs.outline(entry)
  if (outline === undefined) return undefined
  const loaded = await loadedInTime(entry, parts, look, 'whatever it is')
  const { identity } = (await knownLedger({ loaded, outline }, parts, look)) ?? {}
  if (identity === undefined) return undefined
  const asked = epochOf(entry.configId) ?? outline.config.epoch
  // Secrets may be part of what workers agree on: without them only a newer epoch is certain.
  const fingerprint = loaded === undefined ? identity.fingerprint : configFingerprint(loaded)
  const epoch = nextEpoch({ fingerprint, asked, before: undefined, ledger: identity })
  return epoch === asked ? undefined : { configId: makeConfigId(epoch, parts.unique()), outline }
}

function beforeOf(
  before: ConnectorEntry,
  configs: ConnectorConfigs,
): { readonly epoch: number; readonly fingerprint: string | undefined } {
  return { epoch: epochOf(before.configId) ?? 0, fingerprint: configs.outline(before)?.fingerprint }
}

/** Undefined if secrets cannot be fetched for what may pass, or do not come in time: the connector shows it when it runs. */
function loadedInTime(
  entry: ConnectorEntry,
  parts: AdmissionParts,
  { time, signal }: Look,
  passing: Passing = 'what may pass',
): Promise<PipelineConfig | undefined> {
  const limit = time.secrets()
  return inTime(parts, { what: `the secrets of connector ${entry.name}`, limit, signal, passing }, (scope) =>
    parts.configs.load(entry, scope),
  )
}

/** Undefined if nobody knows whether there is a ledger; without `identity` the pipeline has not run. */
function knownLedger(
  { loaded, outline }: { readonly loaded: PipelineConfig | undefined; readonly outline: PipelineOutline },
  parts: AdmissionParts,
  { time, signal }: Look,
): Promise<{ readonly identity: Awaited<ReturnType<AdmissionParts['ledgerOf']>> } | undefined> {
  const config = loaded ?? outline.config
  const what = `the ledger of pipeline ${config.pipeline}`
  // Without its secrets a cluster may refuse what it would let in.
  const passing = loaded === undefined ? 'whatever it is' : 'what may pass'
  return inTime(parts, { what, limit: time.over, questions: time.questions, signal, passing }, async () => ({
    identity: await parts.ledgerOf(config, AbortSignal.any([signal, time.questions])),
  }))
}

/** What an epoch is compared with passes for any ledger: the one that it gets is chosen so. */
function lookAtWorld(
  { name, config }: { readonly name: string; readonly config: PipelineConfig },
  parts: AdmissionParts,
  { time, signal }: Look,
): Promise<Preflight | undefined> {
  const { clock, rng, env } = parts
  const what = `what pipeline ${config.pipeline} needs of AWS and Kafka`
  const asked = { ...config, epoch: Number.MAX_SAFE_INTEGER }
  return inTime(
    parts,
    { what, limit: time.over, questions: time.questions, signal, passing: 'what may pass' },
    (scope) =>
      runPreflight(asked, {
        clock,
        rng,
        env,
        signal: scope,
        deadline: time.questions,
        isTaken: parts.isTakenFor(name),
      }),
  )
}

/** Which documented failures of a look are put down in the log, and count for nothing. */
type Passing = 'what may pass' | 'whatever it is'

interface Limit {
  readonly what: string
  /** Ends the look. */
  readonly limit: AbortSignal
  /** What was still asked by then may have given its reason. Default: `limit`. */
  readonly questions?: AbortSignal
  readonly signal: AbortSignal
  readonly passing: Passing
}

/** Gives what `work` gives; undefined if that takes too long, or fails with what passes. What is refused is thrown on. */
async function inTime<T>(
  { logger }: AdmissionParts,
  { what, limit, questions = limit, signal, passing }: Limit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const scope = AbortSignal.any([signal, limit])
  try {
    return await untilAborted(work(scope), scope)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof TailraceError) && !limit.aborted && !questions.aborted) throw error
    if (error instanceof TailraceError && error.code === 'SERVICE_CHANGING') throw error
    if (error instanceof TailraceError && error.policy === 'refuse' && passing === 'what may pass') throw error
    logger.warn(`${what} was not looked at`, { error: asError(error) })
    return undefined
  }
}

function refuseWorld(preflight: Pick<Preflight, 'findings' | 'hasRunBefore'>): void {
  const [first, ...others] = startFindings(preflight).failures.filter(isRefusal)
  if (first?.code === undefined) return
  const more = others.map(({ check, detail }) => `\n${check}: ${detail}`).join('')
  throw new TailraceError(first.code, `${first.check}: ${first.detail}${more}`)
}
