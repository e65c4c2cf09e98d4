import { describe, expect, it } from 'vitest'
import { strictPolicy } from '../../../test/fixtures/connector-policy.ts'
import { certificatePem } from '../../../test/fixtures/tls-material.ts'
import { TailraceError } from '../../errors.ts'
import { loadConfig } from '../load-config.ts'
import type { PipelineConfig } from '../pipeline-config.ts'
import { propertyList } from '../properties.ts'
import { endpointProperties, fileProperties } from './connector-policy.ts'
import type { ConnectorPolicy } from './connector-policy.ts'

const strict = {
  ...strictPolicy,
  kafka: [
    { name: 'bootstrap.servers', value: 'broker:9092', where: 'worker line 1' },
    { name: 'security.protocol', value: 'SSL', where: 'worker line 2' },
  ],
}

const least = {
  name: 'orders',
  'connector.class': 'tailrace.TailraceSourceConnector',
  'source.tables': 'orders',
  'source.region': 'eu-west-1',
}

const files: Readonly<Record<string, string>> = {
  '/etc/tailrace/ca.pem': certificatePem,
  '/srv/ca.pem': 'x',
  '/srv/link': 'x',
  '/etc/passwd': 'root',
}

function load(more: Readonly<Record<string, string>>, policy: Partial<ConnectorPolicy> = {}): PipelineConfig {
  return loadConfig({
    text: JSON.stringify({ ...least, ...more }),
    path: 'connector',
    env: { TAILRACE_X: 'secret value', KAFKA_BOOTSTRAP_SERVERS: 'elsewhere:1' },
    readFile: (file) => {
      const found = files[file]
      if (found === undefined) throw new Error('ENOENT')
      return Buffer.from(found)
    },
    realPath: (file) => (file === '/srv/link' ? '/etc/passwd' : file),
    policy: { ...strict, ...policy },
  })
}

