import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { failureOf, loadConnector } from '../../../test/fixtures/load-connector.ts'

const seed = readFileSync(new URL('../../../test/fixtures/connect/kinesis-source.json', import.meta.url), 'utf8')
/** The file with its placeholders filled in. */
const filled = seed
  .replace('<my-kafka-api-key>', 'KEY1')
  .replace('<my-kafka-api-secret>', 'canary-api-secret')
  .replace('<my-aws-access-key>', 'AKIAIOSFODNN7EXAMPLE')
  .replace('<my-aws-access-key-secret>', 'canary/aws+secret')
  .replace('<my-aws-region>', 'eu-west-1')
const env = { KAFKA_BOOTSTRAP_SERVERS: 'pkc-1.confluent.cloud:9092' }

const selfManaged = {
  name: 'events',
  'connector.class': 'io.confluent.connect.kinesis.KinesisSourceConnector',
  'kafka.topic': 'events',
  'kinesis.stream': 'clicks',
}
const shortest = JSON.stringify(selfManaged)

function withProperties(others: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...selfManaged, ...others })
}

describe('the file of a managed connector', () => {
  it('is a pipeline of raw records', () => {
    const config = loadConnector(filled, { env })
    expect(config).toMatchObject({
      pipeline: 'confluent-kinesis-source',
      delivery: 'exactly_once',
      source: {
        type: 'kinesis',
        region: 'eu-west-1',
        stream: 'my-kinesis-stream',
        records: 'raw',
        start: { kind: 'timestamp', atMs: 1_590_692_978_237 },
        deaggregates: false,
        repair: { isOn: false },
      },
      snapshot: { mode: 'never' },
      topic: { name: 'kinesis-testing' },
      kafka: { brokers: ['pkc-1.confluent.cloud:9092'], sasl: { mechanism: 'PLAIN', username: 'KEY1' } },
      notes: ['without effect, since shards are spread over all workers that run: tasks.max'],
    })
    expect(config.kafka.tls).toMatchObject({ isVerified: true, isHostNameChecked: true })
    expect(config.source.accessKey?.secret.reveal()).toBe('canary/aws+secret')
    expect(config.secrets.map((secret) => secret.reveal()).toSorted()).toEqual([
      'AKIAIOSFODNN7EXAMPLE',
      'canary-api-secret',
      'canary/aws+secret',
    ])
    expect(JSON.stringify(config)).not.toContain('canary')
  })

  it('says by their names which of its placeholders are left', () => {
    expect(failureOf(seed).message).toBe(`/etc/tailrace/connector.json has 6 problems:
  line 5 (kafka.api.key): kafka.sasl.username still holds the placeholder of the text it was pasted from
  line 6 (kafka.api.secret): kafka.sasl.password still holds the placeholder of the text it was pasted from
  line 8 (aws.access.key.id): source.access.key.id must be the id of an access key
  line 9 (aws.secret.key.id): source.secret.access.key must be the secret of an access key
  line 11 (kinesis.region): source.region must be an AWS region, such as \`eu-west-1\`
  kafka.bootstrap.servers is missing; a Connect worker's file (--worker) or KAFKA_BOOTSTRAP_SERVERS can name it, too`)
  })

  it('may stand in the form of the REST API, with what its answers hold besides', () => {
    const { name, ...config } = JSON.parse(filled) as Record<string, string>
    const tasks = [{ connector: name, task: 0 }]
    const answer = JSON.stringify({ name, config: { name, ...config }, tasks, type: 'source' }, undefined, '\t')
    expect(JSON.stringify(loadConnector(answer, { env }))).toBe(JSON.stringify(loadConnector(filled, { env })))
    expect(failureOf(JSON.stringify({ name: 'other', config: { name, ...config } }), { env }).message).toContain(
      'name is given again',
    )
  })

  it('needs its region, stream and topic', () => {
    const { message, code } = failureOf('{"connector.class": "KinesisSource", "name": "x"}', { env })
    expect(code).toBe('CONFIG_INVALID')
    expect(message).toBe(`/etc/tailrace/connector.json has 3 problems:
  kinesis.stream is missing
  kafka.topic is missing
  kinesis.region is missing`)
  })
})

