import type { ConfigEntry } from '../config-entry.ts'
import { isAccessName } from '../kafka-layers.ts'
import { firstKafkaName } from '../kafka-property-catalogue.ts'

const producer = 'producer.'

/** Properties of a worker itself that are called as those of its clients are. */
const ofWorker: ReadonlySet<string> = new Set(['client.id', 'session.timeout.ms', 'heartbeat.interval.ms'])

/**
 * Of the properties of a Connect worker those that say how Kafka is reached: the address, security, and what a worker's
 * producers are given besides (`producer.`), which wins as it does there. Everything else is Connect's own and is left out.
 */
export function workerKafkaEntries(entries: readonly ConfigEntry[]): readonly ConfigEntry[] {
  const general = entries.filter(({ name }) => isAccessName(name))
  const special = entries
    .filter(({ name }) => name.startsWith(producer))
    .map((entry) => ({ ...entry, name: entry.name.slice(producer.length) }))
    .filter(({ name }) => firstKafkaName(name) !== undefined && !ofWorker.has(name))
  const byFirstName = new Map(
    [...general, ...special].map((entry) => [firstKafkaName(entry.name) ?? entry.name, entry] as const),
  )
  return [...byFirstName.values()].filter(({ value }) => value !== '' || typeof value !== 'string')
}
