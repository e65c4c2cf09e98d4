import { describe, expect, it } from 'vitest'
import { failureOf, loadConnector } from '../../../test/fixtures/load-connector.ts'

const env = {
  KAFKA_BOOTSTRAP_SERVERS: 'pkc-1.confluent.cloud:9092',
}
const shortest = {
  name: 'DynamoDbCdcSource_0',
  'connector.class': 'DynamoDbCdcSource',
  'dynamodb.service.endpoint': 'https://dynamodb.us-west-2.amazonaws.com',
  'dynamodb.table.includelist': 'orders, users',
  'schema.registry.url': 'https://sr.example',
}
/** As the service gives it back, every property named. */
const complete = {
  ...shortest,
  'kafka.auth.mode': 'KAFKA_API_KEY',
  'kafka.api.key': 'KEY1',
  'kafka.api.secret': 'canary-api-secret',
  'schema.context.name': 'default',
  'authentication.method': 'Access Keys',
  'aws.access.key.id': 'AKIAIOSFODNN7EXAMPLE',
  'aws.secret.access.key': 'canary/secret',
  'output.data.format': 'AVRO',
  'output.data.key.format': 'AVRO',
  'document.content.format': 'json_string',
  'document.schema.source': 'user_provided',
  'document.schema.validation': 'strict',
  'decimal.handling.mode': 'double',
  'dynamodb.table.sync.mode': 'SNAPSHOT_CDC',
  'dynamodb.table.discovery.mode': 'INCLUDELIST',
  'dynamodb.snapshot.max.poll.records': '1000',
  'dynamodb.snapshot.max.rcu.percentage': '50',
  'max.batch.size': '1000',
  'poll.linger.ms': '5000',
  'dynamodb.cdc.checkpointing.table.prefix': 'connect-KCL-',
  'dynamodb.cdc.checkpointing.table.read.capacity': '50',
  'dynamodb.cdc.checkpointing.table.write.capacity': '50',
  'dynamodb.cdc.table.billing.mode': 'PROVISIONED',
  'dynamodb.cdc.max.poll.records': '5000',
  'cdc.start.position.timestamp.format': "yyyy-MM-dd'T'HH:mm:ss'Z'",
  'tasks.max': '1',
  'errors.tolerance': 'none',
  'auto.restart.on.user.error': 'true',
  'datapreview.schemas.enable': 'false',
  'secret.manager.enabled': 'false',
  'value.converter.auto.register.schemas': 'true',
  'value.converter.value.subject.name.strategy': 'TopicNameStrategy',
  'value.converter.value.schema.id.serializer': 'io.confluent.kafka.serializers.schema.id.PrefixSchemaIdSerializer',
  'key.converter.key.schema.id.serializer': 'io.confluent.kafka.serializers.schema.id.PrefixSchemaIdSerializer',
  'value.converter.decimal.format': 'BASE64',
}
const schemas = { 'format.schemas': 'orders=o.avsc,users=u.avsc', 'document.content.format': 'schema' }

function withProperties(others: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...shortest, ...others })
}

/** With the files of schemas that cannot be read here. */
function messageOf(others: Readonly<Record<string, unknown>>): string {
  return failureOf(withProperties(others), { env }).message
}

describe("the file of Confluent's managed connector", () => {
  it('is a pipeline of its tables', () => {
    const config = loadConnector(JSON.stringify(complete), { env })
    expect(config).toMatchObject({
      pipeline: 'dynamodbcdcsource_0',
      source: { type: 'dynamodb-streams', region: 'us-west-2', tables: ['orders', 'users'], endpoint: undefined },
      topic: { name: '{table}' },
      snapshot: { mode: 'initial', capacity: { kind: 'share', share: 0.5 } },
      recordSchemas: { key: 'avro', value: 'avro', item: 'json-string', json: 'dynamodb', idPlace: 'prefix' },
      kafka: { sasl: { mechanism: 'PLAIN', username: 'KEY1' } },
      errors: { tolerance: 'none' },
    })
    expect(JSON.stringify(config)).not.toContain('canary')
    expect(config.source.accessKey?.secret.reveal()).toBe('canary/secret')
    const about = config.notes.join('\n')
    for (const name of ['dynamodb.cdc.checkpointing.table.prefix', 'poll.linger.ms', 'tasks.max', 'decimal.format'])
      expect(about).toContain(name)
    expect(about).toContain('holds every digit of a number: decimal.handling.mode')
  })

  it('needs no more than its tables and a registry', () => {
    expect(loadConnector(JSON.stringify(shortest), { env })).toMatchObject({
      recordSchemas: { key: 'avro', value: 'avro', json: 'dynamodb' },
      snapshot: { mode: 'initial' },
    })
    const { 'schema.registry.url': _, ...without } = shortest
    expect(failureOf(JSON.stringify(without), { env }).message).toContain(
      'format.value: avro needs schema.registry.url',
    )
  })
})

