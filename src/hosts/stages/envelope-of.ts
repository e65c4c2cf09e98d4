import type { Table } from '../../change/table.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { createCloudEventsEnvelope } from '../../envelope/cloudevents-envelope.ts'
import { createDebeziumEnvelope } from '../../envelope/debezium-envelope.ts'
import { createDynamodbJsonEnvelope } from '../../envelope/dynamodb-json-envelope.ts'
import type { Envelope } from '../../envelope/envelope.ts'
import { extras, withExtras } from '../../envelope/extras.ts'
import { withTraceContext } from '../../envelope/trace-context.ts'
import { createTrustpilotEnvelope } from '../../envelope/trustpilot-envelope.ts'
import { ownTopicOf } from './serializer-of.ts'

/**
 * The envelope of a table's changes as the configuration wants it. `flat` is Debezium's envelope as well, which a record
 * transform takes apart.
 */
export function envelopeOf(table: Table, config: PipelineConfig, version: string): Envelope {
  const { format } = config
  const wanted = new Set(extras.filter((name) => format.extras.wanted.includes(name)))
  const bare = bareEnvelope(table, config, version)
  const telling = wanted.size === 0 ? bare : withExtras(bare, { wanted, place: format.extras.place })
  return format.traceAttribute === undefined ? telling : withTraceContext(telling, format.traceAttribute)
}

function bareEnvelope(table: Table, config: PipelineConfig, connectorVersion: string): Envelope {
  const { format, topic } = config
  const mediaTypes = mediaTypesOf(config.recordSchemas.value)
  const options = { table, name: topic.prefix, connectorVersion, tombstonesOnDelete: format.hasTombstones }
  switch (format.envelope) {
    case 'debezium':
      return createDebeziumEnvelope(options)
    case 'flat':
      // Its own tombstones come of the transform.
      return createDebeziumEnvelope({ ...options, tombstonesOnDelete: true })
    case 'cloudevents':
      return createCloudEventsEnvelope({ ...options, mode: 'binary', ...mediaTypes })
    case 'cloudevents-structured':
      return createCloudEventsEnvelope({ ...options, mode: 'structured', ...mediaTypes })
    case 'dynamodb-json':
      return createDynamodbJsonEnvelope(options)
    case 'trustpilot':
      return createTrustpilotEnvelope({ ...options, topic: ownTopicOf(table, config) })
  }
}

function mediaTypesOf(
  value: PipelineConfig['recordSchemas']['value'],
): typeof jsonTypes | typeof avroTypes | typeof protobufTypes {
  if (value === 'avro') return avroTypes
  return value === 'protobuf' ? protobufTypes : jsonTypes
}

const protobufTypes = {
  dataContentType: 'application/protobuf',
  contentType: 'application/cloudevents+protobuf',
} as const
const avroTypes = { dataContentType: 'application/avro', contentType: 'application/cloudevents+avro' } as const
const jsonTypes = {
  dataContentType: 'application/json',
  contentType: 'application/cloudevents+json; charset=UTF-8',
} as const
