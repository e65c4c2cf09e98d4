import type { SkippedTable } from '../../change/skipped-table.ts'
import type { Logger } from '../../observe/logger.ts'
import type { PipelineEvent, PipelineEventSink } from '../../pipeline/pipeline-event.ts'

/** Those of single pages and transactions. */
const tracedKinds: ReadonlySet<PipelineEvent['kind']> = new Set([
  'page-read',
  'scan-page-read',
  'rows-committed',
  'vanished-committed',
  'contained-changes-skipped',
  'changes-dropped',
  'changes-converted',
  'change-shrunk',
  'transaction-committed',
])

/** Writes events as log lines. Pages and transactions are `trace`: one line each would be a line per batch. */
export function createEventLog(logger: Logger): PipelineEventSink {
  return (event) => {
    if (tracedKinds.has(event.kind)) return logger.trace(event.kind, factsOf(event))
    switch (event.kind) {
      case 'shard-closed':
      case 'lane-surveyed':
      case 'shard-awaits-children':
      case 'replication-watched':
        return logger.debug(event.kind, factsOf(event))
      case 'lane-in-doubt':
      case 'batch-in-doubt':
      case 'coordinator-failed':
      case 'worker-waits':
      case 'snapshot-waits':
      case 'signal-refused':
      case 'notifications-lost':
      case 'heartbeats-lost':
      case 'replication-unseen':
        return logger.warn(`${event.kind}: ${event.error.message}`, {
          ...factsOf(event),
          code: event.error.code,
          error: event.error,
        })
      case 'stream-gap':
      case 'record-refused':
      case 'snapshot-refused':
      case 'replication-loss':
        return logger.error(`${event.kind}: ${event.error.message}`, {
          ...factsOf(event),
          code: event.error.code,
          error: event.error,
        })
      case 'claim-checks-left':
        return logger.warn(`left behind: ${event.what} (${event.error.message})`, factsOf(event))
      case 'dead-lettered':
        return logger.warn(`${event.count} of table ${event.table} went to the dead letters`, factsOf(event))
      case 'table-stopped':
        return logger.error(`table ${event.table} stopped: ${event.reason}`, factsOf(event))
      case 'snapshot-started':
        if (event.caution === undefined) return logger.info(event.kind, factsOf(event))
        return logger.warn(`the snapshot of table ${event.table} began: ${event.caution}`, factsOf(event))
      case 'snapshot-halted':
        return logger.warn(`the snapshot of table ${event.table} is ${event.state}`, factsOf(event))
      case 'signals-lost':
        return logger.warn(`signals of topic ${event.topic} may be lost: ${event.reason}`, factsOf(event))
      case 'overrides-unused':
        return logger.warn(`tables.… names no table that is read now: ${event.tables.join(', ')}`)
      case 'tables-looked-for':
        return logger[event.skipped.length > 0 ? 'warn' : 'info'](lookText(event.skipped), factsOf(event))
      case 'table-resting':
        return logger.warn(`table ${event.table} is not read for now: it is to be ${event.target}`, factsOf(event))
      case 'table-retired':
        return logRetired(logger, event)
      case 'table-replaced':
        return logger.warn(`table ${event.table} was replaced`, factsOf(event))
      default:
        return logger.info(event.kind, factsOf(event))
    }
  }
}

function logRetired(logger: Logger, event: Extract<PipelineEvent, { readonly kind: 'table-retired' }>): void {
  const text = `table ${event.table} is not read any more: ${event.reason}`
  if (event.unread.length === 0) logger.warn(text, factsOf(event))
  else logger.error(text, factsOf(event))
}

/** The event's scalar members; a shard is spread into lane, table and shardId, a lost interval into its four ends. */
function factsOf(
  event: PipelineEvent,
): Readonly<Record<string, string | number | boolean | readonly string[] | readonly number[] | undefined>> {
  const facts: Record<string, string | number | boolean | readonly string[] | readonly number[] | undefined> = {}
  for (const [name, value] of Object.entries(event)) {
    if (name === 'kind' || name === 'error' || name === 'shards') {
      if (name === 'shards' && typeof value === 'number') facts[name] = value
    } else if (name === 'shard' || name === 'lost') Object.assign(facts, value)
    else if (typeof value !== 'object' || isListOfNames(value)) facts[name] = value
  }
  return facts
}

/** A line stays a line: of very many only the first ones. */
function lookText(skipped: readonly SkippedTable[]): string {
  if (skipped.length === 0) return 'tables-looked-for'
  const names = skipped.slice(0, 20).map(({ name, code }) => `${name} (${code})`)
  const more = skipped.length - names.length
  return `tables are left out: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function isListOfNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string' || typeof entry === 'number')
}
