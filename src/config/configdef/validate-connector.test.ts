import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import type { ConfigInfos, ConfigValueInfo } from './config-infos.ts'
import { connectorPlugins, findPlugin } from './connector-plugins.ts'
import { validateConnector } from './validate-connector.ts'
import type { ValidationSurroundings } from './validate-connector.ts'

const around: ValidationSurroundings = {
  env: { KAFKA_BOOTSTRAP_SERVERS: 'broker:9092', TAILRACE_KEY: 'sixteen-letters-and-more' },
  readFile: () => {
    throw new Error('ENOENT')
  },
  realPath: (path) => path,
}

const good = {
  name: 'shop',
  'connector.class': 'TailraceSource',
  'source.region': 'eu-west-1',
  'source.tables': 'orders',
}
const kinesis = {
  name: 'k',
  'connector.class': 'KinesisSource',
  'kinesis.stream': 's',
  'kinesis.region': 'eu-west-1',
  'kafka.topic': 't',
}

function validate(plugin: string, config: Readonly<Record<string, string>>): ConfigInfos {
  const found = findPlugin(plugin)
  if (found === undefined) throw new Error(`there is no ${plugin}`)
  return validateConnector(found, new Map(Object.entries(config)), around)
}

function valueOf(infos: ConfigInfos, name: string): ConfigValueInfo | undefined {
  return infos.configs.find(({ value }) => value.name === name)?.value
}

/** Properties with errors. */
function wrong(infos: ConfigInfos): readonly string[] {
  return infos.configs.flatMap(({ value }) => (value.errors.length === 0 ? [] : [value.name]))
}

