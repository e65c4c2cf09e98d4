import { describe, expect, it } from 'vitest'
import { loadPipeline, minimalPipeline, pipelineFailure } from '../../test/fixtures/load-pipeline.ts'
import { minimalDefaults } from '../../test/fixtures/minimal-defaults.ts'
import { configFingerprint } from './config-fingerprint.ts'

describe('loadConfig', () => {
  it('fills in every default', () => {
    const { values: _, ...config } = loadPipeline(minimalPipeline)
    expect(config).toEqual(minimalDefaults)
  })

  it('lists everything that is wrong at once, with lines and nearest names', () => {
    const error = pipelineFailure(`pipeline: Shop
regin: x
source: {reigon: eu-west-1, tables: []}
kafka:
  bootstrap.servers: b:9092
  acks: 1
topic:
  partitions: six
  create: maybe
`)
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.policy).toBe('refuse')
    expect(error.message).toBe(`/etc/tailrace/pipeline.yaml has 7 problems:
  line 1: pipeline must be 1 to 61 lower-case letters, digits, dots, dashes or underscores, beginning with a letter or digit
  line 2: regin is not a property; did you mean source.region?
  line 3: source.reigon is not a property; did you mean source.region?
  line 3: source.tables must be a list of table names, patterns with \`*\` and \`?\`, or table ARNs
  line 6: kafka.acks is always all and cannot be changed
  line 8: topic.partitions must be a whole number from 1 to 10,000
  line 9: topic.create must be \`true\` or \`false\``)
    expect(error.details).toEqual({ file: '/etc/tailrace/pipeline.yaml', problems: 7 })
  })

  it('says what is missing in an empty file', () => {
    const { message } = pipelineFailure('')
    for (const name of ['pipeline', 'source.tables', 'kafka.bootstrap.servers'])
      expect(message).toContain(`${name} is missing`)
  })

  it('takes a section without content for nothing, and refuses a value in place of a section', () => {
    expect(loadPipeline(`${minimalPipeline}topic:\n  # later\n`).topic.prefix).toBe('shop')
    expect(pipelineFailure(`${minimalPipeline}topic: shop\n`).message).toContain(
      'line 4: topic has no value of its own',
    )
  })
})

describe('values', () => {
  it.each([
    ['TRIM_HORIZON', { kind: 'trim-horizon' }],
    ['latest', { kind: 'latest' }],
    ['2026-01-31T12:00:00Z', { kind: 'timestamp', atMs: Date.UTC(2026, 0, 31, 12) }],
    ['2026-01-31T12:00+02:00', { kind: 'timestamp', atMs: Date.UTC(2026, 0, 31, 10) }],
    ['1769860800000', { kind: 'timestamp', atMs: 1_769_860_800_000 }],
  ])('source.start: %s', (text, expected) => {
    expect(loadPipeline(`${minimalPipeline}source.start: ${text}`).source.start).toEqual(expected)
  })

  it.each(['1769860800', '2026-01-31', '2026-01-31T12:00:00', '2026-02-30T00:00:00Z', 'yesterday', 'AT_TIMESTAMP'])(
    'refuses source.start: %s',
    (text) => {
      expect(pipelineFailure(`${minimalPipeline}source.start: ${text}`).message).toContain('source.start must be')
    },
  )

  it('reads values of references as their type', () => {
    const env = { TAILRACE_LANES: '4', TAILRACE_TABLE: 'a,b', TAILRACE_CREATE: 'false' }
    const text = `pipeline: shop
lanes: \${env:TAILRACE_LANES}
source: {region: eu-west-1, tables: ["\${env:TAILRACE_TABLE}"]}
kafka.bootstrap.servers: b:9092
topic.create: \${env:TAILRACE_CREATE}`
    expect(pipelineFailure(text, { env }).message).toContain('source.tables must be')
    const config = loadPipeline(text.replace('["${env:TAILRACE_TABLE}"]', '"${env:TAILRACE_TABLE}"'), { env })
    expect(config).toMatchObject({ lanes: 4, source: { tables: ['a', 'b'] }, topic: { create: false } })
  })

  it('reports a reference that fails once, with its own code', () => {
    const text = `pipeline: shop
source: {region: eu-west-1, tables: "\${env:TAILRACE_TABLES}"}
kafka:
  bootstrap.servers: b:9092
  security.protocol: SASL_SSL
  sasl.mechanisms: SCRAM-SHA-256
  sasl.username: u
  sasl.password: \${file:/run/secrets/kafka}
`
    const error = pipelineFailure(text)
    expect(error.code).toBe('SECRET_UNAVAILABLE')
    expect(error.message).toBe(`/etc/tailrace/pipeline.yaml has 2 problems:
  line 2: source.tables: \${env:TAILRACE_TABLES}: the environment variable is not set
  line 8: kafka.sasl.password: \${file:/run/secrets/kafka} is not allowed; add "file:/run/secrets/kafka" to secrets.allow`)
  })

  it('does not let a reference decide what may be read', () => {
    const text = `${minimalPipeline}secrets.allow: ["\${env:KAFKA_ALLOW}"]\ntopic.prefix: \${env:HOME}`
    const { message } = pipelineFailure(text, { env: { KAFKA_ALLOW: 'env:*', HOME: 'canary' } })
    expect(message).toContain('secrets.allow must be')
    expect(message).toContain('${env:HOME} is not allowed')
    expect(message).not.toContain('canary')
  })
})

