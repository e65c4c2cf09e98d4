import { kinesisRecordOf, kinesisWire } from './kinesis-wire.ts'
import type { Item } from '../../src/change/attribute-value.ts'
import type { ChangeEvent } from '../../src/change/change-event.ts'
import type { KinesisRecord } from '../../src/change/kinesis-record.ts'
import type { KeyAttribute, Table } from '../../src/change/table.ts'
import { createDebeziumEnvelope } from '../../src/envelope/debezium-envelope.ts'
import { TailraceError } from '../../src/errors.ts'
import { createDeadLetters } from '../../src/hosts/stages/dead-letters.ts'
import type { DeadLetters } from '../../src/hosts/stages/stage-parts.ts'
import { createStreamStages } from '../../src/hosts/stages/stream-stages.ts'
import type { StreamStagesOptions } from '../../src/hosts/stages/stream-stages.ts'
import { createTableKeys } from '../../src/hosts/stages/table-keys.ts'
import type { ProducerRecord } from '../../src/kafka/kafka.ts'
import type { TableEntry } from '../../src/lanes/ledger-entry.ts'
import { firstEntry } from '../../src/pipeline/table-life.ts'
import type { StageInput, StageOutput, Stages } from '../../src/pipeline/stages.ts'
import type { TopicLimits } from '../../src/pipeline/topic-limits.ts'
import { createJsonSerializer } from '../../src/serialize/json-serializer.ts'

const never = new AbortController().signal
/** The shard that pages are of. */
export const shardId: string = 'shardId-000000000002'

/** A stream of changes of tables. */
export const stream: Table = {
  isStream: true,
  arn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/changes',
  name: 'changes',
  id: '2026-11-20T08:00:00.000Z',
  region: 'eu-west-1',
  account: '123456789012',
  streamArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/changes/2026-11-20T08:00:00.000Z',
  viewType: 'NEW_AND_OLD_IMAGES',
  keySchema: [],
}

/** Its entry in the ledger. */
export const entry: TableEntry = firstEntry(stream, { topic: '', partitions: 0, id: '' }, undefined)

let serial = 0

/** An insert of an item, unless told otherwise, as DynamoDB writes it into a stream; another image and time with each call. */
export function change(table: string, keys: Item, more: Partial<ChangeEvent> = {}): object {
  serial++
  const image = { ...keys, serial: { N: String(serial) } }
  const event: ChangeEvent = {
    operation: 'INSERT',
    keys,
    oldImage: undefined,
    newImage: image,
    eventId: `e${serial}`,
    shardId: '',
    sequenceNumber: '',
    createdAtMs: 1_795_426_137_000 + serial,
    userIdentity: undefined,
    sizeBytes: 1,
    snapshot: undefined,
    ...more,
  }
  return kinesisWire(event, table)
}

/** Records with growing sequence numbers from 1. */
export function page(...data: readonly (Buffer | object | Partial<KinesisRecord>)[]): readonly KinesisRecord[] {
  return data.map((one, index) => {
    const more = 'data' in one ? one : kinesisRecordOf(one)
    return { ...kinesisRecordOf({}), ...more, sequenceNumber: String(index + 1) }
  })
}

/** A change that comes too late. */
export const late = (data: object): Partial<KinesisRecord> => ({ ...kinesisRecordOf(data), isLate: true })

/** What differs from the usual stages: all policies strict, no table can be described. */
export interface Setup {
  readonly options?: Partial<StreamStagesOptions>
  /** `no-letters`: there are no dead letters at all, as in a replay. */
  readonly tolerance?: 'none' | 'all' | 'no-letters'
  readonly describe?: (table: string) => Promise<readonly KeyAttribute[]>
  readonly configured?: Readonly<Record<string, readonly string[]>>
  readonly limits?: Partial<TopicLimits>
}

/** Stages over tables with topics `shop.<table>` of three partitions, Debezium in JSON; table `unwanted` is not wanted. */
export function stagesWith({
  options,
  tolerance = 'none',
  describe: described,
  configured = {},
  limits,
}: Setup = {}): Stages {
  return createStreamStages({
    records: 'dynamodb',
    isWanted: (table) => table !== 'unwanted',
    late: 'emit-flagged',
    foreign: { policy: 'fail' },
    topicOf: ({ name }) => `shop.${name}`,
    keys: createTableKeys({
      describe: described ?? (() => Promise.reject(new TailraceError('TABLE_NOT_FOUND', 'there is none'))),
      configured: new Map(Object.entries(configured)),
    }),
    limits: {
      maxRecordBytes: async () => 100_000,
      maxRecordBytesNow: async () => 100_000,
      known: () => undefined,
      lookAgain: () => {},
      refused: () => {},
      ...limits,
    },
    otherTopics: { provide: async () => ({ id: 'y', partitions: 3, maxRecordBytes: 100_000 }) },
    envelopeFor: (table) =>
      createDebeziumEnvelope({ table, name: 'shop', connectorVersion: '0', tombstonesOnDelete: true }),
    serializer: createJsonSerializer({ numbers: 'exact', schemasEnable: false }),
    name: 'shop',
    ...(tolerance === 'no-letters' ? {} : { deadLetters: lettersWith(tolerance) }),
    ...options,
  })
}

function lettersWith(tolerance: 'none' | 'all'): DeadLetters {
  return createDeadLetters({
    pipeline: 'shop',
    tolerance,
    hasContextHeaders: false,
    topic: { name: 'letters', facts: async () => ({ partitions: 1, maxRecordBytes: 100_000 }), learn: () => {} },
  })
}

/** Takes one page through stages of its own. */
export function convertPage(
  setup: Setup,
  records: readonly KinesisRecord[],
  more: Partial<StageInput> = {},
): Promise<StageOutput> {
  return stagesWith(setup).process(
    {
      table: entry,
      shardId,
      records,
      notBeforeMs: undefined,
      maxRecordBytes: Number.MAX_SAFE_INTEGER,
      nowMs: 1_795_426_138_000,
      ...more,
    },
    never,
  )
}

/** Headers by name, as texts. */
export const headersOf = ({ headers }: ProducerRecord): Readonly<Record<string, string>> =>
  Object.fromEntries(headers.map(([name, value]) => [String(name), String(value)]))

/** Topic, sequence number and key of each record. */
export const summary = ({ records }: StageOutput): readonly string[] =>
  records.map((record) => `${record.topic} ${headersOf(record)['tailrace.seq']} ${String(record.key)}`)