describe('its properties', () => {
  it.each([
    [
      { 'output.data.format': 'PROTOBUF', 'output.data.key.format': 'JSON_SR' },
      { key: 'json-schema', value: 'protobuf' },
    ],
    [{ 'output.data.format': 'JSON_SR' }, { key: 'avro', value: 'json-schema' }],
    [{ 'value.converter.value.schema.id.serializer': 'HeaderSchemaIdSerializer' }, { idPlace: 'header' }],
    [{ 'value.converter.value.subject.name.strategy': 'RecordNameStrategy' }, { subjects: { value: 'record' } }],
    [{ 'format.item': 'typed' }, { item: 'typed', json: 'plain' }],
  ])('say how records are written: %j', (properties, expected) => {
    const config = loadConnector(withProperties(properties), { env })
    expect(config.recordSchemas).toMatchObject(expected)
    expect(config.notes).toEqual(["the pipeline is called dynamodbcdcsource_0, after the connector's name"])
  })

  it('leave plain JSON to the words of a pipeline', () => {
    const config = loadConnector(withProperties({ 'format.value': 'json' }), { env })
    expect(config.recordSchemas).toMatchObject({ key: 'json', value: 'json' })
  })

  it.each([
    ['https://dynamodb.eu-central-1.amazonaws.com', 'eu-central-1', undefined],
    ['dynamodb.eu-central-1.amazonaws.com', 'eu-central-1', undefined],
    ['https://dynamodb.cn-north-1.amazonaws.com.cn/', 'cn-north-1', undefined],
    ['https://dynamodb-fips.us-east-1.amazonaws.com', 'us-east-1', 'https://dynamodb-fips.us-east-1.amazonaws.com'],
    [
      'https://123456789012.ddb.us-east-1.amazonaws.com',
      'us-east-1',
      'https://123456789012.ddb.us-east-1.amazonaws.com',
    ],
    [
      'https://vpce-1.dynamodb.us-east-1.vpce.amazonaws.com',
      'us-east-1',
      'https://vpce-1.dynamodb.us-east-1.vpce.amazonaws.com',
    ],
    ['http://localhost:8000', 'sa-east-1', 'http://localhost:8000'],
  ])('say where DynamoDB is: %s', (endpoint, region, ours) => {
    const text = withProperties({ 'dynamodb.service.endpoint': endpoint })
    const { source } = loadConnector(text, { env: { ...env, AWS_REGION: 'sa-east-1' } })
    expect(source).toMatchObject({ region, endpoint: ours })
  })

  it.each([
    [{ 'dynamodb.table.sync.mode': 'SNAPSHOT' }, { 'snapshot.mode': 'only' }],
    [{ 'dynamodb.table.sync.mode': 'CDC' }, { 'snapshot.mode': 'never', 'source.start': 'TRIM_HORIZON' }],
    [
      { 'dynamodb.table.sync.mode': 'CDC', 'dynamodb.cdc.initial.stream.position': 'LATEST' },
      { 'source.start': 'LATEST' },
    ],
    [
      {
        'dynamodb.table.sync.mode': 'CDC',
        'dynamodb.cdc.initial.stream.position': 'AT_TIMESTAMP',
        'cdc.start.position.timestamp': '2026-01-31T12:00:00Z',
      },
      { 'source.start': '2026-01-31T12:00:00.000Z' },
    ],
    [
      {
        'dynamodb.table.sync.mode': 'CDC',
        'dynamodb.cdc.initial.stream.position': 'AT_TIMESTAMP',
        'cdc.start.position.timestamp': '31/01/2026 13:00 +01:00',
        'cdc.start.position.timestamp.format': 'dd/MM/yyyy HH:mm XXX',
      },
      { 'source.start': '2026-01-31T12:00:00.000Z' },
    ],
    [
      {
        'dynamodb.table.discovery.mode': 'TAG',
        'dynamodb.table.includelist': '',
        'dynamodb.table.tag.filters': 'stage:dev,test; team:shop',
        'aws.resource.tagging.endpoint': 'https://tagging.us-west-2.amazonaws.com',
      },
      {
        'source.tables': ['*'],
        'source.tables.tags': ['stage=dev|test', 'team=shop'],
        'source.tagging.endpoint': 'https://tagging.us-west-2.amazonaws.com',
      },
    ],
    [{ 'dynamodb.snapshot.max.rcu.percentage': 20 }, { 'snapshot.read.capacity': '20%' }],
  ])('%j', (properties, expected) => {
    expect(loadConnector(withProperties(properties), { env }).values).toMatchObject(expected)
  })

  it.each([
    [{ 'dynamodb.cdc.initial.stream.position': 'LATEST' }, 'since dynamodb.table.sync.mode is not CDC'],
    [{ 'dynamodb.table.tag.filters': 'a:b' }, 'since dynamodb.table.discovery.mode is INCLUDELIST'],
    [{ 'decimal.handling.mode': 'double' }, 'holds every digit of a number'],
    [{ 'document.schema.value': '{"canary":1}' }, 'since document.content.format is json_string'],
    [{ 'dynamodb.cdc.checkpointing.table.prefix': 'p' }, 'positions are kept in ledger.topic'],
  ])('tell what has no effect: %j', (properties, expected) => {
    const { notes } = loadConnector(withProperties(properties), { env })
    expect(notes).toHaveLength(2)
    expect(notes.join('\n')).toContain(expected)
    expect(notes.join('\n')).not.toContain('canary')
  })

  it.each([
    [{ 'dynamodb.table.includelist': null }, 'dynamodb.table.includelist is missing'],
    [{ 'dynamodb.table.sync.mode': 'BOTH' }, 'must be one of SNAPSHOT_CDC, SNAPSHOT, CDC'],
    [{ 'dynamodb.table.discovery.mode': 'LIST' }, 'must be INCLUDELIST or TAG'],
    [{ 'dynamodb.table.discovery.mode': 'TAG' }, 'dynamodb.table.tag.filters is missing'],
    [
      { 'dynamodb.table.discovery.mode': 'TAG', 'dynamodb.table.tag.filters': 'a:b:c' },
      'must be keys with their values',
    ],
    [{ 'dynamodb.table.discovery.mode': 'TAG', 'dynamodb.table.tag.filters': 'a' }, 'must be keys with their values'],
    [{ 'dynamodb.snapshot.max.rcu.percentage': '0' }, 'must be a whole number from 1 to 100'],
    [{ 'dynamodb.service.endpoint': 'http://' }, 'must be an http or https URL'],
    [{ 'document.content.format': 'schema' }, 'write document.schema.value into a file, and set format.schemas'],
    [{ 'document.content.format': 'schema', 'document.schema.source': 'auto_infer' }, 'is to be inferred'],
    [{ 'document.content.format': 'xml' }, 'must be json_string or schema'],
    [{ 'output.data.format': 'BSON' }, 'output.data.format is no converter for changes of tables'],
    [{ 'value.converter.value.schema.id.serializer': 'x.Mine' }, 'must be PrefixSchemaIdSerializer or Header'],
    [{ 'secret.manager.enabled': 'true' }, 'secret.manager.enabled must be false'],
    [
      { 'dynamodb.table.sync.mode': 'CDC', 'dynamodb.cdc.initial.stream.position': 'AT_TIMESTAMP' },
      'cdc.start.position.timestamp is missing',
    ],
    [
      {
        'dynamodb.table.sync.mode': 'CDC',
        'dynamodb.cdc.initial.stream.position': 'AT_TIMESTAMP',
        'cdc.start.position.timestamp': 'yesterday',
      },
      'cdc.start.position.timestamp must be a time as',
    ],
    [
      {
        'dynamodb.table.sync.mode': 'CDC',
        'dynamodb.cdc.initial.stream.position': 'AT_TIMESTAMP',
        'cdc.start.position.timestamp': '1 Jan 2026',
        'cdc.start.position.timestamp.format': 'd MMM yyyy',
      },
      'cdc.start.position.timestamp.format must be a pattern of digits',
    ],
  ])('are refused with %j', (properties, expected) => {
    const message = messageOf(properties)
    expect(message).toContain(expected)
    expect(message.split('\n')).toHaveLength(1)
  })

  it('go with declared schemas, whose files say the types', () => {
    const message = messageOf({
      ...schemas,
      'document.schema.validation': 'lenient',
      'decimal.handling.mode': 'double',
      'document.schema.value': '{}',
    })
    // Nothing else is wrong.
    expect(
      message
        .split('\n')
        .slice(1)
        .map((line) => line.trim()),
    ).toEqual([
      'line 1: format.schemas: the file of table orders cannot be read',
      'line 1: format.schemas: the file of table users cannot be read',
    ])
    expect(messageOf({ ...schemas, 'decimal.handling.mode': 'float' })).toContain('must be one of double, long')
  })
})
