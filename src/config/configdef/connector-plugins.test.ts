import { describe, expect, it } from 'vitest'
import { kafkaPropertyList } from '../kafka-property-catalogue.ts'
import { propertyList } from '../properties.ts'
import { connectorPlugins, findPlugin } from './connector-plugins.ts'
import type { ConnectorPlugin } from './connector-plugins.ts'
import type { ConfigKeyInfo } from './config-infos.ts'

function plugin(name: string): ConnectorPlugin {
  const found = findPlugin(name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found
}

function key(of: string, name: string): ConfigKeyInfo | undefined {
  return plugin(of).definitions.find((definition) => definition.key.name === name)?.key
}

describe.each(connectorPlugins.map((each) => [each.class, each] as const))(
  '%s',
  (_, { definitions, groups, translator }) => {
    it('defines every property of tailrace and of its Kafka client, each name once', () => {
      const names = definitions.map((definition) => definition.key.name)
      expect(new Set(names).size).toBe(names.length)
      const wanted = [...propertyList.keys(), ...[...kafkaPropertyList.keys()].map((name) => `kafka.${name}`)]
      expect(wanted.filter((name) => !names.includes(name))).toEqual([])
      const own = Object.keys(translator.rules).filter((name) => !name.endsWith('.'))
      expect(own.filter((name) => !names.includes(name))).toEqual([])
    })

    it('has whole definitions, counted from 1 in each group', () => {
      for (const group of groups) {
        const orders = definitions
          .filter((definition) => definition.key.group === group)
          .map((definition) => definition.key.order_in_group)
        expect(orders).toEqual(orders.map((__, index) => index + 1))
      }
      const names = new Set(definitions.map((definition) => definition.key.name))
      for (const { key: each } of definitions) {
        expect(groups).toContain(each.group)
        expect(each.documentation, each.name).not.toBe('')
        expect(each.documentation, each.name).not.toMatch(/[^.]\.\.( |$)/)
        expect(each.dependents.filter((name) => !names.has(name))).toEqual([])
        if (each.type === 'PASSWORD') expect(each.default_value).toBeNull()
      }
    })
  },
)

describe('definitions', () => {
  it('are what the declarations say', () => {
    expect(key('TailraceSource', 'topic.partitions')).toEqual({
      name: 'topic.partitions',
      type: 'INT',
      required: false,
      default_value: '6',
      importance: expect.stringMatching(/^(HIGH|MEDIUM|LOW)$/),
      documentation: expect.stringContaining(propertyList.get('topic.partitions')?.documentation ?? 'nothing'),
      group: 'Topics',
      order_in_group: expect.any(Number),
      width: 'SHORT',
      display_name: 'Topic partitions',
      dependents: [],
    })
  })

  it.each([
    ['TailraceSource', 'source.region', { type: 'STRING', default_value: null, display_name: 'Source region' }],
    ['TailraceSource', 'source.tables', { type: 'LIST', width: 'LONG' }],
    ['TailraceSource', 'oversize.strategy', { type: 'LIST', default_value: 'fail' }],
    ['TailraceSource', 'topic.create', { type: 'BOOLEAN', default_value: 'true' }],
    ['TailraceSource', 'memory.max.bytes', { type: 'LONG', default_value: '67108864' }],
    ['TailraceSource', 'topic.retention.ms', { type: 'LONG', display_name: 'Topic retention (ms)' }],
    ['TailraceSource', 'source.secret.access.key', { type: 'PASSWORD' }],
    [
      'TailraceSource',
      'kafka.sasl.jaas.config',
      { type: 'PASSWORD', group: 'Kafka client', display_name: 'Kafka SASL JAAS config' },
    ],
    ['TailraceSource', 'pipeline', { required: false }],
    ['TailraceSource', 'name', { required: true, group: 'Common' }],
    [
      'KinesisSource',
      'kinesis.stream',
      { required: true, importance: 'HIGH', type: 'STRING', order_in_group: expect.any(Number) },
    ],
    ['KinesisSource', 'kinesis.region', { required: true }],
    ['KinesisSourceConnector', 'kinesis.region', { required: false }],
    ['KinesisSource', 'kinesis.record.limit', { type: 'INT', required: false }],
    ['KinesisSource', 'kinesis.record.deaggregation.enable', { type: 'BOOLEAN' }],
    ['KinesisSource', 'aws.secret.key.id', { type: 'PASSWORD' }],
    ['KinesisSource', 'kafka.api.secret', { type: 'PASSWORD' }],
    ['KinesisSource', 'kinesis.proxy.url', { documentation: expect.stringContaining('Must not be set') }],
    ['KinesisSource', 'tasks.max', { type: 'INT', documentation: expect.stringContaining('Without effect') }],
  ])('of %s: %s', (of, name, expected) => expect(key(of, name)).toMatchObject(expected))

  it('name those that hang on them', () => {
    expect(key('TailraceSource', 'source.type')?.dependents).toContain('source.kinesis.stream')
    expect(key('TailraceSource', 'format.value')?.dependents).toContain('schema.registry.url')
    expect(key('TailraceSource', 'kafka.security.protocol')?.dependents).toContain('kafka.sasl.mechanism')
  })
})

describe('plugins', () => {
  it.each([
    ['tailrace.TailraceSourceConnector', 'tailrace.TailraceSourceConnector'],
    ['TailraceSourceConnector', 'tailrace.TailraceSourceConnector'],
    ['TailraceSource', 'tailrace.TailraceSourceConnector'],
    ['KinesisSource', 'KinesisSource'],
    ['io.confluent.connect.kinesis.KinesisSourceConnector', 'io.confluent.connect.kinesis.KinesisSourceConnector'],
    ['KinesisSourceConnector', 'io.confluent.connect.kinesis.KinesisSourceConnector'],
  ])('%s is %s', (name, found) => expect(findPlugin(name)?.class).toBe(found))

  it('are found by no other name', () => {
    for (const name of ['', 'Source', 'Connector', 'kinesissource', 'io.confluent'])
      expect(findPlugin(name)).toBeUndefined()
  })
})
