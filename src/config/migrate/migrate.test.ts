import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { loadConnector } from '../../../test/fixtures/load-connector.ts'
import { TailraceError } from '../../errors.ts'
import type { PipelineConfig } from '../pipeline-config.ts'
import type { MigrationSource } from './differences.ts'
import { migrate } from './migrate.ts'
import type { Migration } from './migrate.ts'

const seed = readFileSync(
  new URL('../../../test/fixtures/connect/dynamodb-source-connector.json', import.meta.url),
  'utf8',
)
const confluent = {
  name: 'orders',
  'connector.class': 'DynamoDbCdcSource',
  'dynamodb.service.endpoint': 'https://dynamodb.us-west-2.amazonaws.com',
  'dynamodb.table.includelist': 'orders,users',
  'aws.access.key.id': '${file:/opt/s.properties:id}',
  'aws.secret.access.key': 'canary/secret',
  'kafka.endpoint': 'SASL_SSL://broker:9092',
  'kafka.api.key': 'KEY1',
  'kafka.api.secret': 'canary-api-secret',
  'schema.registry.url': 'https://sr.example',
}
const redpanda = `
http: {address: 0.0.0.0:4195}
input:
  label: cdc
  aws_dynamodb_cdc:
    tables: [orders, users]
    table_discovery_mode: includelist
    table_discovery_interval: 1m30s
    checkpoint_table: redpanda_dynamodb_checkpoints
    start_from: latest
    snapshot_mode: snapshot_and_cdc
    snapshot_segments: 8
    region: \${CDC_REGION:eu-west-1}
    credentials: {id: AKIAIOSFODNN7EXAMPLE, secret: canary/secret}
pipeline:
  processors:
    - mapping: root = this
output:
  kafka_franz:
    seed_brokers: [b1:9092, b2:9092]
    topic: 'cdc.\${! meta("dynamodb_table") }'
    tls: {enabled: true}
    sasl: [{mechanism: PLAIN, username: u, password: canary}]
    metadata: {include_patterns: ['.*']}
`

function moved(text: string, from: MigrationSource, name = 'file.json'): Migration {
  return migrate({ text, path: `/etc/${name}` }, from)
}

function asPipeline({ properties }: Migration, env = {}): PipelineConfig {
  return loadConnector(stringify(properties), { path: '/etc/pipeline.yaml', env })
}

function refusalOf(text: string, from: MigrationSource): string {
  try {
    moved(text, from)
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'CONFIG_INVALID') return error.message
    throw error
  }
  throw new Error('nothing was thrown')
}

describe("Trustpilot's file", () => {
  it('becomes a pipeline file that says the same', () => {
    const migration = moved(seed, 'trustpilot', 'dynamodb-source-connector.json')
    expect(migration.properties).toEqual({
      pipeline: 'dynamodb-source-connector',
      'source.region': 'eu-west-1',
      'source.tables.tags': ['datalake-ingest', 'environment=dev'],
      'source.tables.rediscovery.ms': 60_000,
      'snapshot.mode': 'when_needed',
      'topic.name': 'dynamodb-{table}',
    })
    expect(migration.open).toEqual([])
    expect(migration.differences.join('\n')).toContain('`format.envelope: trustpilot`')
    expect(migration.notes.at(-1)).toContain('how Kafka is reached is not in the file')
    const env = { KAFKA_BOOTSTRAP_SERVERS: 'b:9092' }
    const path = '/etc/dynamodb-source-connector.json'
    expect(asPipeline(migration, env).values).toEqual(loadConnector(seed, { env, path }).values)
  })

  it('is not told of the old envelope where it has asked for it', () => {
    const text = seed.replace('{', '{"envelope": "trustpilot",')
    const { properties, differences } = moved(text, 'trustpilot')
    expect(properties).toMatchObject({ 'format.envelope': 'trustpilot' })
    expect(differences.join('\n')).not.toContain('format.envelope')
  })

  it('names what is wrong with it, beside what is taken over', () => {
    const text = seed.replace('"dynamodb.table.whitelist": ""', '"dynamodb.table.whitelst": "a", "init.sync.skip": "?"')
    const { open, properties } = moved(text, 'trustpilot')
    expect(open).toHaveLength(2)
    expect(open[0]).toContain('dynamodb.table.whitelst is no property of')
    expect(open[1]).toContain('init.sync.skip must be')
    expect(properties).toMatchObject({ 'topic.name': 'dynamodb-{table}' })
  })
})

describe("Confluent's file", () => {
  it('gives its secrets to variables, and keeps its references, which are allowed', () => {
    const migration = moved(JSON.stringify(confluent), 'confluent')
    expect(migration.properties).toMatchObject({
      'secrets.allow': ['env:TAILRACE_*', 'env:KAFKA_*', 'env:SR_*', 'file:/opt/s.properties'],
      'source.region': 'us-west-2',
      'source.tables': ['orders', 'users'],
      'source.access.key.id': '${file:/opt/s.properties:id}',
      'source.secret.access.key': '${env:TAILRACE_SOURCE_SECRET_ACCESS_KEY}',
      'format.value': 'avro',
      'kafka.bootstrap.servers': 'SASL_SSL://broker:9092',
      'kafka.sasl.username': 'KEY1',
      'kafka.sasl.password': '${env:KAFKA_SASL_PASSWORD}',
    })
    expect(JSON.stringify(migration)).not.toContain('canary')
    expect(migration.notes.join('\n')).toContain('TAILRACE_SOURCE_SECRET_ACCESS_KEY for source.secret.access.key')
    expect(migration.open).toEqual([])
  })

  it('says what the service knew and a pipeline does not', () => {
    const { 'schema.registry.url': _, ...without } = confluent
    expect(moved(JSON.stringify(without), 'confluent').open).toEqual([
      'the connector: format.value: avro needs schema.registry.url',
    ])
  })

  it('may be that of a Kinesis stream', () => {
    const kinesis = { 'connector.class': 'KinesisSource', 'kafka.topic': 't', 'kinesis.stream': 's' }
    const { properties, open, differences } = moved(
      JSON.stringify({ ...kinesis, 'kinesis.region': 'eu-west-1' }),
      'confluent',
    )
    expect(properties).toMatchObject({ 'source.type': 'kinesis', 'source.kinesis.deaggregate': false })
    expect([open, differences.length]).toEqual([[], 2])
  })
})

