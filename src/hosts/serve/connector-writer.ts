import type { ConnectorConfig } from '../../config/configdef/config-infos.ts'
import { restoreHidden } from '../../config/configdef/mask-config.ts'
import { TailraceError } from '../../errors.ts'
import type { ConnectorEntry, ServiceLog, ServiceState, TargetState } from '../../service/service-state.ts'
import { shown } from '../server/rest/request-values.ts'
import { beginAdmission } from './admission-time.ts'
import { admitConfig, renewConfig } from './admit-connector.ts'
import type { AdmissionParts, AdmittedConfig } from './admit-connector.ts'
import {
  connectorNamed,
  isSameConfig,
  putEntry,
  requireForeignLedgersSpared,
  requireOwnPipeline,
} from './connector-changes.ts'
import type { ConnectorConfigs } from './connector-configs.ts'

/** Keeps configurations of connectors, once they are admitted. Only the leader's works; see `ServiceLog.change`. */
export interface ConnectorWriter {
  /** Rejects with CONNECTOR_EXISTS, and as `admitConfig`. */
  create(
    name: string,
    request: { readonly config: ConnectorConfig; readonly target: TargetState },
    signal: AbortSignal,
  ): Promise<ConnectorEntry>
  /**
   * Makes the connector if there is none. A configuration that is the same changes nothing, unless the pipeline's ledger has gone past it
   * (`renewConfig`).
   */
  replace(
    name: string,
    config: ConnectorConfig,
    signal: AbortSignal,
  ): Promise<{ readonly created: boolean; readonly entry: ConnectorEntry }>
  /** Null removes a property. Rejects with CONNECTOR_UNKNOWN. */
  patch(name: string, patch: ReadonlyMap<string, string | null>, signal: AbortSignal): Promise<ConnectorEntry>
  /** The same configuration under an epoch that its pipeline's ledger takes (`renewConfig`). Rejects with CONNECTOR_UNKNOWN. */
  renew(name: string, signal: AbortSignal): Promise<void>
}

/** Somebody else's change came in between so often, and the request is given back. */
const mostTries = 5

const nothing = { put: [], remove: [] } as const

/** Writes into `log`, as long as this process leads it. */
export function createConnectorWriter(log: ServiceLog, parts: AdmissionParts): ConnectorWriter {
  const put = (request: PutRequest, signal: AbortSignal): Promise<PutResult> =>
    putConfig({ log, parts }, request, signal)
  return {
    create: async (name, { config, target }, signal) => {
      const configOf = (before: ConnectorEntry | undefined): ConnectorConfig => {
        if (before !== undefined) throw new TailraceError('CONNECTOR_EXISTS', `Connector ${shown(name)} already exists`)
        return config
      }
      return (await put({ name, configOf, target }, signal)).entry
    },
    replace: (name, config, signal) => put({ name, configOf: () => config, target: 'RUNNING' }, signal),
    patch: async (name, patch, signal) => {
      const configOf = (before: ConnectorEntry | undefined, state: ServiceState): ConnectorConfig => {
        const config = new Map(Object.entries((before ?? connectorNamed(state, name)).config))
        for (const [property, value] of patch) {
          if (value === null) config.delete(property)
          else config.set(property, value)
        }
        return new Map([...config, ['name', name]])
      }
      return (await put({ name, configOf, target: 'RUNNING' }, signal)).entry
    },
    renew: async (name, signal) => {
      const configOf = (_: unknown, state: ServiceState): ConnectorConfig =>
        new Map(Object.entries(connectorNamed(state, name).config))
      await put({ name, configOf, target: 'RUNNING' }, signal)
    },
  }
}

interface PutRequest {
  readonly name: string
  /** The wanted configuration, by what there is; throws if there must not be such a change. */
  readonly configOf: (before: ConnectorEntry | undefined, state: ServiceState) => ConnectorConfig
  /** Of a connector that is made. */
  readonly target: TargetState
}

interface PutResult {
  readonly created: boolean
  readonly entry: ConnectorEntry
}

interface WriterParts {
  readonly log: ServiceLog
  readonly parts: AdmissionParts
}

