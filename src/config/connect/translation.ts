import type { ConfigEntry } from '../config-entry.ts'
import type { Problem } from '../problem.ts'

/** What a connector's configuration is as a pipeline. */
export interface Translation {
  /** Properties of ours, with the places of what they come from. */
  readonly entries: readonly ConfigEntry[]
  /** How Kafka is reached if nothing else says it; names without `kafka.`. */
  readonly kafkaAccess: readonly ConfigEntry[]
  readonly problems: readonly Problem[]
  readonly notes: readonly string[]
  /** Properties of ours that have no value because of one of the problems. */
  readonly spoiled: readonly string[]
}
