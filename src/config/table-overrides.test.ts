import { describe, expect, it } from 'vitest'
import { configFingerprint } from './config-fingerprint.ts'
import { loadConfig } from './load-config.ts'
import type { PipelineConfig } from './pipeline-config.ts'
import { parsePropertiesFile } from './properties-file.ts'
import { isSomeTable, overrideOf, readTableOverrides, scanRatesOf } from './table-overrides.ts'
import { tableTopicOf } from './table-topic.ts'

const minimal = `
pipeline: shop
source: { region: eu-west-1, tables: ['*'] }
kafka: { bootstrap.servers: 'b:9092' }
`
const load = (more: string): PipelineConfig =>
  loadConfig({
    text: `${minimal}${more}`,
    path: '/pipeline.yaml',
    env: {},
    readFile: () => Buffer.alloc(0),
    realPath: (path) => path,
  })
const messageOf = (more: string): string => {
  try {
    load(more)
    return 'nothing is wrong'
  } catch (error) {
    return String(error)
  }
}
const arnOf = (account: string, name: string): string => `arn:aws:dynamodb:eu-west-1:${account}:table/${name}`
const topicOf = (config: PipelineConfig, name: string, account = '111111111111'): string =>
  tableTopicOf(config, { arn: arnOf(account, name), account, region: 'eu-west-1', name })

describe('what single tables have of their own', () => {
  it('stands below the name of the table, nested or dotted, whatever dots it has', () => {
    const config = load(`
tables:
  orders:
    topic.name: '{prefix}.v2.{table}'
    filter: { operations: [INSERT], condition: "status = 'open'" }
  a.b.c: { snapshot.mode: never }
tables.big-one.snapshot.read.capacity: 10%
tables.big-one.snapshot.items.per.second: 7
`)
    expect([...config.overrides.byTable]).toEqual([
      [
        'orders',
        {
          'topic.name': '{prefix}.v2.{table}',
          'filter.operations': ['INSERT'],
          'filter.condition': "status = 'open'",
        },
      ],
      ['a.b.c', { 'snapshot.mode': 'never' }],
      ['big-one', { 'snapshot.read.capacity': '10%', 'snapshot.items.per.second': 7 }],
    ])
    expect(topicOf(config, 'orders')).toBe('shop.v2.orders')
    expect(topicOf(config, 'bills')).toBe(topicOf(load(''), 'bills'))
    expect(scanRatesOf(config.overrides.byTable.get('big-one') ?? {}, config.snapshot)).toEqual({
      capacity: { kind: 'share', share: 0.1 },
      itemsPerSecond: 7,
    })
    expect(scanRatesOf({}, config.snapshot)).toMatchObject({ capacity: config.snapshot.capacity })
    expect(isSomeTable(config, (mode) => mode === 'never')).toBe(true)
    expect(isSomeTable(config, (mode) => mode === 'only')).toBe(false)
  })

  it.each([
    ['nested', `tables: { orders: { filter.leaving: drop }, "${arnOf('222222222222', 'orders')}": { topic.name: b } }`],
    [
      'below its ARN',
      `tables:\n  ${arnOf('222222222222', 'orders')}:\n    topic.name: b\n  orders:\n    filter.leaving: drop`,
    ],
    ['as one name', `tables.${arnOf('222222222222', 'orders')}.topic.name: b\ntables.orders.filter.leaving: drop`],
    ['in JSON', `tables:\n  {"orders.filter.leaving": "drop", "${arnOf('222222222222', 'orders')}.topic.name": "b"}`],
  ])('is told apart by the ARN of the table, which wins over its name: %s', (_, more) => {
    const config = load(more)
    expect(topicOf(config, 'orders', '222222222222')).toBe('b')
    expect(topicOf(config, 'orders', '111111111111')).toBe(topicOf(load(''), 'orders', '111111111111'))
    const of = (account: string) => overrideOf(config.overrides, { arn: arnOf(account, 'orders'), name: 'orders' })
    expect(of('222222222222')).toEqual({ 'topic.name': 'b', 'filter.leaving': 'drop' })
    expect(of('111111111111')).toEqual({ 'filter.leaving': 'drop' })
    expect(overrideOf(config.overrides, { arn: arnOf('1', 'bills'), name: 'bills' })).toBeUndefined()
  })

  it('may be named by its ARN in a .properties file', () => {
    const text = `tables.${arnOf('222222222222', 'a.b').replaceAll(':', '\\:')}.topic.name=b`
    const entries = parsePropertiesFile(text, 'f')
    const { overrides, problems } = readTableOverrides(entries, undefined)
    expect(problems).toEqual([])
    expect([...overrides.byTable]).toEqual([[arnOf('222222222222', 'a.b'), { 'topic.name': 'b' }]])
  })

  it('may be left empty', () => {
    expect(load('tables:\n').overrides.byTable.size).toBe(0)
    expect(load('tables:\n  orders:\n').overrides.byTable.size).toBe(0)
  })

  it.each([
    [
      'tables.orders.topic.nam: x',
      'tables.orders.topic.nam is nothing that a table can have of its own; did you mean topic.name?',
    ],
    ['tables.orders.key: x', 'a table may have topic.name, filter.operations'],
    ['tables: [orders]', 'which tables are read says source.tables'],
    ['tables.orders.snapshot.mode: sometimes', 'tables.orders.snapshot.mode must be one of'],
    ['tables.orders.filter.condition: "a = "', 'tables.orders.filter.condition : '],
    ['tables.o/r.topic.name: x', 'must have the name or the ARN of a table'],
    ['tables.arn:aws:dynamodb:eu-west-1:1:table/orders.topic.name: x', 'must have the name or the ARN of a table'],
    ['tables.arn:aws:kinesis:eu-west-1:111111111111:stream/orders.topic.name: x', 'must have the name or the ARN'],
    ['tables.orders.topic.name: "{tabel}"', 'tables.orders.topic.name must be'],
  ])('is refused with words where it is wrong: %s', (more, words) => {
    expect(messageOf(more)).toContain(words)
  })

  it('has nothing to say of snapshots of a Kinesis stream, nor of records of no table', () => {
    const kinesis = 'source.type: kinesis\nsource.kinesis.stream: s\n'
    expect(messageOf(`${kinesis}tables.orders.snapshot.mode: never`)).toContain('a stream has no snapshot')
    expect(load(`${kinesis}tables.orders.topic.name: x`).overrides.byTable.size).toBe(1)
    const raw = 'source.kinesis.records: raw\ntables.orders.topic.name: x'
    expect(messageOf(`${kinesis}${raw}`)).toContain('has no effect with source.kinesis.records: raw')
  })

  it('counts in the fingerprint if it decides what is written, however it stands in the file', () => {
    const of = (more: string): string => configFingerprint(load(more))
    expect(of('tables.orders.topic.name: x')).not.toBe(of(''))
    expect(of('tables: { orders: { filter.operations: [INSERT, REMOVE] } }')).toBe(
      of('tables.orders.filter.operations: REMOVE, INSERT'),
    )
    expect(of('tables.orders.snapshot.read.capacity: 10%')).toBe(of(''))
    expect(of('tables.orders.snapshot.mode: never')).not.toBe(of('tables.bills.snapshot.mode: never'))
  })
})
