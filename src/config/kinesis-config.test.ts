import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import { configFingerprint } from './config-fingerprint.ts'
import { loadConfig } from './load-config.ts'
import type { PipelineConfig } from './pipeline-config.ts'
import { Secret } from './secret.ts'

const minimal = `pipeline: shop
kafka.bootstrap.servers: b:9092
source.type: kinesis
source.region: eu-west-1
source.kinesis.stream: changes
`

function load(text: string, env: Record<string, string> = {}): PipelineConfig {
  const readFile = (): Uint8Array => Buffer.from('')
  return loadConfig({ text, path: '/etc/tailrace/pipeline.yaml', env, readFile, realPath: (path) => path })
}

function failure(text: string, env: Record<string, string> = {}): TailraceError {
  try {
    load(text, env)
  } catch (error) {
    if (error instanceof TailraceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('source.type: kinesis', () => {
  it('has defaults of its own', () => {
    const { source, snapshot, topic } = load(minimal)
    expect(source).toEqual({
      type: 'kinesis',
      region: 'eu-west-1',
      stream: 'changes',
      records: 'dynamodb',
      tables: ['*'],
      excludedTables: [],
      start: { kind: 'trim-horizon' },
      startPositions: undefined,
      gap: 'stop',
      keys: new Map(),
      foreign: { policy: 'fail' },
      deaggregates: true,
      repair: { isOn: true, windowMs: 300_000, delayMs: 1_000, memoryMaxBytes: 268_435_456 },
      late: 'emit-flagged',
      fanOut: undefined,
      recordLimit: 2_000,
      rediscoveryMs: 60_000,
      shardIds: undefined,
      endpoint: undefined,
      kinesisEndpoint: undefined,
      accessKey: undefined,
      role: undefined,
    })
    expect(snapshot.mode).toBe('never')
    expect(topic.name).toBe('{prefix}.{table}')
  })

  it('reads every property', () => {
    const { source } = load(`${minimal}
source:
  tables: [orders, "b-*"]
  start: AFTER_SEQUENCE_NUMBER
  role.arn: arn:aws:iam::123456789012:role/r
  kinesis:
    start.positions: ["shardId-000000000000:49590338271490256608559692538361571095921575989136588898", "shardId-000000000001:0"]
    keys: ["orders:pk,sk", "gone:id"]
    foreign: pass
    foreign.topic: others
    deaggregate: false
    repair.window.ms: 60000
    repair.delay.ms: 1000
    repair.memory.max.bytes: 10485760
    late: drop
    fan.out: true
    consumer.name: mine
    record.limit: 10000
    shard.ids: shardId-00000000000[01]
    endpoint: http://localhost:4567
  endpoint: http://localhost:8000
`)
    expect(source).toMatchObject({
      tables: ['orders', 'b-*'],
      start: { kind: 'trim-horizon' },
      startPositions: {
        isAfter: true,
        positions: new Map([
          ['shardId-000000000000', '49590338271490256608559692538361571095921575989136588898'],
          ['shardId-000000000001', '0'],
        ]),
      },
      keys: new Map([
        ['orders', ['pk', 'sk']],
        ['gone', ['id']],
      ]),
      foreign: { policy: 'pass', topic: 'others' },
      deaggregates: false,
      repair: { isOn: true, windowMs: 60_000, delayMs: 1_000, memoryMaxBytes: 10_485_760 },
      late: 'drop',
      fanOut: { consumerName: 'mine' },
      recordLimit: 10_000,
      kinesisEndpoint: 'http://localhost:4567',
      endpoint: 'http://localhost:8000',
    })
    const pattern = source.type === 'kinesis' ? source.shardIds : undefined
    expect(pattern?.test('shardId-000000000001')).toBe(true)
    expect(pattern?.test('shardId-0000000000012')).toBe(false)
  })

  it('takes the region from the ARN, the endpoint from the environment', () => {
    const arn = 'arn:aws:kinesis:us-east-2:123456789012:stream/changes'
    const text = minimal.replace('source.region: eu-west-1\n', '').replace(': changes', `: ${arn}`)
    const env = { AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL_KINESIS: 'http://localhost:1' }
    const { source } = load(text, env)
    expect(source).toMatchObject({
      region: 'us-east-2',
      stream: arn,
      kinesisEndpoint: 'http://localhost:1',
    })
    expect(failure(`${text}source.region: eu-west-1`).code).toBe('AWS_REGION')
  })

  it('puts all records of a raw stream into one topic', () => {
    const { source, topic } = load(`${minimal}source.kinesis.records: raw\ntopic.name: everything`)
    expect(source).toMatchObject({ records: 'raw', tables: [], repair: { isOn: false } })
    expect(topic.name).toBe('everything')
  })

  it.each([
    ['source.kinesis.stream: a/b', 'source.kinesis.stream must be the name or the ARN'],
    ['snapshot.mode: initial', 'line 6: snapshot.mode: initial cannot go with source.type: kinesis'],
    ['snapshot.skip.contained.changes: true', 'snapshot.skip.contained.changes has no effect with'],
    ['snapshot.segments: 4', 'snapshot.segments has no effect with'],
    ['reselect: missing-images', 'reselect has no effect with source.type: kinesis'],
    ['source.streams.endpoint: http://localhost:8000', 'set source.kinesis.endpoint'],
    ['source.kinesis.records: raw\nsource.endpoint: http://localhost:1', 'source.endpoint has no effect with'],
    ['source.kinesis.keys: ["abc:a", "abc:b,c"]', 'source.kinesis.keys names a table twice'],
    ['source.allow.keys.only: true', 'source.allow.keys.only has no effect'],
    ['source.tables: arn:aws:dynamodb:eu-west-1:123456789012:table/orders', 'must be names or patterns'],
    [
      'source.start: AT_SEQUENCE_NUMBER',
      'line 6: source.start: AT_SEQUENCE_NUMBER needs source.kinesis.start.positions',
    ],
    ['source.kinesis.start.positions: ["a:1"]', 'is set without source.start: AT_SEQUENCE_NUMBER'],
    ['source.start: AT_SEQUENCE_NUMBER\nsource.kinesis.start.positions: ["a:1", "a:2"]', 'names a shard twice'],
    ['source.kinesis.start.positions: ["a:01"]', 'source.kinesis.start.positions must be'],
    ['source.kinesis.foreign: pass', 'source.kinesis.foreign: pass needs source.kinesis.foreign.topic'],
    ['source.kinesis.foreign.topic: x', 'is set without source.kinesis.foreign: pass'],
    [
      'source.kinesis.foreign: pass\nsource.kinesis.foreign.topic: tailrace.shop.ledger',
      'source.kinesis.foreign.topic and ledger.topic are one topic',
    ],
    ['source.kinesis.repair: off\nsource.kinesis.late: drop', 'source.kinesis.late has no effect with'],
    ['source.kinesis.repair.window.ms: 2000\nsource.kinesis.repair.delay.ms: 2001', 'is greater than'],
    ['source.kinesis.consumer.name: x', 'is set without source.kinesis.fan.out: true'],
    ['source.kinesis.shard.ids: "a)|(b"', 'source.kinesis.shard.ids must be a regular expression'],
    ['source.kinesis.shard.ids: ".*+"', 'source.kinesis.shard.ids must be a regular expression'],
    [
      'source.kinesis.records: raw\nsource.tables: orders',
      'source.tables has no effect with source.kinesis.records: raw',
    ],
    ['source.kinesis.records: raw\nfilter.condition: "a = 1"', 'filter.condition has no effect with'],
    ['source.kinesis.records: raw\nformat.envelope: flat', 'format.envelope has no effect with'],
    ['source.kinesis.records: raw\ntransforms: [a]\ntransforms.a.type: Filter', 'transforms has no effect with'],
    ['topic.name: all', 'topic.name has no {table}'],
  ])('refuses %s', (lines, expected) => {
    const base = lines.startsWith('source.kinesis.stream')
      ? minimal.replace(/source\.kinesis\.stream.*\n/, '')
      : minimal
    const error = failure(base + lines)
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toContain(expected)
  })

  it('needs a stream', () => {
    const { message } = failure(minimal.replace('source.kinesis.stream: changes\n', ''))
    expect(message).toContain('source.kinesis.stream is missing: source.type is kinesis')
  })

  it('keeps its properties from other sources', () => {
    const { message } = failure(minimal.replace('source.type: kinesis', 'source.tables: orders'))
    expect(message).toContain('line 5: source.kinesis.stream is set without source.type: kinesis')
    const other = 'pipeline: shop\nkafka.bootstrap.servers: b:9092\nsource: {region: eu-west-1, tables: orders}\n'
    expect(failure(`${other}source.start: AT_SEQUENCE_NUMBER`).message).toContain('needs source.type: kinesis')
  })

  it('counts what decides about records in the fingerprint, and nothing else', () => {
    const of = (text: string): string => configFingerprint(load(minimal + text))
    const base = of('')
    for (const text of ['source.kinesis.late: drop', 'source.kinesis.repair: off', 'source.kinesis.shard.ids: a'])
      expect(of(text)).not.toBe(base)
    for (const text of ['source.kinesis.fan.out: true', 'source.kinesis.record.limit: 1', 'source.tables: "*"'])
      expect(of(text)).toBe(base)
  })
})

describe('source.access.key.id', () => {
  const key = 'source.access.key.id: AKIAIOSFODNN7EXAMPLE\n'
  const secret = 'source.secret.access.key: canary/Secret\n'

  it('is a secret with its secret', () => {
    const config = load(`${minimal}${key}${secret}source.session.token: canary-token`)
    expect(config.source.accessKey?.secret.reveal()).toBe('canary/Secret')
    expect(config.secrets.map((one) => one.reveal())).toEqual(['AKIAIOSFODNN7EXAMPLE', 'canary/Secret', 'canary-token'])
    expect(config.source.accessKey?.id).toBeInstanceOf(Secret)
    expect(JSON.stringify(config)).not.toMatch(/canary|AKIA/)
  })

  it('is one half of a pair', () => {
    expect(failure(minimal + key).message).toContain(
      'line 6: source.access.key.id is set without source.secret.access.key',
    )
    const { message } = failure(minimal + secret)
    expect(message).toContain('source.secret.access.key is set without source.access.key.id')
    expect(message).not.toContain('canary')
    expect(failure(`${minimal}source.session.token: x`).message).toContain('source.session.token is set without')
  })
})
