import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { failureOf, loadConnector } from '../../../test/fixtures/load-connector.ts'

const seed = readFileSync(
  new URL('../../../test/fixtures/connect/dynamodb-source-connector.json', import.meta.url),
  'utf8',
)
const env = { KAFKA_BOOTSTRAP_SERVERS: 'broker:9092' }
const shortest = { name: 'lake', 'connector.class': 'com.trustpilot.connector.dynamodb.DynamoDBSourceConnector' }

function withProperties(others: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...shortest, ...others })
}

describe("Trustpilot's own file", () => {
  it('is a pipeline of the tables that have its tags', () => {
    const config = loadConnector(seed, { env, path: '/etc/dynamodb-source-connector.json' })
    expect(config).toMatchObject({
      pipeline: 'dynamodb-source-connector',
      source: { type: 'dynamodb-streams', region: 'eu-west-1', accessKey: undefined, start: { kind: 'trim-horizon' } },
      topic: { name: 'dynamodb-{table}' },
      snapshot: { mode: 'when_needed', capacity: { kind: 'share', share: 0.5 } },
      format: { envelope: 'debezium' },
      kafka: { brokers: ['broker:9092'] },
    })
    expect(config.values['source.tables']).toEqual(['*'])
    expect(config.values['source.tables.tags']).toEqual(['datalake-ingest', 'environment=dev'])
    expect(config.values['source.tables.rediscovery.ms']).toBe(60_000)
    expect(config.values['source.tagging.endpoint']).toBeUndefined()
    expect(config.notes).toEqual([
      'without effect, since positions are kept in ledger.topic; the tables of the KCL can go: kcl.table.billing.mode',
      'without effect, since shards are spread over all workers that run: tasks.max',
      'the pipeline is called dynamodb-source-connector, after its file: the connector has no name',
      'without effect, since a snapshot waits for nothing: init.sync.delay.period',
    ])
  })

  it('takes the address of Kafka from a worker, and may be the body of a request', () => {
    const body = JSON.stringify({ name: 'lake', config: JSON.parse(seed) as unknown })
    const config = loadConnector(body, {
      worker: 'bootstrap.servers=worker:9092\ntask.shutdown.graceful.timeout.ms=1\n',
    })
    expect(config).toMatchObject({ pipeline: 'lake', kafka: { brokers: ['worker:9092'] } })
  })

  it('has the defaults of the connector where it says nothing', () => {
    const config = loadConnector(JSON.stringify(shortest), { env: { ...env, AWS_REGION: 'us-east-1' } })
    expect(config).toMatchObject({ source: { region: 'eu-west-1' }, topic: { name: 'dynamodb-{table}' } })
    expect(config.values['source.tables.tags']).toEqual(['datalake-ingest', 'environment=dev'])
    expect(config.notes).toEqual([])
  })
})