describe('a pipeline of Redpanda Connect', () => {
  const migration = moved(redpanda, 'redpanda-connect', 'orders.yaml')

  it('becomes one of ours, by its input and its output', () => {
    expect(migration.properties).toEqual({
      pipeline: 'orders',
      'secrets.allow': ['env:TAILRACE_*', 'env:KAFKA_*', 'env:SR_*', 'env:CDC_REGION'],
      'source.region': '${env:CDC_REGION}',
      'source.tables': ['orders', 'users'],
      'source.tables.rediscovery.ms': 90_000,
      'source.start': 'LATEST',
      'source.access.key.id': '${env:TAILRACE_SOURCE_ACCESS_KEY_ID}',
      'source.secret.access.key': '${env:TAILRACE_SOURCE_SECRET_ACCESS_KEY}',
      'snapshot.mode': 'initial',
      'snapshot.segments': 8,
      'topic.name': 'cdc.{table}',
      'kafka.bootstrap.servers': 'b1:9092,b2:9092',
      'kafka.security.protocol': 'SSL',
    })
    const env = {
      CDC_REGION: 'eu-west-1',
      TAILRACE_SOURCE_ACCESS_KEY_ID: 'AKIA',
      TAILRACE_SOURCE_SECRET_ACCESS_KEY: 's',
    }
    expect(asPipeline(migration, env)).toMatchObject({
      source: { region: 'eu-west-1' },
      topic: { name: 'cdc.{table}' },
    })
  })

  it('names everything that is not taken over, and no secret', () => {
    expect(migration.open.map((text) => text.replace(/^line \d+: /, '')).toSorted()).toEqual([
      'output.kafka_franz.metadata.include_patterns is not taken over',
      'output.kafka_franz.sasl is not taken over: set kafka.sasl.mechanism and the rest',
      'pipeline.processors is not taken over',
    ])
    const notes = migration.notes.join('\n')
    expect(notes).toContain('has properties of its own for it: http.address')
    expect(notes).toContain('defaults of variables are not taken over: input.aws_dynamodb_cdc.region')
    expect(notes).toContain('input.aws_dynamodb_cdc.checkpoint_table')
    expect(JSON.stringify(migration)).not.toContain('canary')
  })

  it.each([
    ['table_discovery_mode: tag, table_tag_filter: "a:b,c"', { 'source.tables.tags': ['a=b|c'] }],
    ['tables: [a12], table_discovery_interval: 0', { 'snapshot.mode': 'never' }],
    ['tables: [a12], snapshot_mode: snapshot_only', { 'snapshot.mode': 'only' }],
  ])('{%s}', (fields, expected) => {
    const { properties, open } = moved(`input: {aws_dynamodb_cdc: {region: eu-west-1, ${fields}}}`, 'redpanda-connect')
    expect(properties).toMatchObject(expected)
    expect(open).toEqual([])
  })

  it.each([
    ['tables: [a12], snapshot_mode: all', 'snapshot_mode must be one of'],
    ['tables: [a12], start_from: now', 'start_from must be'],
    ['tables: [a12], table_discovery_interval: soon', 'must be a duration'],
    ['tables: [a12], credentials: {profile: p}', 'set AWS_PROFILE'],
    ['table_discovery_mode: tag', 'table_tag_filter must be'],
    ['table_discovery_mode: all', 'table_discovery_mode must be one of'],
    ['tables: []', 'tables is missing'],
    ['tables: [a12], region: Europe', 'source.region must be an AWS region'],
  ])('{%s} is not understood', (fields, expected) => {
    const text = `input: {aws_dynamodb_cdc: {${fields.includes('region') ? '' : 'region: eu-west-1, '}${fields}}}`
    const { open } = moved(text, 'redpanda-connect')
    expect(open).toHaveLength(1)
    expect(open[0]).toContain(expected)
  })

  it('goes to one topic where it says so', () => {
    const text = 'input: {aws_dynamodb_cdc: {tables: [a12, b12], region: eu-west-1}}\noutput: {redpanda: {topic: all}}'
    expect(moved(text, 'redpanda-connect').properties).toMatchObject({ 'topic.name': 'all', 'topic.shared': true })
    const other = text.replace('topic: all', `topic: '\${! meta("x") }'`)
    expect(moved(other, 'redpanda-connect').open[0]).toContain('is made of more than the name of the table')
  })
})

it('is refused for the file of another product', () => {
  expect(refusalOf(seed, 'confluent')).toContain('connector.class must be one of DynamoDbCdcSource, KinesisSource')
  expect(refusalOf(JSON.stringify(confluent), 'trustpilot')).toContain('is no file of trustpilot')
  expect(refusalOf('pipeline: shop', 'trustpilot')).toContain('is no file of trustpilot')
  expect(refusalOf('input: {kafka: {topics: [a]}}', 'redpanda-connect')).toContain('no input aws_dynamodb_cdc')
})