describe('kafka.properties.file', () => {
  const files = {
    '/etc/tailrace/client.properties':
      'bootstrap.servers=file:9092\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=u\nsasl.password=${env:KAFKA_PW}\n',
    '/etc/tailrace/broken.properties': 'bootstrap.servers=b:9092\nfoo.bar=1\nsasl.pasword=canary\ncanary-9\n',
  }
  const text = 'pipeline: shop\nsource: {region: eu-west-1, tables: [orders]}\nkafka:\n  properties.file: '

  it('is read from the folder of the configuration, with references, below what the YAML says', () => {
    const env = { KAFKA_PW: 'canary-password' }
    const config = loadPipeline(`${text}client.properties\n  bootstrap.servers: yaml:9092`, { env, files })
    expect(config.kafka).toMatchObject({ brokers: ['yaml:9092'], sasl: { mechanism: 'PLAIN', username: 'u' } })
    expect(config.secrets.map((secret) => secret.reveal())).toEqual(['canary-password'])
    expect(JSON.stringify(config)).not.toContain('canary')
  })

  it('is named with its line when something in it is wrong', () => {
    const { message } = pipelineFailure(`${text}broken.properties`, { files })
    expect(message).toContain('kafka.properties.file line 2: kafka.foo.bar is not a property that tailrace knows')
    expect(message).toContain('kafka.properties.file line 4: not a property that tailrace knows')
    expect(message).toContain('kafka.properties.file line 3: kafka.sasl.pasword is not')
    expect(message).not.toContain('canary')
  })

  it('must be there', () => {
    expect(pipelineFailure(`${text}absent.properties`, { files }).message).toContain(
      'line 4: kafka.properties.file names a file that cannot be read',
    )
  })
})

describe('contradictions', () => {
  it.each([
    ['topic.name: all\nsource.tables: [a.b.c, def]', 'line 3: topic.name has no {table}'],
    ['topic.name: all\nsource.tables: "ord*"', 'topic.name has no {table}'],
    ['http.listen: 0.0.0.0:9404', 'http.listen can be reached by other machines'],
    ['http.listen: "[::]:9404"', 'http.listen can be reached by other machines'],
    ['http.listen: example.com:9404', 'http.listen can be reached by other machines'],
    [
      'errors.deadletterqueue.topic.name: tailrace.shop.ledger',
      'errors.deadletterqueue.topic.name and ledger.topic are one topic',
    ],
    [
      'signal.kafka.topic: tailrace.shop.dead-letters',
      'errors.deadletterqueue.topic.name and signal.kafka.topic are one topic',
    ],
    ['source.role.external.id: abc', 'source.role.external.id is set without source.role.arn'],
  ])('%s', (text, expected) => {
    const tables = text.includes('source.tables') ? '' : 'source.tables: orders\n'
    expect(
      pipelineFailure(`pipeline: shop\nsource.region: eu-west-1\n${text}\n${tables}kafka.bootstrap.servers: b:9092`)
        .message,
    ).toContain(expected)
  })

  it.each([
    'topic.name: all',
    'topic.name: all\ntopic.shared: true',
    'http.listen: off',
    'http.listen: 9405',
    'http.listen: "[::1]:0"',
    'http.listen: 0.0.0.0:9404\nhttp.allow.remote: true',
    'source.role: {arn: "arn:aws:iam::123456789012:role/r", external.id: abc}',
  ])('none in %s', (text) => {
    expect(loadPipeline(minimalPipeline + text).pipeline).toBe('shop')
  })

  it('has a code of its own for the region', () => {
    const withoutRegion = 'pipeline: shop\nsource.tables: orders\nkafka.bootstrap.servers: b:9092'
    expect(pipelineFailure(withoutRegion)).toMatchObject({ code: 'AWS_REGION' })
    expect(loadPipeline(withoutRegion, { env: { AWS_REGION: 'eu-west-3' } }).source.region).toBe('eu-west-3')
    // It becomes part of a host name, so it must not be able to name another host.
    for (const AWS_REGION of ['eu-west-1.evil.example', 'a/b', '']) {
      expect(pipelineFailure(withoutRegion, { env: { AWS_REGION } })).toMatchObject({ code: 'CONFIG_INVALID' })
    }
    const arn = 'source.tables: "arn:aws:dynamodb:us-east-1:123456789012:table/orders"'
    expect(
      pipelineFailure(withoutRegion.replace('source.tables: orders', `${arn}\nsource.region: eu-west-1`)),
    ).toMatchObject({
      code: 'AWS_REGION',
    })
  })
})

