import type { Peer } from './play.ts'

/** A tailrace and the topic of the one table that its connectors read. */
export interface OwnPeer extends Peer {
  readonly topic: string
}

/** The table of a connector, and a position in its stream. */
export interface OwnTable {
  readonly table: string
  readonly topicPrefix: string
  readonly shardId: string
  readonly sequenceNumber: string
  /** Further properties. */
  readonly more: Readonly<Record<string, string>>
}

/** Whatever answers at the address as a tailrace that reads the table. */
export function ownPeer(url: string, { table, topicPrefix, shardId, sequenceNumber, more }: OwnTable): OwnPeer {
  return {
    url,
    topic: `${topicPrefix}.${table}`,
    plugin: 'TailraceSource',
    class: 'tailrace.TailraceSourceConnector',
    logger: 'tailrace.connector.shop',
    config: { 'connector.class': 'TailraceSource', 'source.region': 'eu-west-1', 'source.tables': table, ...more },
    wrong: ['topic.partitions', 'several'],
    partition: { table, shard_id: shardId },
    offset: { sequence_number: sequenceNumber },
    renames: [
      [/tailrace\.TailraceSourceConnector(?!,)/g, '{class}'],
      [/TailraceSource(?!Connector)/g, '{plugin}'],
      [/tailrace\.connector\.shop/g, '{logger}'],
      [/available are: .*$/s, 'available are: {plugins}'],
    ],
  }
}
