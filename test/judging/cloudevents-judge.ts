import { CloudEvent, Kafka } from 'cloudevents'
import type { CloudEventV1, KafkaMessage } from 'cloudevents'
import type { Item } from '../../src/change/attribute-value.ts'
import { createCloudEventsEnvelope } from '../../src/envelope/cloudevents-envelope.ts'
import { createJsonSerializer } from '../../src/serialize/json-serializer.ts'
import type { SerializedRecord } from '../../src/serialize/serializer.ts'
import { makeHistory, rowIdentity } from '../oracle/declared-history.ts'
import { isItemRead } from '../oracle/read-values.ts'
import type { ReadForm } from '../oracle/read-values.ts'
import { compareHistory, expectedChanges } from './compare-history.ts'
import type { ReadChange } from './compare-history.ts'
import type { Judge, Judgement } from './judge.ts'
import { prefix, recordsOf } from './write-history.ts'

type Mode = 'binary' | 'structured'

/** The official CloudEvents SDK, by its Kafka binding and its own validation. */
export const cloudEventsJudges: readonly Judge[] = (['binary', 'structured'] as const).map((mode) => ({
  name: 'cloudevents',
  judge: (changes) => Promise.resolve(judgeBySdk(changes, mode)),
}))

/** What the data of an event holds. */
interface Envelope {
  readonly op: string
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
}

function judgeBySdk(changes: number, mode: Mode): Judgement {
  const history = makeHistory(mode === 'binary' ? 131 : 132, changes, { hasPlainNames: true })
  const envelope = createCloudEventsEnvelope({
    table: history.table,
    name: prefix,
    connectorVersion: '0.1.0',
    tombstonesOnDelete: true,
    mode,
    dataContentType: 'application/json',
    contentType: 'application/cloudevents+json; charset=UTF-8',
  })
  // The SDK reads data by JSON.parse: whoever wants all digits of numbers asks for texts.
  const records = recordsOf(history, envelope, createJsonSerializer({ numbers: 'string', schemasEnable: false }))
  const events = records.filter(({ value }) => value !== null).map((record) => readEvent(record))
  const errors = events.filter((event) => event instanceof Error)
  const ids = new Set(events.map((event) => (event instanceof Error ? event : event.id)))
  const reads = events.map((event) => readChange(event))
  const comparison = compareHistory(history, expectedChanges(history), reads, isRowRead)
  return {
    judge: `CloudEvents SDK, ${mode}`,
    records: records.length,
    exceptions: errors.length,
    // Two events of one source with one id are one event to a reader.
    passThroughs: events.length - ids.size,
    comparison,
    complaint: errors[0]?.message ?? comparison.difference,
  }
}

const form: ReadForm = { numbers: 'text', binaries: 'base64', nested: 'values' }

function isRowRead(read: unknown, item: Item): boolean {
  return isItemRead(read, item, form)
}

/** As the SDK's documentation says: what a Kafka client gives, with headers as text. */
function readEvent({ key, value, headers }: SerializedRecord): CloudEventV1<Envelope> | Error {
  try {
    const message: KafkaMessage = {
      key: key.toString(),
      value: value?.toString(),
      headers: Object.fromEntries(headers.map(([name, content]) => [name.toString(), content.toString()])),
      body: undefined,
    }
    const event = Kafka.toEvent<Envelope>(message)
    if (!(event instanceof CloudEvent)) throw new Error('the SDK made no event')
    event.validate()
    return event
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function readChange(event: CloudEventV1<Envelope> | Error): ReadChange {
  if (event instanceof Error || event.data === undefined) return { identity: '', isGone: false, row: undefined }
  const { op, before, after } = event.data
  const row = op === 'd' ? before : after
  // What filters route by must say the same as the data.
  const isSame = event['iodebeziumop'] === op && event.subject === 'orders'
  const identity = isSame ? rowIdentity(String(row?.['pk']), String(row?.['sk'])) : ''
  return { identity, isGone: op === 'd', row }
}
