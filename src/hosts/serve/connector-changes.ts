import { namedTopics } from '../../config/named-topics.ts'
import { TailraceError } from '../../errors.ts'
import type { ConnectorEntry, ServiceChange, ServiceState } from '../../service/service-state.ts'
import { shown } from '../server/rest/request-values.ts'
import type { PipelineOutline } from './connector-configs.ts'

/** The entry of that name. Throws CONNECTOR_UNKNOWN, in Connect's words. */
export function connectorNamed({ connectors }: ServiceState, name: string): ConnectorEntry {
  const entry = connectors.get(name)
  if (entry === undefined) throw new TailraceError('CONNECTOR_UNKNOWN', `Connector ${shown(name)} not found`)
  return entry
}

/** A change that replaces one entry; none if nothing of it differs. */
export function putEntry(entry: ConnectorEntry, before: ConnectorEntry | undefined): ServiceChange {
  return { put: before !== undefined && isSame(before, entry) ? [] : [entry], remove: [] }
}

function isSame(a: ConnectorEntry, b: ConnectorEntry): boolean {
  return (
    a.configId === b.configId &&
    a.target === b.target &&
    a.restart?.id === b.restart?.id &&
    isSameConfig(a.config, b.config)
  )
}

/** True for configurations with the same properties, in whatever order. */
export function isSameConfig(a: ConnectorEntry['config'], b: ConnectorEntry['config']): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
}

/** A connector that is to be kept, and what it means. */
interface Wanted {
  readonly name: string
  readonly outline: PipelineOutline
}

/**
 * Two connectors with one ledger would write over each other's positions, and with one group take each other's lanes. Throws
 * CONNECTOR_EXISTS if another connector of the service means the same pipeline.
 */
export function requireOwnPipeline(
  state: ServiceState,
  { name, outline }: Wanted,
  outlineOf: (entry: ConnectorEntry) => PipelineOutline | undefined,
): void {
  const { pipeline, ledger, groupId } = outline.config
  for (const other of state.connectors.values()) {
    if (other.name === name) continue
    const theirs = outlineOf(other)?.config
    if (theirs === undefined) continue
    const shared =
      theirs.pipeline === pipeline
        ? `pipeline ${pipeline}`
        : theirs.ledger.topic === ledger.topic
          ? `ledger topic ${ledger.topic}`
          : theirs.groupId === groupId
            ? `consumer group ${groupId}`
            : undefined
    if (shared === undefined) continue
    const message = `Connector ${shown(other.name)} has ${shared} already; give ${shown(name)} another \`pipeline\``
    throw new TailraceError('CONNECTOR_EXISTS', message)
  }
}

/**
 * One record in the ledger of another connector, and that one cannot go on. Throws TOPIC_RESERVED if the configuration names such a topic, or has its
 * ledger where another connector's names one; topics that only tables and changes will tell are looked at when they are there.
 */
export function requireForeignLedgersSpared(
  state: ServiceState,
  { name, outline }: Wanted,
  outlineOf: (entry: ConnectorEntry) => PipelineOutline | undefined,
): void {
  const refuse = (text: string): never => {
    throw new TailraceError('TOPIC_RESERVED', text)
  }
  for (const other of state.connectors.values()) {
    const theirs = other.name === name ? undefined : outlineOf(other)
    if (theirs === undefined) continue
    const into = writesInto(outline, theirs)
    if (into !== undefined) refuse(`${into} names the ledger topic of connector ${shown(other.name)}`)
    const from = writesInto(theirs, outline)
    if (from !== undefined) refuse(`ledger.topic names a topic of connector ${shown(other.name)} (its ${from})`)
  }
}

/** The property by which records of the one would go into the ledger of the other. */
function writesInto({ config }: PipelineOutline, other: PipelineOutline): string | undefined {
  const ledger = other.config.ledger.topic
  return namedTopics(config).find(({ topic, isWhole }) => isWhole && topic === ledger)?.property
}