describe('endpoints', () => {
  it.each<[string, Record<string, string>, string | undefined, string | undefined]>([
    ['', {}, undefined, undefined],
    ['source.endpoint: http://localhost:8000', {}, 'http://localhost:8000', 'http://localhost:8000'],
    [
      'source.endpoint: https://vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com',
      {},
      'https://vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com',
      undefined,
    ],
    ['', { AWS_ENDPOINT_URL: 'http://localhost:1' }, 'http://localhost:1', 'http://localhost:1'],
    [
      '',
      { AWS_ENDPOINT_URL: 'http://localhost:1', AWS_ENDPOINT_URL_DYNAMODB_STREAMS: 'http://localhost:2' },
      'http://localhost:1',
      'http://localhost:2',
    ],
    ['', { AWS_ENDPOINT_URL: 'http://localhost:1', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }, undefined, undefined],
  ])('%s %j', (text, env, endpoint, streamsEndpoint) => {
    expect(loadPipeline(minimalPipeline + text, { env }).source).toMatchObject({ endpoint, streamsEndpoint })
  })

  it('refuses addresses that hand out credentials, from the environment too', () => {
    expect(pipelineFailure(`${minimalPipeline}source.endpoint: http://169.254.169.254/`).message).toContain(
      'source.endpoint must be',
    )
    const env = { AWS_ENDPOINT_URL_DYNAMODB: 'http://169.254.169.254/canary' }
    const { message } = pipelineFailure(minimalPipeline, { env })
    expect(message).toContain('source.endpoint, by default `$AWS_ENDPOINT_URL_DYNAMODB`')
    expect(message).not.toContain('canary')
  })
})

describe('configFingerprint', () => {
  const of = (text: string, env: Record<string, string> = {}): string => configFingerprint(loadPipeline(text, { env }))
  const base = of(minimalPipeline)

  it.each([
    'lanes: 8',
    'delivery: at_least_once',
    'source.start: LATEST',
    'topic.prefix: other',
    'topic.name: x-{table}',
    'topic.shared: true',
    'format.schemas.enable: true',
    'format.tombstones.on.delete: false',
    'format.number.mode: string',
  ])('changes with %s', (text) => {
    expect(of(minimalPipeline + text)).not.toBe(base)
  })

  it.each([
    'epoch: 7',
    'kafka.client.id: other',
    'memory.max.bytes: 1048576',
    'http.listen: off',
    'log.level: debug',
    'source.endpoint: http://localhost:8000',
    'topic.retention.ms: 5',
    'topic.prefix: shop',
    'lanes: 16',
    'format.number.mode: exact',
  ])('does not change with %s', (text) => {
    expect(of(minimalPipeline + text)).toBe(base)
  })

  it('does not depend on the spelling of the file', () => {
    const other = `source.tables: orders,orders
source.region: \${env:TAILRACE_REGION}
kafka: {bootstrap.servers: [other:9092, another:9092]}
pipeline: shop`
    expect(of(other, { TAILRACE_REGION: 'eu-west-1' })).toBe(base)
    const fromEnvironment = minimalPipeline.replace('region: eu-west-1, ', '')
    expect(of(fromEnvironment, { AWS_REGION: 'eu-west-1' })).toBe(base)
    expect(of(fromEnvironment, { AWS_REGION: 'eu-west-2' })).not.toBe(base)
  })

  it('stays what it was in earlier versions', () => {
    expect(base).toBe('9cc53d17bd22a2f63643301901cd22954cb8dd96fc1a879b2c25768a0780119a')
  })
})
