import { writeFile } from 'node:fs/promises'
import { documentsOf } from '../../src/envelope/debezium-document.ts'
import { createDebeziumEnvelope } from '../../src/envelope/debezium-envelope.ts'
import type { DocumentPayload, DocumentRecord } from '../../src/envelope/document-payload.ts'
import { envelopeOf } from '../../src/hosts/stages/envelope-of.ts'
import { recordTransformsOf } from '../../src/hosts/transforms-of.ts'
import type { Envelope } from '../../src/envelope/envelope.ts'
import { createJsonSerializer } from '../../src/serialize/json-serializer.ts'
import type { JsonSerializerOptions } from '../../src/serialize/json-serializer.ts'
import type { SerializedRecord, Serializer } from '../../src/serialize/serializer.ts'
import type { DeclaredHistory } from '../oracle/declared-history.ts'
import { configText, readConfig } from '../servers/pipeline-under-test.ts'

const processedAtMs = 1_795_426_137_123
/** The topic's name, and the prefix of all names, in every judgement. */
export const prefix = 'shop'

/** Debezium's envelope, as a pipeline makes it by default. */
export function debeziumEnvelopeOf({ table }: DeclaredHistory): Envelope {
  return createDebeziumEnvelope({ table, name: prefix, connectorVersion: '0.1.0', tombstonesOnDelete: true })
}

/** All records of a history, tombstones included, in order. */
export function recordsOf(
  { events }: DeclaredHistory,
  envelope: Envelope,
  serializer: Serializer,
  topic = `${prefix}.orders`,
): readonly SerializedRecord[] {
  return events.flatMap((event) => serializer.serialize(envelope.wrap(event, processedAtMs), topic))
}

/** The records of a history in Debezium's envelope as JSON. */
export function debeziumJson(history: DeclaredHistory, form: JsonSerializerOptions): readonly SerializedRecord[] {
  return recordsOf(history, debeziumEnvelopeOf(history), createJsonSerializer(form))
}

/** The records of a history in the envelope `flat`, as a pipeline makes it by default. */
export function flatJson(history: DeclaredHistory, form: JsonSerializerOptions): readonly SerializedRecord[] {
  const [table, topic] = [history.table, `${prefix}.orders`]
  const more = 'format.envelope: flat'
  const around = { pipeline: prefix, endpoint: 'http://127.0.0.1:1', bootstrapServers: '127.0.0.1:1' }
  const config = readConfig(configText({ ...around, tables: [table.name], more }))
  const envelope = envelopeOf(table, config, '0.1.0')
  const transforms = recordTransformsOf(config)
  const flat = (payload: DocumentPayload): DocumentPayload => ({
    ...payload,
    records: payload.records.flatMap((record) => {
      const origin = { table, topic, timestampMs: payload.event.createdAtMs }
      let current: DocumentRecord | undefined = record
      for (const transform of transforms) current = current && transform.apply(current, origin)
      return current === undefined ? [] : [current]
    }),
  })
  const serializer = createJsonSerializer(form)
  return history.events.flatMap((event) => serializer.serialize(flat(documentsOf(envelope.wrap(event, processedAtMs)))))
}

/** One line for each value that is not null. */
export async function writeValues(file: string, records: readonly SerializedRecord[]): Promise<void> {
  await writeFile(file, records.flatMap(({ value }) => (value === null ? [] : [`${value.toString()}\n`])).join(''))
}

/** One line `{"key":…,"value":…}` for each record, of JSON texts. */
export async function writeKeyed(file: string, records: readonly SerializedRecord[]): Promise<void> {
  const lines = records.map(
    ({ key, value }) => `{"key":${String(key)},"value":${value === null ? 'null' : String(value)}}\n`,
  )
  await writeFile(file, lines.join(''))
}
