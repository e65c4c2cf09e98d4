import type { ConnectTranslator } from '../connect/translator.ts'
import { confluentDynamoDb } from '../connect/confluent-dynamodb.ts'
import { kinesisSourceConnector, managedKinesisSource } from '../connect/kinesis-source.ts'
import { trustpilotConnector } from '../connect/trustpilot.ts'

/** A product whose files can be moved from, and its connectors; of Redpanda Connect there are none. */
export const migrationSources: Readonly<Record<MigrationSource, readonly ConnectTranslator[]>> = {
  trustpilot: [trustpilotConnector],
  confluent: [confluentDynamoDb, managedKinesisSource, kinesisSourceConnector],
  'redpanda-connect': [],
}

/** What `--from` says. */
export type MigrationSource = 'trustpilot' | 'confluent' | 'redpanda-connect'

const delivery = 'Each change is delivered once and in order per item, also behind restarts; it was at least once.'
const positions = (start: string): string =>
  `Positions are not taken over: the pipeline begins ${start}. Stop the old one first, or readers see changes of both.`
const leases = (start: string): string =>
  `\`tailrace migrate --leases\` takes positions over before the first start (docs/connect-files.md); else the pipeline begins ${start}. Stop the old one first, or readers see changes of both.`
const snapshots = 'at `source.start` (TRIM_HORIZON: 24 hours back), with a snapshot where `snapshot.mode` says so'

/** What differs whatever the file says, one sentence or two each, the most important first. */
export function differencesOf(from: MigrationSource, translator: ConnectTranslator | undefined): readonly string[] {
  if (from === 'trustpilot') {
    return [
      delivery,
      leases(snapshots),
      "Records have Debezium's envelope; `format.envelope: trustpilot` is the record of the connector (docs/records.md).",
      'A record that cannot be written stops its table, or becomes a dead letter (`errors.tolerance`); it was dropped.',
      'The tables datalake-KCL-* are not used beyond that, and nothing else is made in DynamoDB.',
    ]
  }
  if (from === 'redpanda-connect') {
    return [
      delivery,
      positions(snapshots),
      "Records have Debezium's envelope, exact numbers and sets as sorted arrays; `format.envelope: dynamodb-json` is nearer to the old record, with DynamoDB's types.",
      'A table that is met twice by snapshot and stream is merged without a buffer; a restart goes on with its snapshot.',
      'The table of checkpoints is not used.',
    ]
  }
  if (translator === confluentDynamoDb) {
    return [
      delivery,
      leases(snapshots),
      'The envelope is the same in `op`, `before`, `after` and `ts_ms`; members of `source` and names of schemas differ, so values need new subjects.',
      'The registry is to be named (`schema.registry.url`); the service knew it.',
      'The tables connect-KCL-* are not used beyond that, and nothing else is made in DynamoDB.',
    ]
  }
  return [delivery, positions('at `source.start`')]
}
