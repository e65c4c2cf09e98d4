import type { ConnectorPolicy } from '../../config/service/connector-policy.ts'
import type { ServiceLog, ServiceState } from '../../service/service-state.ts'
import type { TakenTopics } from '../record-way.ts'
import type { ConnectorConfigs } from './connector-configs.ts'

/** What {@link createTakenTopics} looks at. */
export interface TakenTopicsParts {
  readonly log: Pick<ServiceLog, 'state'>
  readonly configs: Pick<ConnectorConfigs, 'outline'>
  readonly policy: Pick<ConnectorPolicy, 'ownTopics'>
}

/**
 * Tells, for a connector, which topics hold the state of the service or of its other connectors, as the service is at the moment: a run that began
 * before another connector was made leaves that one's ledger alone, too.
 */
export function createTakenTopics({ log, configs, policy }: TakenTopicsParts): (connector: string) => TakenTopics {
  let seen: { readonly state: ServiceState | undefined; readonly owners: ReadonlyMap<string, string> } | undefined
  // Asked for every page; the state is another object after each change.
  const owners = (): ReadonlyMap<string, string> => {
    if (seen === undefined || seen.state !== log.state)
      seen = { state: log.state, owners: ownersIn(log.state, configs) }
    return seen.owners
  }
  return (connector) => (topic) => policy.ownTopics.includes(topic) || (owners().get(topic) ?? connector) !== connector
}

/** Connectors by the topics of their ledgers, of which no two have the same: see `requireOwnPipeline`. */
function ownersIn(
  state: ServiceState | undefined,
  configs: Pick<ConnectorConfigs, 'outline'>,
): ReadonlyMap<string, string> {
  const connectors = [...(state?.connectors.values() ?? [])]
  return new Map(
    connectors.flatMap((entry) => {
      const ledger = configs.outline(entry)?.config.ledger.topic
      return ledger === undefined ? [] : [[ledger, entry.name] as const]
    }),
  )
}
