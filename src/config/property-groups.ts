/** Headings of properties in the reference and in forms, by the first part of the names below them. */
export const propertyGroups: readonly (readonly [string, readonly string[]])[] = [
  ['The pipeline', ['pipeline', 'epoch', 'lanes', 'delivery', 'ledger', 'group']],
  ['Source', ['source']],
  ['Snapshots', ['snapshot']],
  ['Changes', ['filter', 'reselect', 'transforms', 'transform', 'mask', 'route']],
  ['Topics', ['topic']],
  ['Records', ['format', 'key', 'value']],
  ['Schema registry', ['schema', 'auto', 'use', 'latest', 'normalize']],
  ['Records that cannot pass', ['errors']],
  ['Signals, notifications, heartbeats', ['signal', 'notification', 'heartbeat']],
  ['Transforms', ['transforms', 'predicates']],
  ['Records that are too large', ['oversize']],
  ['Lambda', ['lambda']],
  ['The process', ['memory', 'poll', 'http', 'metrics', 'log']],
  ['Secrets', ['secrets']],
]

/** The heading of one property; that of names nobody knows is the last one. */
export function groupOf(name: string): string {
  const root = name.split('.')[0] ?? ''
  if (root === 'kafka' && name !== 'kafka.properties.file') return kafkaGroup
  return propertyGroups.find(([, roots]) => roots.includes(root))?.[0] ?? kafkaGroup
}

/** The heading of the properties of Kafka's clients. */
export const kafkaGroup = 'Kafka client'