describe('other forms of a file', () => {
  it('may be properties, as a standalone worker takes them', () => {
    const lines = Object.entries({ ...selfManaged, 'kinesis.record.limit': '7' }).map(
      ([name, value]) => `${name}=${value}`,
    )
    const path = '/etc/clicks.properties'
    const config = loadConnector(`# a comment\n${lines.join('\n')}`, { env, path })
    expect(config).toMatchObject({ pipeline: 'events', source: { stream: 'clicks', recordLimit: 7 } })
    const { message } = failureOf(`${lines.join('\n')}\nkinesis.regin: x\n`, { env, path })
    expect(message).toContain('line 6: kinesis.regin is no property of')
  })

  it('may be any JSON: with tabs, escapes, and characters beyond the basic plane', () => {
    const text = `{\r\n\t"name"\t:\t"e\\u0076ents","x": null,
\t"kinesis.base.url":"http:\\/\\/localhost:4567", "kinesis.credentials.provider.class": "\\ud83d\\ude00",\n"a": "b"}`
    const others = shortest.slice(1, -1).replace('"name":"events",', '')
    const config = loadConnector(text.replace('"x": null', others).replace(',\n"a": "b"', ''), { env })
    expect(config).toMatchObject({ pipeline: 'events', source: { kinesisEndpoint: 'http://localhost:4567' } })
  })
})

describe('names', () => {
  it.each([
    ['My Connector (1)', 'my-connector-1'],
    ['orders_v2', 'orders_v2'],
  ])('%s becomes the pipeline %s', (name, pipeline) => {
    const { notes, ...config } = loadConnector(withProperties({ name }), { env })
    expect(config.pipeline).toBe(pipeline)
    expect(notes.some((note) => note.includes(`called ${pipeline}`))).toBe(name !== pipeline)
  })

  it('are that of the file where the connector has none', () => {
    const { name: _, ...nameless } = selfManaged
    const config = loadConnector(JSON.stringify(nameless), { env, path: '/etc/Clicks.v1.json' })
    expect(config.pipeline).toBe('clicks.v1')
    expect(loadConnector(JSON.stringify({ ...nameless, pipeline: 'mine' }), { env }).pipeline).toBe('mine')
    const { message } = failureOf(JSON.stringify(nameless), { env, path: '/etc/ü.json' })
    expect(message).toContain("name is missing, and the file's name gives no name for a pipeline")
    expect(failureOf(withProperties({ name: 'x'.repeat(62) }), { env }).message).toContain('name gives no name')
  })
})

describe('what stays as it is meant', () => {
  it('has the defaults of the connector', () => {
    expect(loadConnector(shortest, { env: { ...env, AWS_REGION: 'eu-west-1' } }).source).toMatchObject({
      region: 'us-east-1',
      start: { kind: 'trim-horizon' },
      deaggregates: false,
    })
  })

  it.each([
    [{ 'kinesis.position': 'LATEST' }, { source: { start: { kind: 'latest' } } }],
    [{ 'kinesis.shard.id': 'shardId-0+[12]' }, { source: { shardIds: /^(?:shardId-0+[12])$/u } }],
    [{ 'kinesis.record.limit': 500 }, { source: { recordLimit: 500 } }],
    [{ 'kinesis.record.deaggregation.enable': true }, { source: { deaggregates: true } }],
    [{ 'kinesis.record.deaggregation.enable': 'TRUE' }, { source: { deaggregates: true } }],
    [{ 'kinesis.empty.records.backoff.ms': '5000' }, { pollIdleMaxMs: 5_000 }],
    [{ 'kinesis.base.url': 'http://localhost:4567' }, { source: { kinesisEndpoint: 'http://localhost:4567' } }],
    [{ 'kinesis.base.url': '', 'kinesis.proxy.url': ' ', 'kinesis.region': null }, { source: { region: 'us-east-1' } }],
    [{ 'topic.creation.default.partitions': 3 }, { topic: { partitions: 3 } }],
    [{ 'errors.tolerance': 'all' }, { errors: { tolerance: 'all' } }],
    [{ 'producer.override.compression.type': 'zstd' }, { kafka: { compression: 'zstd' } }],
    [{ 'value.converter': 'org.apache.kafka.connect.converters.ByteArrayConverter' }, {}],
    [{ 'output.data.format': 'BYTES' }, {}],
    [
      { 'kinesis.credentials.provider.sts.role.arn': 'arn:aws:iam::123456789012:role/r' },
      { source: { role: { arn: 'arn:aws:iam::123456789012:role/r' } } },
    ],
  ])('%j', (properties, expected) => {
    const config = loadConnector(withProperties(properties), { env })
    expect(config).toMatchObject(expected)
    expect(config.notes).toEqual([])
  })

  it.each([
    ['kinesis.shard.timestamp', 1_590_692_978_237],
    ['kinesis.shard.timestamp', '1590692978237'],
    ['kinesis.shard.timestamp.ms', '1590692978237'],
    ['kinesis.shard.timestamp', '2020-05-28T19:09:38.237Z'],
    ['kinesis.shard.timestamp.ms', '2020-05-28T21:09:38.237+02:00'],
  ])('%s: %s', (name, value) => {
    const { source } = loadConnector(withProperties({ 'kinesis.position': 'AT_TIMESTAMP', [name]: value }), { env })
    expect(source.start).toEqual({ kind: 'timestamp', atMs: 1_590_692_978_237 })
  })
})

