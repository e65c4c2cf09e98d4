import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import { loadConfig } from './load-config.ts'
import type { PipelineConfig } from './pipeline-config.ts'

function load(text: string): PipelineConfig {
  const given = `${text}\nsource.region: eu-west-1\nkafka.bootstrap.servers: b:9092`
  const more = ['pipeline', 'source.tables']
    .filter((name) => !given.includes(`${name}:`))
    .map((name) => `${name}: shop`)
  return loadConfig({
    text: [given, ...more].join('\n'),
    path: 'pipeline.yaml',
    env: {},
    readFile: () => {
      throw new Error('ENOENT')
    },
    realPath: (path) => path,
  })
}

function refusal(text: string): string {
  try {
    load(text)
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'CONFIG_INVALID') return error.message
    throw error
  }
  return 'nothing is wrong'
}

const ofService = 'names a topic of a service, which records must not go to'
const ofLedger = "names a pipeline's ledger, which records must not go to"

describe('names that are reserved', () => {
  it('are told once, not again by what is named after them', () => {
    expect(refusal('pipeline: service')).not.toMatch(/ledger|dead/)
  })

  it.each([
    // With lane 5 of it a service called 5 would share a transactional id.
    ['pipeline: service', 'line 1: pipeline is service, or begins with service.'],
    ['pipeline: service.prod', 'line 1: pipeline is service, or begins with service.'],
    ['group.id: tailrace.service.prod', 'line 1: group.id begins with tailrace.service.'],
    ['ledger.topic: tailrace.service.prod.status', 'line 1: ledger.topic names a topic of a service'],
    ['topic.prefix: tailrace.service.prod', `line 1: topic.name, with topic.prefix in it, ${ofService}`],
    ['pipeline: tailrace.service.prod', `topic.name, with topic.prefix in it, ${ofService}`],
    ['topic.prefix: tailrace\nsource.tables: [a.b, service.prod.config]', `topic.prefix in it, ${ofService}`],
    ['pipeline: tailrace.bills\nsource.tables: [orders, ledger]', `topic.name, with topic.prefix in it, ${ofLedger}`],
    ['topic.name: tailrace.{table}.ledger\nsource.tables: "*"', `line 1: topic.name ${ofLedger}`],
    ['ledger.topic: places\ntopic.name: places', `topic.name ${ofLedger}`],
    ['tables.shop.topic.name: tailrace.service.{table}', `line 1: tables.shop.topic.name ${ofService}`],
    ['route.rules: ["a = 1 => tailrace.service.prod.config"]', `line 1: route.rules ${ofService}`],
    ['route.rules: ["a = 1 => b", "a = 2 => tailrace.{kind}.ledger"]', `line 1: route.rules ${ofLedger}`],
    ['errors.deadletterqueue.topic.name: tailrace.orders.ledger', `errors.deadletterqueue.topic.name ${ofLedger}`],
    ['signal.kafka.topic: tailrace.orders.ledger', `signal.kafka.topic ${ofLedger}`],
    ['notification.sink.topic.name: tailrace.service.a.config', `notification.sink.topic.name ${ofService}`],
    ['heartbeat.interval.ms: 60000\ntopic.heartbeat.prefix: tailrace.service', `topic.heartbeat.prefix ${ofService}`],
    [
      'transforms: [a]\ntransforms.a: {type: RegexRouter, regex: "(.*)", replacement: "tailrace.service.$1"}',
      `transforms.a.replacement ${ofService}`,
    ],
  ])('are refused: %s', (text, expected) => {
    expect(refusal(text)).toContain(expected)
  })

  it.each([
    'pipeline: services',
    'pipeline: my.service',
    'group.id: tailrace.orders',
    'topic.prefix: tailrace.services',
    'topic.heartbeat.prefix: tailrace.service',
    'ledger.topic: tailrace.orders.ledger',
    'source.tables: [ledger]',
    'route.rules: ["a = 1 => {prefix}.ledger"]',
    'topic.name: "{prefix}.ledger"',
  ])('are not: %s', (text) => {
    expect(refusal(text)).toBe('nothing is wrong')
  })
})