describe('validate', () => {
  it.each([
    ['TailraceSource', good],
    ['KinesisSource', kinesis],
    ['TailraceSource', { ...good, 'mask.hmac.key': '${env:TAILRACE_KEY}', 'topic.partitions': '3' }],
    ['TailraceSource', { ...good, 'tables.orders.filter.operations': 'INSERT,REMOVE' }],
  ])('finds nothing wrong with a good configuration of %s', (plugin, config) => {
    const infos = validate(plugin, config)
    expect(wrong(infos)).toEqual([])
    expect(infos.error_count).toBe(0)
    expect(infos.name).toBe(findPlugin(plugin)?.class)
  })

  it.each([
    ['TailraceSource', {}, ['name', 'connector.class', 'source.tables']],
    [
      'TailraceSource',
      { ...good, 'topic.partitions': 'six', 'format.value': 'xml' },
      ['topic.partitions', 'format.value'],
    ],
    ['TailraceSource', { ...good, 'topic.partitons': '6' }, ['topic.partitons']],
    ['TailraceSource', { ...good, 'tables.orders.snapshot.mode': 'x' }, ['tables.orders.snapshot.mode']],
    ['TailraceSource', { ...good, 'kafka.acks': '1' }, ['kafka.acks']],
    ['TailraceSource', { ...good, 'kafka.security.protocol': 'TLS' }, ['kafka.security.protocol']],
    ['TailraceSource', { ...good, 'mask.hmac.key': '${env:HOME}' }, ['mask.hmac.key']],
    ['TailraceSource', { ...good, 'mask.hmac.key': '[hidden]' }, ['mask.hmac.key']],
    ['TailraceSource', { ...good, '': 'x' }, ['']],
    ['TailraceSource', { ...good, 'kafka.bootstrap.servers': '169.254.1.1:9092' }, ['kafka.bootstrap.servers']],
    [
      'KinesisSource',
      { 'connector.class': 'KinesisSource' },
      ['kafka.topic', 'kinesis.stream', 'kinesis.region', 'name'],
    ],
    ['KinesisSource', { ...kinesis, 'kinesis.position': 'SOMEWHERE' }, ['kinesis.position']],
    ['KinesisSource', { ...kinesis, 'kinesis.record.limit': '0' }, ['kinesis.record.limit']],
    ['KinesisSource', { ...kinesis, 'kinesis.proxy.url': 'http://p' }, ['kinesis.proxy.url']],
    ['KinesisSource', { ...kinesis, 'kafka.topic': 'a b' }, ['kafka.topic']],
  ])('%s: %j is wrong at %j', (plugin, config, names) => {
    const infos = validate(plugin, config)
    expect(new Set(wrong(infos))).toEqual(new Set(names))
    const errors = infos.configs.flatMap(({ value }) => value.errors)
    expect(infos.error_count).toBe(errors.length)
    expect(new Set(infos.configs.map(({ definition }) => definition.group))).toEqual(new Set(infos.groups))
  })

  it('hides secrets, and whatever has a name that may be misspelt', () => {
    const infos = validate('TailraceSource', {
      ...good,
      'mask.hmac.key': 'canary',
      'mask.hmac.kee': 'canary',
      'kafka.sasl.pasword': 'canary',
      'schema.registry.url': 'https//u:canary@a',
    })
    expect(infos.error_count).toBeGreaterThanOrEqual(3)
    expect(JSON.stringify(infos)).not.toContain('canary')
    expect(valueOf(infos, 'kafka.sasl.pasword')?.value).toBe('[hidden]')
  })

  it('shows what is given or the default, choices, and what has an effect', () => {
    const infos = validate('TailraceSource', good)
    expect(valueOf(infos, 'source.tables')).toEqual({
      name: 'source.tables',
      value: 'orders',
      recommended_values: [],
      errors: [],
      visible: true,
    })
    expect(valueOf(infos, 'source.type')).toMatchObject({
      value: 'dynamodb-streams',
      recommended_values: ['dynamodb-streams', 'kinesis'],
    })
    const visible = (config: Readonly<Record<string, string>>, name: string): boolean | undefined =>
      valueOf(validate('TailraceSource', config), name)?.visible
    expect(visible(good, 'source.kinesis.fan.out')).toBe(false)
    expect(visible({ ...good, 'source.type': 'kinesis' }, 'source.kinesis.fan.out')).toBe(true)
    expect(visible({ ...good, 'source.kinesis.fan.out': 'true' }, 'source.kinesis.fan.out')).toBe(true)
    expect(visible(good, 'schema.registry.url')).toBe(false)
    expect(visible({ ...good, 'format.key': 'avro' }, 'schema.registry.url')).toBe(true)
    expect(visible({ ...good, 'oversize.strategy': 'chunk,claim-check-s3' }, 'oversize.claim.check.bucket')).toBe(true)
    expect([visible(good, 'tasks.max'), visible(good, 'http.listen'), visible(good, 'kafka.sasl.mechanism')]).toEqual([
      false,
      false,
      true,
    ])
  })

  it('hides secrets of every kind, also of names that nobody knows', () => {
    const canaries = {
      ...kinesis,
      'aws.secret.key.id': 'canary',
      'kafka.api.secret': 'canary',
      'kafka.sasl.jaas.config': 'x password="canary";',
      'producer.override.ssl.key.pem': 'canary',
      'mask.hmac.key': 'canary',
      'my.own.password': 'canary',
      'schema.registry.url': 'http://user:canary@registry',
      'value.converter.basic.auth.user.info': 'user:canary',
      'confluent.license': 'canary',
    }
    expect(JSON.stringify(validate('KinesisSource', canaries))).not.toContain('canary')
  })

  it('never throws, counts every error, and quotes no value', () => {
    const names = connectorPlugins.flatMap(({ definitions }) => definitions.map(({ key }) => key.name))
    const name = fc.oneof(fc.constantFrom(...new Set(names)), fc.string({ unit: 'binary', maxLength: 30 }))
    const value = fc.oneof(
      fc.constantFrom('', 'true', '1', '[hidden]', '${env:X}', '${file:/x', '*a', '&b'),
      fc.string({ unit: 'binary' }),
    )
    const config = fc.array(
      fc.tuple(
        name,
        value.map((text) => `${text}Canary7`),
      ),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(fc.constantFrom(...connectorPlugins), config, (plugin, entries) => {
        const infos = validateConnector(plugin, new Map(entries), around)
        const errors = infos.configs.flatMap((each) => each.value.errors)
        expect(infos.error_count).toBe(errors.length)
        expect(infos.error_count).toBeGreaterThan(0)
        expect(errors.join('\n')).not.toContain('Canary7')
      }),
      { numRuns: 200 },
    )
  })
})
