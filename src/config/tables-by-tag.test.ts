import { describe, expect, it } from 'vitest'
import { configFingerprint } from './config-fingerprint.ts'
import { loadConfig } from './load-config.ts'
import type { ConfigInput } from './load-config.ts'
import type { PipelineConfig } from './pipeline-config.ts'

const start = 'pipeline: shop\nsource.region: eu-west-1\nkafka.bootstrap.servers: b:9092\n'

function load(more: string, env: ConfigInput['env'] = {}): PipelineConfig {
  const nothing = (): never => {
    throw new Error('ENOENT')
  }
  return loadConfig({ text: `${start}${more}\n`, path: '/p.yaml', env, readFile: nothing, realPath: (path) => path })
}

describe('source.tables.tags', () => {
  it('finds tables alone, or together with names', () => {
    const alone = load('source.tables.tags: [cdc, "team=orders|billing"]').source
    const tags = [
      { key: 'cdc', values: undefined },
      { key: 'team', values: ['orders', 'billing'] },
    ]
    expect(alone).toMatchObject({ tables: ['*'], tags })
    expect(load('source:\n  tables:\n    tags: cdc, team=orders|billing').source).toMatchObject({ tables: ['*'], tags })
    expect(load('source.tables: "shop-*"\nsource.tables.tags: cdc').source).toMatchObject({ tables: ['shop-*'] })
    expect(load('source:\n  tables: "shop-*"\n  tables.tags: cdc').source).toMatchObject({
      tables: ['shop-*'],
      tags: [tags[0]],
    })
    expect(load('source.tables: orders').source).toMatchObject({ tags: [], rediscoveryMs: 60_000 })
  })

  it('must be tags, none twice, and not of a Kinesis stream', () => {
    for (const tags of ['"=x"', '"a;b"', '[cdc, "cdc=1"]'])
      expect(() => load(`source.tables.tags: ${tags}`)).toThrow(/line 4: source.tables.tags must be a list of 1 to 50/)
    const kinesis = 'source.type: kinesis\nsource.kinesis.stream: s\nsource.tables.tags: cdc'
    expect(() => load(kinesis)).toThrow(/line 6: source.tables.tags has no effect with source.type: kinesis/)
    // Not every table.
    expect(() => load('source.tables.tags: []')).toThrow(/source.tables.tags must be a list of 1 to 50/)
  })

  it('are something that all workers agree on; how often one looks is not', () => {
    const of = (more: string): string => configFingerprint(load(more))
    expect(of('source.tables.tags: cdc')).not.toBe(of('source.tables: "*"'))
    expect(of('source.tables.tags: [a, b]')).toBe(of('source.tables.tags: [b, a]'))
    expect(of('source.tables: a\nsource.tables.rediscovery.ms: 5000')).toBe(of('source.tables: a'))
  })
})

describe('source.tagging.endpoint', () => {
  const endpoint = (more: string, env?: ConfigInput['env']): string | undefined => {
    const { source } = load(`source.tables.tags: cdc\n${more}`, env)
    return source.type === 'kinesis' ? 'none' : source.taggingEndpoint
  }

  it('is beside a substitute of DynamoDB, unless it is said where it is', () => {
    expect(endpoint('')).toBeUndefined()
    expect(endpoint('source.endpoint: http://localhost:8000')).toBe('http://localhost:8000')
    expect(endpoint('source.endpoint: https://vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com')).toBeUndefined()
    const env = { AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API: 'http://localhost:5000' }
    expect(endpoint('source.endpoint: http://localhost:8000', env)).toBe('http://localhost:5000')
    expect(endpoint('source.tagging.endpoint: http://localhost:6000', env)).toBe('http://localhost:6000')
  })
})