describe('its properties', () => {
  it.each([
    [{ 'aws.region': 'us-east-1' }, { 'source.region': 'us-east-1' }],
    [{ 'dynamodb.table.ingestion.tag.key': 'ingest' }, { 'source.tables.tags': ['ingest', 'environment=dev'] }],
    [
      { 'dynamodb.table.env.tag.key': 'stage', 'dynamodb.table.env.tag.value': 'prod=1' },
      { 'source.tables.tags': ['datalake-ingest', 'stage=prod=1'] },
    ],
    [{ 'dynamodb.table.ingestion.tag.key': 'environment' }, { 'source.tables.tags': ['environment=dev'] }],
    [
      { 'dynamodb.table.whitelist': 'orders, users' },
      { 'source.tables': ['orders', 'users'], 'source.tables.tags': undefined },
    ],
    [{ 'source.tables': 'orders' }, { 'source.tables': ['orders'], 'source.tables.tags': undefined }],
    [{ 'source.tables.tags': 'a' }, { 'source.tables': ['*'], 'source.tables.tags': ['a'] }],
    [{ 'dynamodb.service.endpoint': 'http://localhost:8000' }, { 'source.endpoint': 'http://localhost:8000' }],
    [
      { 'resource.tagging.service.endpoint': 'http://localhost:5000' },
      { 'source.tagging.endpoint': 'http://localhost:5000' },
    ],
    [{ 'kafka.topic.prefix': 'lake.' }, { 'topic.name': 'lake.{table}' }],
    [{ 'kafka.topic.prefix': '' }, { 'topic.name': '{table}' }],
    [{ 'kafka.topic.prefix': ' ' }, { 'topic.name': '{table}' }],
    [{}, { 'topic.name': 'dynamodb-{table}' }],
    [{ 'connect.dynamodb.rediscovery.period': 30_000 }, { 'source.tables.rediscovery.ms': 30_000 }],
    [{ 'aws.assume.role.arn': 'arn:aws:iam::123456789012:role/r' }, { 'source.role.arn': /role\/r/ }],
    [{ 'init.sync.skip': true }, { 'snapshot.mode': 'never', 'source.start': 'LATEST' }],
    [{ 'init.sync.skip': 'FALSE' }, { 'snapshot.mode': 'when_needed' }],
    [{ 'init.sync.disable': 'true' }, { 'snapshot.mode': 'never', 'source.start': 'TRIM_HORIZON' }],
    [{ envelope: 'trustpilot' }, { 'format.envelope': 'trustpilot' }],
    [{ 'snapshot.mode': 'initial' }, { 'snapshot.mode': 'initial' }],
    [
      { 'value.converter': 'org.apache.kafka.connect.json.JsonConverter' },
      { 'format.value': 'json', 'format.schemas.enable': true },
    ],
  ])('%j', (properties, expected) => {
    const { values, notes } = loadConnector(withProperties(properties), { env })
    for (const [name, value] of Object.entries<unknown>(expected)) {
      const found: unknown = Object.entries(values).find(([one]) => one === name)?.[1]
      if (value instanceof RegExp) expect(found).toMatch(value)
      else expect(found).toEqual(value)
    }
    expect(notes).toEqual([])
  })

  it('keep access keys secret', () => {
    const keys = { 'aws.access.key.id': 'AKIAIOSFODNN7EXAMPLE', 'aws.secret.key': 'canary/secret' }
    const config = loadConnector(withProperties(keys), { env })
    expect(config.source.accessKey?.secret.reveal()).toBe('canary/secret')
    expect(JSON.stringify(config)).not.toContain('canary')
  })

  it.each([
    [{ 'kcl.table.billing.mode': 'PAY_PER_REQUEST', 'tasks.max': 7 }, 2, 'kcl.table.billing.mode'],
    [{ 'init.sync.delay.period': 60 }, 1, 'a snapshot waits for nothing'],
    [
      { 'dynamodb.table.whitelist': 'orders', 'dynamodb.table.env.tag.key': 'x' },
      1,
      'since dynamodb.table.whitelist is set: dynamodb.table.env.tag.key',
    ],
    [{ 'source.region': 'us-east-1', 'aws.region': 'eu-west-1' }, 1, 'since source.region is set: aws.region'],
  ])('tell what has no effect: %j', (properties, count, expected) => {
    const { notes } = loadConnector(withProperties(properties), { env })
    expect(notes).toHaveLength(count)
    expect(notes.join('\n')).toContain(expected)
  })

  it.each([
    [{ 'dynamodb.table.whitelst': 'a' }, 'dynamodb.table.whitelst is no property of Trustpilot', 'whitelist?'],
    [{ 'init.sync.delay.period': '1m' }, 'init.sync.delay.period must be a number of seconds'],
    [{ 'init.sync.skip': 'yes' }, 'init.sync.skip must be `true` or `false`'],
    [{ 'kafka.topic.prefix': '{x}' }, 'kafka.topic.prefix must be the beginning of a topic name'],
    [{ 'kafka.topic.prefix': 'a b' }, 'kafka.topic.prefix must be the beginning of a topic name'],
    [{ 'dynamodb.table.env.tag.key': 'a=b' }, 'dynamodb.table.env.tag.key must hold no sign'],
    [{ 'dynamodb.table.env.tag.value': 'a|b' }, 'dynamodb.table.env.tag.value must hold no sign'],
    [{ 'dynamodb.table.whitelist': 'a table' }, 'line 1 (dynamodb.table.whitelist): source.tables must be'],
    [{ 'connect.dynamodb.rediscovery.period': '60s' }, '(connect.dynamodb.rediscovery.period)'],
    [{ table: 'orders' }, 'table is what the connector gives to a task'],
    [{ envelope: 'confluent' }, 'line 1 (envelope): format.envelope must be one of'],
    [{ 'value.converter': 'org.apache.kafka.connect.storage.StringConverter' }, 'value.converter is no converter'],
    [{ 'aws.access.key.id': 'AKIAIOSFODNN7' }, 'is set without source.secret.access.key'],
  ])('are refused with %j', (properties, ...expected) => {
    const { code, message } = failureOf(withProperties(properties), { env })
    expect(code).toBe('CONFIG_INVALID')
    for (const text of expected) expect(message).toContain(text)
    expect(message.split('\n')).toHaveLength(1)
  })
})