describe('changes of tables', () => {
  const changes = { ...selfManaged, records: 'dynamodb' }

  it('go to the one topic, if nothing else is said', () => {
    const config = loadConnector(JSON.stringify(changes), { env })
    expect(config).toMatchObject({
      source: { records: 'dynamodb', tables: ['*'], deaggregates: true, repair: { isOn: true } },
      topic: { name: 'events', isShared: true },
    })
    const wanted = { ...changes, 'topic.name': 'shop.{table}', 'source.tables': 'orders' }
    const other = loadConnector(JSON.stringify(wanted), { env })
    expect(other).toMatchObject({ source: { tables: ['orders'] }, topic: { name: 'shop.{table}', isShared: false } })
    expect(other.notes).toEqual(['without effect, since topic.name is set: kafka.topic'])
    const { 'kafka.topic': _, ...without } = changes
    expect(loadConnector(JSON.stringify(without), { env }).topic.name).toBe('{prefix}.{table}')
  })

  it('are switched on by the name of ours, too', () => {
    const { records: _, ...others } = changes
    const text = JSON.stringify({ ...others, 'source.kinesis.records': 'dynamodb', 'source.kinesis.late': 'drop' })
    expect(loadConnector(text, { env }).source).toMatchObject({ records: 'dynamodb', late: 'drop' })
  })

  it('are written by the converters of the file', () => {
    const json = { 'value.converter': 'org.apache.kafka.connect.json.JsonConverter' }
    expect(loadConnector(JSON.stringify({ ...changes, ...json }), { env }).format.hasSchema).toBe(true)
    const without = { ...changes, ...json, 'value.converter.schemas.enable': 'false' }
    expect(loadConnector(JSON.stringify(without), { env }).format.hasSchema).toBe(false)
    const avro = {
      'value.converter': 'io.confluent.connect.avro.AvroConverter',
      'value.converter.schema.registry.url': 'https://sr.example',
      'value.converter.basic.auth.user.info': 'u:canary-registry',
      'value.converter.enhanced.avro.schema.support': true,
      'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'key.converter.schemas.enable': false,
    }
    const config = loadConnector(JSON.stringify({ ...changes, ...avro }), { env })
    expect(config.recordSchemas).toMatchObject({ key: 'json', value: 'avro' })
    expect(config.registry).toMatchObject({ credentials: { kind: 'basic', username: 'u' } })
    expect(config.notes).toEqual(['without effect: value.converter.enhanced.avro.schema.support'])
    const other = { ...changes, 'value.converter': 'org.apache.kafka.connect.storage.StringConverter' }
    expect(failureOf(JSON.stringify(other), { env }).message).toContain('value.converter is no converter for changes')
  })
})

describe('what has no effect', () => {
  it.each([
    [{ 'tasks.max': 4 }, 'shards are spread over all workers that run: tasks.max'],
    [{ 'exactly.once.support': 'required' }, 'exactly.once.support'],
    [
      { 'confluent.license': 'canary', 'confluent.topic.bootstrap.servers': 'b:1' },
      'confluent.topic.bootstrap.servers',
    ],
    [{ 'authentication.method': 'IAM Roles' }, 'authentication.method: IAM Roles is without effect'],
    [{ 'provider.integration.id': 'cspi-1' }, 'provider.integration.id'],
    [{ 'kafka.auth.mode': 'SERVICE_ACCOUNT' }, 'kafka.auth.mode'],
    [{ 'kinesis.shard.timestamp': 1_590_692_978_237 }, 'kinesis.position is not AT_TIMESTAMP'],
    [{ 'kinesis.empty.records.backoff.ms': 600_000 }, 'is taken for 60000'],
    [{ 'kinesis.credentials.provider.class': 'com.acme.Vault' }, 'kinesis.credentials.provider.class'],
    [
      { 'topic.creation.groups': 'a', 'topic.creation.a.include': 'x' },
      'topic.creation.groups, topic.creation.a.include',
    ],
    [{ 'value.converter.schemas.enable': 'false' }, 'written byte for byte: value.converter.schemas.enable'],
    [{ 'topic.name': 'mine' }, 'without effect, since topic.name is set: kafka.topic'],
    [{ 'source.start': 'LATEST', 'kinesis.position': 'TRIM_HORIZON' }, 'since source.start is set: kinesis.position'],
  ])('is told of %j', (properties, expected) => {
    const { notes } = loadConnector(withProperties(properties), { env })
    expect(notes).toHaveLength(1)
    expect(notes[0]).toContain(expected)
    expect(notes[0]).not.toContain('canary')
  })
})