function refusal(more: Readonly<Record<string, string>>, policy: Partial<ConnectorPolicy> = {}): string {
  try {
    load(more, policy)
  } catch (error) {
    if (error instanceof TailraceError && error.policy === 'refuse') return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

describe("what a connector's configuration may ask for", () => {
  it('trusts whom the operator trusts, by a file that it may not name itself', () => {
    const location = { name: 'ssl.truststore.location', value: '/etc/tailrace/ca.pem', where: 'worker line 3' }
    const kafka = [...strict.kafka, location]
    expect(load({}, { kafka }).kafka.tls?.ca).toContain('BEGIN CERTIFICATE')
    const named = { 'kafka.ssl.truststore.location': location.value }
    expect(refusal(named, { kafka, overrides: 'All' })).toContain('connector.files.allow')
    expect(refusal({ 'schema.registry.ssl.ca.location': location.value }, { kafka })).toContain('connector.files.allow')
  })

  it('reaches Kafka as the operator says, whatever the environment says', () => {
    expect(load({}).kafka).toMatchObject({ brokers: ['broker:9092'], clientId: 'tailrace.orders' })
    expect(load({}).kafka.tls).toBeDefined()
  })

  it.each([
    { 'kafka.bootstrap.servers': 'evil:9092' },
    { 'producer.override.bootstrap.servers': 'evil:9092' },
    { 'producer.override.sasl.jaas.config': 'x' },
    { 'kafka.compression.type': 'zstd' },
  ])('leaves the clients alone: %j', (more) => {
    expect(refusal(more)).toContain('connector.client.config.override.policy is None')
  })

  it('lets connectors say who they are, or everything, if the operator does', () => {
    const principal = {
      'producer.override.sasl.mechanism': 'PLAIN',
      'producer.override.sasl.jaas.config':
        'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";',
      'producer.override.security.protocol': 'SASL_SSL',
    }
    expect(load(principal, { overrides: 'Principal' }).kafka.sasl).toMatchObject({ username: 'u' })
    expect(refusal({ 'kafka.bootstrap.servers': 'evil:9092' }, { overrides: 'Principal' })).toContain('is Principal')
    const other = load({ 'kafka.bootstrap.servers': 'other:9092' }, { overrides: 'All' })
    expect(other.kafka.brokers).toEqual(['other:9092'])
  })

  it('refuses references unless they are allowed, and a list of its own always', () => {
    const secret = { 'mask.hmac.key': '${env:TAILRACE_X}' }
    expect(refusal(secret)).toContain('is not allowed')
    expect(refusal({ ...secret, 'secrets.allow': 'env:*' })).toContain('secrets.allow must not be set by a connector')
    expect(refusal({ 'format.topic': '${file:/etc/passwd}' })).not.toContain('root')
  })

  it.each([
    [{ 'signal.file': '/tmp/signals' }, []],
    [{ transforms: '/srv/x.ts' }, []],
    [{ transforms: './x.ts' }, ['/']],
    [{ 'format.item': 'declared', 'format.schemas': 'orders=/etc/x.avsc' }, ['/srv']],
    [{ 'signal.file': '/srv/../etc/passwd' }, ['/srv']],
  ])('refuses files that are not allowed: %j with %j', (more, filesAllow) => {
    expect(refusal(more, { filesAllow })).toContain('names a file that the service does not allow')
  })

  it('follows links before it believes a path', () => {
    const registry = {
      'format.value': 'avro',
      'schema.registry.url': 'https://registry',
      'schema.registry.ssl.ca.location': '/srv/link',
    }
    expect(refusal(registry, { filesAllow: ['/srv'] })).toContain('cannot be read')
  })

  it('takes files below an allowed folder', () => {
    expect(load({ 'signal.file': '/srv/signals' }, { filesAllow: ['/srv'] }).signals.file).toBe('/srv/signals')
  })

  it('sends what is signed to AWS, or where the operator allows', () => {
    expect(refusal({ 'source.endpoint': 'http://127.0.0.1:8000' })).toContain('connector.endpoints.allow')
    expect(refusal({ 'source.endpoint': 'https://dynamodb.eu-west-1.amazonaws.com.evil.example' })).toContain(
      'endpoints.allow',
    )
    const ofCustomer = { 'source.endpoint': 'https://abcdef1234.execute-api.eu-west-1.amazonaws.com' }
    expect(refusal(ofCustomer)).toContain('connector.endpoints.allow')
    expect(load(ofCustomer, { endpointsAllow: [ofCustomer['source.endpoint']] }).source).toBeDefined()
    expect(load({ 'source.endpoint': 'https://dynamodb.eu-west-1.amazonaws.com' }).source).toBeDefined()
    expect(
      load({ 'source.endpoint': 'http://127.0.0.1:8000' }, { endpointsAllow: ['http://127.0.0.1:*'] }).source,
    ).toBeDefined()
  })

  it.each([
    ['http://127.0.0.1:x@evil.example', ['http://127.0.0.1:*']],
    ['http://evil.example/.internal:8000', ['http://*.internal:8000']],
    ['http://evil.example?.internal:8000', ['http://*.internal:8000']],
    ['https://a.amazonaws.com:8443', []],
    ['http://dynamodb.eu-west-1.amazonaws.com', []],
  ])('is not deceived by %s', (url, endpointsAllow) => {
    expect(() => load({ 'snapshot.export.endpoint': url, 'source.endpoint': url }, { endpointsAllow })).toThrow(
      /source\.endpoint/,
    )
  })

  it('shows credentials of the operator to nobody whom a connector names', () => {
    const registry = { 'format.value': 'avro', 'schema.registry.url': 'https://evil.example' }
    const kafka = [
      ...strict.kafka,
      { name: 'security.protocol', value: 'SASL_SSL', where: 'worker' },
      { name: 'sasl.mechanism', value: 'PLAIN', where: 'worker' },
      { name: 'sasl.username', value: 'operator', where: 'worker' },
      { name: 'sasl.password', value: 'canary', where: 'worker' },
    ].filter(({ value }) => value !== 'SSL')
    const inherit = { ...registry, 'schema.registry.basic.auth.credentials.source': 'SASL_INHERIT' }
    expect(refusal(inherit, { kafka })).toContain('must not be set by a connector')
    const converters = [
      { name: 'value.converter', value: 'io.confluent.connect.avro.AvroConverter', where: 'worker' },
      { name: 'value.converter.schema.registry.url', value: 'https://ours.example', where: 'worker' },
      { name: 'value.converter.basic.auth.credentials.source', value: 'SASL_INHERIT', where: 'worker' },
    ]
    expect(load({}, { kafka, converters }).registry).toMatchObject({ credentials: { username: 'operator' } })
    expect(load(registry, { kafka, converters }).registry).toMatchObject({ credentials: { kind: 'none' } })
    const elsewhere = load({ 'kafka.bootstrap.servers': 'evil:9092' }, { kafka, overrides: 'All' })
    expect(elsewhere.kafka).toMatchObject({ brokers: ['evil:9092'], sasl: undefined })
  })

  it('takes no overrides out of a file either', () => {
    const file = { 'kafka.properties.file': '/srv/client.properties' }
    expect(refusal(file, { filesAllow: ['/srv'], overrides: 'Principal' })).toContain('override.policy is Principal')
  })

  it.each(['topic.name', 'ledger.topic', 'signal.kafka.topic'])(
    'leaves the topics of the service alone: %s',
    (name) => {
      expect(refusal({ [name]: 'tailrace.service.g.config' })).toContain('names a topic of a service')
    },
  )

  it.each([
    { 'topic.name': 'connect-configs' },
    { 'topic.name': '{table}-configs', 'source.tables': 'connect' },
    { 'topic.name': '{prefix}-configs', 'topic.prefix': 'connect' },
    { 'tables.orders.topic.name': 'connect-configs' },
    { 'route.rules': 'a = 1 => connect-configs' },
    { 'errors.deadletterqueue.topic.name': 'connect-configs' },
    { 'ledger.topic': 'connect-configs' },
    {
      transforms: 'a',
      'transforms.a.type': 'RegexRouter',
      'transforms.a.regex': '.*',
      'transforms.a.replacement': 'connect-configs',
    },
  ])('leaves topics of the service alone that have other names: %j', (more) => {
    const ownTopics = ['connect-configs', 'connect-status']
    expect(refusal(more, { ownTopics })).toContain('names a topic of a service')
    expect(load({ 'topic.name': '{table}-configs' }, { ownTopics }).topic.name).toBe('{table}-configs')
  })

  it('has the metrics and the log of the service', () => {
    expect(refusal({ 'http.listen': '0.0.0.0:9404' })).toContain('http.listen must not be set by a connector')
    expect(refusal({ 'log.level': 'trace' })).toContain('log.level must not be set by a connector')
  })

  it("is written as the operator's converters say where it says nothing itself", () => {
    const converters = [
      { name: 'value.converter', value: 'org.apache.kafka.connect.json.JsonConverter', where: 'worker' },
      { name: 'value.converter.schemas.enable', value: 'false', where: 'worker' },
    ]
    const own = { 'value.converter': 'org.apache.kafka.connect.json.JsonConverter' }
    expect(load({}, { converters }).values['format.schemas.enable']).toBe(false)
    // Connect's default, which the operator's file does not change for a converter that it did not name.
    expect(load(own, { converters }).values['format.schemas.enable']).toBe(true)
    const avro = [{ name: 'value.converter', value: 'io.confluent.connect.avro.AvroConverter', where: 'worker' }]
    expect(load({ 'format.value': 'json' }, { converters: avro }).values['format.value']).toBe('json')
  })

  it('makes no topics where the operator says so', () => {
    expect(load({}, { createsTopics: false }).topic.create).toBe(false)
    expect(load({ 'topic.create': 'true' }, { createsTopics: false }).topic.create).toBe(true)
  })

  it('knows every property that names a file or the address of an API', () => {
    const named = (about: RegExp): readonly string[] =>
      [...propertyList].flatMap(([name, { rule }]) => (about.test(rule) || about.test(name) ? [name] : []))
    for (const name of named(/path of a file|=path`|list of paths|\.location$/)) expect(fileProperties).toContain(name)
    for (const name of named(/\.endpoint$/)) expect(endpointProperties).toContain(name)
  })
})
