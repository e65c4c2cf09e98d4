import type { ConnectorEntry, ServiceChange, TargetState } from '../../../src/service/service-state.ts'

/**
 * One change that somebody asks a service for. Its token is in every record that it writes, by way of the connector `journal`; a `look` wants
 * what is there already, and writes none.
 */
export type WantedChange = { readonly token: string; readonly name: string } & (
  | { readonly kind: 'raise' }
  | { readonly kind: 'target'; readonly target: TargetState }
  | { readonly kind: 'restart' }
  | { readonly kind: 'remove' }
  | { readonly kind: 'look' }
)

/** The connector that every change writes besides its own. */
export const journal = 'journal'

/** What a change makes of what is there; throws if it makes no sense there. */
export function decideChange(
  connectors: ReadonlyMap<string, ConnectorEntry>,
  wanted: WantedChange,
): { readonly change: ServiceChange; readonly result: string } {
  const { token, name } = wanted
  const entry = connectors.get(name)
  const note = entryOf(journal, { token }, token)
  if (wanted.kind === 'look') return { change: { put: [], remove: [] }, result: entry?.config['count'] ?? 'none' }
  if (wanted.kind === 'raise') {
    const count = String(Number(entry?.config['count'] ?? '0') + 1)
    const raised = { ...(entry ?? entryOf(name, {}, token)), config: { name, count }, configId: token }
    return { change: { put: [raised, note], remove: [] }, result: count }
  }
  if (entry === undefined) throw new Error(`there is no ${name}`)
  if (wanted.kind === 'remove') return { change: { put: [note], remove: [name] }, result: 'removed' }
  const next: ConnectorEntry =
    wanted.kind === 'target'
      ? { ...entry, target: wanted.target }
      : { ...entry, restart: { id: token, onlyFailed: false } }
  return { change: { put: [next, note], remove: [] }, result: wanted.kind }
}

function entryOf(name: string, config: Readonly<Record<string, string>>, configId: string): ConnectorEntry {
  return { name, config: { name, ...config }, configId, target: 'RUNNING' }
}