describe('what cannot be done', () => {
  it.each([
    [{ 'kinesis.positon': 'LATEST' }, 'line 1: kinesis.positon is no property of', 'did you mean kinesis.position?'],
    [{ 'kafka.topik': 'x' }, 'kafka.topik is no property of', 'did you mean kafka.topic?'],
    [{ 'kafka.group.id': 'x' }, 'kafka.group.id must not be set'],
    [{ 'kinesis.record.limit': 0 }, 'line 1 (kinesis.record.limit): source.kinesis.record.limit must be'],
    [{ 'kinesis.record.deaggregation.enable': 1 }, 'kinesis.record.deaggregation.enable must be `true` or `false`'],
    [{ 'kinesis.position': 'NOW' }, 'kinesis.position must be one of'],
    [
      { 'kinesis.position': 'AT_TIMESTAMP' },
      'kinesis.position is AT_TIMESTAMP, and kinesis.shard.timestamp is missing',
    ],
    [{ 'kinesis.position': 'AT_TIMESTAMP', 'kinesis.shard.timestamp': 1_590_692_978 }, '(seconds?)'],
    [{ 'kinesis.position': 'AT_TIMESTAMP', 'kinesis.shard.timestamp': '2020-05-28' }, 'or a time with its offset'],
    [
      { 'kinesis.position': 'AT_TIMESTAMP', 'kinesis.shard.timestamp': 1e12, 'kinesis.shard.timestamp.ms': 2e12 },
      'kinesis.shard.timestamp.ms says otherwise than kinesis.shard.timestamp',
    ],
    [{ 'kinesis.shard.id': '(' }, 'line 1 (kinesis.shard.id): source.kinesis.shard.ids must be'],
    [{ 'kinesis.empty.records.backoff.ms': 100 }, 'kinesis.empty.records.backoff.ms must be a whole number'],
    [{ 'kinesis.proxy.url': 'http://proxy:3128' }, 'kinesis.proxy.url asks for a proxy'],
    [{ 'kafka.topic': '{table}' }, 'for one with placeholders set topic.name'],
    [{ 'aws.access.key.id': 'AKIAIOSFODNN7' }, 'source.access.key.id is set without source.secret.access.key'],
    [{ 'kafka.api.key': 'k' }, 'kafka.api.key is set without kafka.api.secret'],
    [{ 'value.converter': 'io.confluent.connect.avro.AvroConverter' }, 'value.converter would write other bytes'],
    [{ 'output.data.format': 'AVRO' }, 'output.data.format would write other bytes'],
    [{ transforms: 'a', 'transforms.a.type': 'Filter' }, 'transforms has no effect with source.kinesis.records: raw'],
    [{ 'secret.manager.enabled': 'true' }, 'secret.manager.enabled must be false'],
    [{ 'shard.ids': 'a' }, 'shard.ids is what Connect gives to a task'],
    [{ 'producer.override.foo': '1' }, 'line 1 (producer.override.foo): kafka.foo is not a property'],
    [{ 'kinesis.stream': ['a'] }, 'kinesis.stream must be a single value'],
    [{ 'snapshot.mode': 'initial' }, 'snapshot.mode: initial cannot go with source.type: kinesis'],
    [{ 'source.type': 'dynamodb-streams', 'source.tables': 'orders' }, 'is set without source.type: kinesis'],
    [{ 'connector.class': 'com.acme.Source' }, 'connector.class is none of the connectors whose files tailrace runs'],
  ])('is refused: %j', (properties, ...expected) => {
    const { code, message } = failureOf(withProperties(properties), { env })
    expect(code).toBe('CONFIG_INVALID')
    for (const text of expected) expect(message).toContain(text)
  })

  it('is one line for a reference that cannot be resolved', () => {
    const text = withProperties({ 'kinesis.stream': '${env:HOME}', 'kafka.topic': '${env:KAFKA_TOPIC}' })
    const { code, message } = failureOf(text, { env })
    expect(code).toBe('SECRET_UNAVAILABLE')
    expect(message.split('\n')).toHaveLength(3)
    const world = { env: { ...env, KAFKA_TOPIC: 'events', TAILRACE_S: 's' } }
    expect(loadConnector(text.replace('HOME', 'TAILRACE_S'), world).topic.name).toBe('events')
  })
})