/** Admission takes time: if the connector has changed meanwhile, what was admitted is looked at again, in what is left of the time. */
async function putConfig({ log, parts }: WriterParts, request: PutRequest, signal: AbortSignal): Promise<PutResult> {
  const { name } = request
  using time = beginAdmission(parts.clock)
  for (let tries = 0; tries < mostTries && !time.over.aborted; tries++) {
    const before = leadersState(log).connectors.get(name)
    const config = await wantedConfig(log, request, signal)
    if (config === undefined) continue
    const target = before?.target ?? request.target
    const wanted = { name, config, target, ...(before?.restart === undefined ? {} : { restart: before.restart }) }
    const look = { time, signal }
    const same = before !== undefined && isSameConfig(before.config, config) ? before : undefined
    const renewed = same === undefined ? undefined : await renewConfig(same, parts, look)
    if (same !== undefined && renewed === undefined) {
      if (await isProven(log, same, signal)) return { created: false, entry: same }
      continue
    }
    const admitted = renewed ?? (await admitConfig(wanted, before, parts, look))
    const entry = await keep(log, { wanted, before, admitted, parts }, signal)
    if (entry !== undefined) return { created: before === undefined, entry }
  }
  throw new TailraceError('SERVICE_CHANGING', `Connector ${shown(name)} is being changed by somebody else`)
}

/**
 * What the connector is to have, by what this process knows. A refusal counts only if nobody else has led meanwhile, which a commit proves;
 * undefined if there is something else to refuse, or nothing, by then.
 */
async function wantedConfig(
  log: ServiceLog,
  { name, configOf }: PutRequest,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  const wantedOf = (state: ServiceState): Readonly<Record<string, string>> => {
    const before = state.connectors.get(name)
    return restored(configOf(before, state), before)
  }
  try {
    return wantedOf(leadersState(log))
  } catch (error) {
    if (!(error instanceof TailraceError) || error.code === 'SERVICE_CHANGING') throw error
    await log.change((state) => {
      wantedOf(state)
      return { change: nothing, result: undefined }
    }, signal)
    return undefined
  }
}

/** Whether the connector is still what this process knows of it, proven by a commit: somebody else may have led, and changed it. */
function isProven(log: ServiceLog, { name, configId }: ConnectorEntry, signal: AbortSignal): Promise<boolean> {
  return log.change((state) => ({ change: nothing, result: state.connectors.get(name)?.configId === configId }), signal)
}

interface Keeping {
  readonly wanted: Omit<ConnectorEntry, 'configId'>
  readonly before: ConnectorEntry | undefined
  readonly admitted: AdmittedConfig
  readonly parts: AdmissionParts
}

/** Undefined if the configuration is not any more what it was when the new one was looked at. What is wanted of the connector besides stays. */
function keep(
  log: ServiceLog,
  { wanted, before, admitted: { configId, outline }, parts }: Keeping,
  signal: AbortSignal,
): Promise<ConnectorEntry | undefined> {
  return log.change((state) => {
    const now = state.connectors.get(wanted.name)
    if (now?.configId !== before?.configId) return { change: nothing, result: undefined }
    const outlineOf: ConnectorConfigs['outline'] = (other) => parts.configs.outline(other)
    requireOwnPipeline(state, { name: wanted.name, outline }, outlineOf)
    requireForeignLedgersSpared(state, { name: wanted.name, outline }, outlineOf)
    const entry = { ...wanted, ...now, config: wanted.config, configId }
    return { change: putEntry(entry, now), result: entry }
  }, signal)
}

/** Requests come here only if this process leads; it may have ceased to a moment ago. */
function leadersState({ state, leader }: ServiceLog): ServiceState {
  if (state !== undefined && leader.kind === 'self') return state
  throw new TailraceError(
    'SERVICE_CHANGING',
    'Cannot complete request because of a conflicting operation (e.g. worker rebalance)',
  )
}

/** What was shown hidden and has not changed is put in again. Throws CONFIG_INVALID for what nobody knows. */
function restored(given: ConnectorConfig, before: ConnectorEntry | undefined): Readonly<Record<string, string>> {
  const kept = before === undefined ? undefined : new Map(Object.entries(before.config))
  const { config, missing } = restoreHidden(given, kept)
  if (missing.length > 0) {
    const names = missing.map(shown).join(', ')
    throw new TailraceError('CONFIG_INVALID', `${names}: the value is hidden and must be given again`)
  }
  return Object.fromEntries(config)
}
