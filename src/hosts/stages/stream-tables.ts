import { isTopicName } from '../../change/legal-topic.ts'
import type { KeyAttribute, Table } from '../../change/table.ts'
import type { Envelope } from '../../envelope/envelope.ts'
import { TailraceError } from '../../errors.ts'
import type { TableKeys } from './table-keys.ts'

/** A table whose changes are in a Kinesis stream. */
export interface StreamTable {
  /** Its id is that of its keys: one that was deleted and made anew cannot be told apart in any other way. */
  readonly table: Table
  readonly topic: string
  readonly envelope: Envelope
}

/** The tables of a stream, as far as their changes have been met. */
export interface StreamTables {
  /**
   * The table of this name whose keys are these attributes, sorted by name. Rejects with TABLE_KEYS_UNKNOWN, or with
   * ROUTE_REFUSED if it can have no topic of its own.
   */
  of(
    stream: Table,
    place: { readonly name: string; readonly attributes: readonly KeyAttribute[] },
    signal: AbortSignal,
  ): Promise<StreamTable>
  /** True for the topic of one of the tables other than this one, and for that of foreign records. */
  isTopicOfAnother(topic: string, name: string): boolean
}

export interface StreamTablesOptions {
  readonly keys: TableKeys
  readonly topicOf: (table: Table) => string
  readonly envelopeFor: (table: Table) => Envelope
  /** Tables may share a topic. */
  readonly mayShare: boolean
  /** Where records go that are of no table; undefined if they go nowhere. */
  readonly foreignTopic: string | undefined
}

/** Whoever writes into the stream makes up names: what was met first is forgotten first. */
const mostTables = 10_000

/** Knows no table before it is asked. */
export function createStreamTables(options: StreamTablesOptions): StreamTables {
  const { keys, topicOf, envelopeFor, mayShare, foreignTopic } = options
  const known = new Map<string, StreamTable>()
  const owners = new Map<string, string>()
  return {
    of: async (stream, { name, attributes }, signal) => {
      const identity = JSON.stringify([stream.streamArn, name, ...attributes.map((one) => [one.name, one.type])])
      const found = known.get(identity)
      if (found !== undefined) return found
      const keySchema = await keys.inOrder(name, attributes, signal)
      const table = tableOf(stream, name, keySchema)
      const topic = topicOf(table)
      const owner = topic === foreignTopic ? 'source.kinesis.foreign.topic' : owners.get(topic)
      refuseTopic(topic, { name, owner: mayShare ? undefined : owner })
      const made = { table, topic, envelope: envelopeFor(table) }
      owners.set(topic, name)
      known.set(identity, made)
      for (const map of [known, owners]) forgetOldest(map)
      return made
    },
    isTopicOfAnother: (topic, name) => topic === foreignTopic || (owners.get(topic) ?? name) !== name,
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  const [oldest] = map.keys()
  if (map.size > mostTables && oldest !== undefined) map.delete(oldest)
}

/** The ARN of a table whose changes come out of a Kinesis stream: both are of one region and account. */
export function arnOfStreamTable({ arn, region, account }: Table, name: string): string {
  const partition = arn.split(':')[1] ?? 'aws'
  return `arn:${partition}:dynamodb:${region}:${account}:table/${name}`
}

/** Both images of each change are what DynamoDB puts into a Kinesis stream, always. */
function tableOf(stream: Table, name: string, keySchema: readonly KeyAttribute[]): Table {
  const { region, account, streamArn } = stream
  return {
    arn: arnOfStreamTable(stream, name),
    name,
    id: keySchema.map((attribute) => `${attribute.name}:${attribute.type}`).join(','),
    region,
    account,
    streamArn,
    viewType: 'NEW_AND_OLD_IMAGES',
    keySchema,
  }
}

function refuseTopic(
  topic: string,
  { name, owner = name }: { readonly name: string; readonly owner: string | undefined },
): void {
  if (owner !== name) {
    const text = `table ${name} would be written to topic ${topic}, and so would ${owner}`
    throw new TailraceError('ROUTE_REFUSED', text, { details: { table: name, topic } })
  }
  if (isTopicName(topic)) return
  throw new TailraceError('ROUTE_REFUSED', `table ${name} has no legal name of a topic`, { details: { table: name } })
}
