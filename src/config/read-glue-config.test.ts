import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import { configFingerprint } from './config-fingerprint.ts'
import { loadConfig } from './load-config.ts'
import type { PipelineConfig } from './pipeline-config.ts'

const minimal = `pipeline: shop
source: {region: eu-west-1, tables: [orders]}
kafka.bootstrap.servers: b:9092
`
const glue = 'schema.registry.type: glue\n'

function load(text: string): PipelineConfig {
  return loadConfig({
    text: minimal + text,
    path: '/etc/tailrace/pipeline.yaml',
    env: {},
    readFile: () => {
      throw new Error('ENOENT')
    },
    realPath: (path) => path,
  })
}

function refusal(text: string): TailraceError {
  try {
    load(text)
  } catch (error) {
    if (error instanceof TailraceError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('the registry of AWS Glue', () => {
  it('is the default one of the source’s region, unless it is told otherwise', () => {
    expect(load(glue).registry).toEqual({
      kind: 'glue',
      registryName: 'default-registry',
      region: 'eu-west-1',
      endpoint: undefined,
      role: undefined,
      compatibility: 'BACKWARD',
      compression: 'none',
      mode: 'register',
      comparesLatest: true,
    })
    const text = `schema.registry: {type: glue, glue: {registry.name: shop, region: us-gov-east-1, endpoint: "https://vpce.example/",
  compatibility: FULL_ALL, compression: ZLIB}}
source.role.arn: arn:aws:iam::123456789012:role/reader
auto.register.schemas: false
use.latest.version: true
latest.compatibility.strict: false
format.value: avro
`
    expect(load(text).registry).toMatchObject({
      registryName: 'shop',
      region: 'us-gov-east-1',
      endpoint: 'https://vpce.example/',
      role: { arn: 'arn:aws:iam::123456789012:role/reader' },
      compatibility: 'FULL_ALL',
      compression: 'zlib',
      mode: 'latest',
      comparesLatest: false,
    })
  })

  it.each([
    [`${glue}schema.registry.url: http://sr`, 'schema.registry.url is not for schema.registry.type: glue'],
    [`${glue}schema.context.name: shop`, 'schema.context.name is not for schema.registry.type: glue'],
    [`${glue}normalize.schemas: true`, 'normalize.schemas is not for schema.registry.type: glue'],
    [
      `${glue}schema.registry.basic.auth.user.info: "u:p"`,
      'schema.registry.basic.auth.user.info is not for schema.registry.type: glue',
    ],
    [`${glue}schema.registry.ssl.ca.location: a.pem`, 'schema.registry.ssl.ca.location is not for'],
    [`${glue}format.value: avro\nformat.schema.id.in: header`, 'format.schema.id.in is header, and'],
    [`${glue}use.latest.version: true`, 'use.latest.version needs auto.register.schemas: false'],
    [`${glue}schema.registry.glue.compression: SNAPPY`, 'schema.registry.glue.compression must be one of'],
    [`${glue}schema.registry.glue.registry.name: "a b"`, 'schema.registry.glue.registry.name must be'],
    [`${glue}schema.registry.glue.endpoint: http://169.254.169.254`, 'schema.registry.glue.endpoint must be'],
    [
      'schema.registry.glue.compression: ZLIB',
      'schema.registry.glue.compression is set without schema.registry.type: glue',
    ],
    [
      'schema.registry: {url: "http://sr", glue.region: eu-west-1}',
      'schema.registry.glue.region is set without schema.registry.type: glue',
    ],
    ['schema.registry.type: confluent\nformat.value: avro', 'format.value: avro needs schema.registry.url'],
  ])('refuses %j', (text, expected) => {
    const error = refusal(text)
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toContain(expected)
  })

  it('counts in the fingerprint as far as it decides about bytes', () => {
    const prints = [
      '',
      glue,
      `${glue}schema.registry.glue.registry.name: shop`,
      `${glue}schema.registry.glue.compression: ZLIB`,
    ].map((text) => configFingerprint(load(text)))
    expect(new Set(prints).size).toBe(4)
    const same = `${glue}schema.registry.glue.endpoint: http://127.0.0.1:1\nschema.registry.glue.compatibility: NONE`
    expect(configFingerprint(load(same))).toBe(prints[1])
  })
})
