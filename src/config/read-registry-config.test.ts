import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import { configFingerprint } from './config-fingerprint.ts'
import { loadConfig } from './load-config.ts'
import type { PipelineConfig } from './pipeline-config.ts'
import type { ConfluentRegistryConfig } from './registry-config.ts'

const minimal = `pipeline: shop
source: {region: eu-west-1, tables: [orders]}
kafka.bootstrap.servers: b:9092
`
const plain =
  'kafka: {security.protocol: SASL_SSL, sasl.mechanism: PLAIN, sasl.username: key, sasl.password: canary-sasl}\n'
const oauth = `kafka:
  security.protocol: SASL_SSL
  sasl.mechanism: OAUTHBEARER
  sasl.oauthbearer.token.endpoint.url: https://idp.example/token
  sasl.oauthbearer.client.id: client
  sasl.oauthbearer.client.secret: canary-sasl
`
const url = 'schema.registry.url: https://sr.example:8081/\n'

/** A configuration whose registry is none of Glue. */
type Loaded = Omit<PipelineConfig, 'registry'> & { readonly registry: ConfluentRegistryConfig | undefined }

function load(text: string): Loaded {
  const config = loadConfig({
    text: minimal + text,
    path: '/etc/tailrace/pipeline.yaml',
    env: { SR_AUTH: 'user:canary-env' },
    readFile: () => {
      throw new Error('ENOENT')
    },
    realPath: (path) => path,
  })
  const { registry } = config
  if (registry?.kind === 'glue') throw new Error('the registry is one of Glue')
  return { ...config, registry }
}

function refusal(text: string): string {
  try {
    load(text)
  } catch (error) {
    if (error instanceof TailraceError) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

describe('the schema registry of a configuration', () => {
  it('is none without its URL', () => {
    expect(load('').registry).toBeUndefined()
  })

  it('registers, without credentials, unless it is told otherwise', () => {
    expect(load(url).registry).toEqual({
      kind: 'confluent',
      urls: ['https://sr.example:8081'],
      credentials: { kind: 'none' },
      tls: undefined,
      mode: 'register',
      comparesLatest: true,
      normalizes: false,
      context: undefined,
    })
  })

  it('takes several URLs with paths, a context, and the other ways to get a schema', () => {
    const text = `schema:
  registry.url: http://a:1/apis/ccompat/v7/, https://b/
  context.name: shop
auto.register.schemas: false
normalize.schemas: true
latest.compatibility.strict: false
`
    expect(load(text).registry).toMatchObject({
      urls: ['http://a:1/apis/ccompat/v7', 'https://b'],
      mode: 'look-up',
      comparesLatest: false,
      normalizes: true,
      context: 'shop',
    })
    expect(load(`${url}auto.register.schemas: false\nuse.latest.version: true`).registry?.mode).toBe('latest')
    expect(load(`${url}schema.context.name: default`).registry?.context).toBeUndefined()
  })

  it.each<[string, string, object]>([
    ['user info', 'schema.registry.basic.auth.user.info: "user:canary:x"', { kind: 'basic', username: 'user' }],
    ['a reference', 'schema.registry.basic.auth.user.info: ${env:SR_AUTH}', { kind: 'basic', username: 'user' }],
    [
      'user info with its source',
      'schema.registry.basic.auth: {credentials.source: USER_INFO, user.info: "user:canary-x"}',
      { kind: 'basic', username: 'user' },
    ],
    [
      'Kafka’s own',
      `${plain}schema.registry.basic.auth.credentials.source: SASL_INHERIT`,
      { kind: 'basic', username: 'key' },
    ],
    [
      'a token',
      'schema.registry.bearer.auth: {credentials.source: STATIC_TOKEN, token: canary-t, logical.cluster: lsrc-1}',
      { kind: 'token', logicalCluster: 'lsrc-1', identityPool: undefined },
    ],
    [
      'a token endpoint',
      `schema.registry.bearer.auth:
  credentials.source: OAUTHBEARER
  issuer.endpoint.url: https://idp.example/token
  client.id: client
  client.secret: canary-secret
  scope: a b
  identity.pool.id: pool-1`,
      {
        kind: 'oauth',
        tokenEndpoint: 'https://idp.example/token',
        clientId: 'client',
        scope: 'a b',
        identityPool: 'pool-1',
        logicalCluster: undefined,
      },
    ],
    [
      'Kafka’s token endpoint',
      `${oauth}schema.registry.bearer.auth.credentials.source: SASL_OAUTHBEARER_INHERIT`,
      { kind: 'oauth', tokenEndpoint: 'https://idp.example/token', clientId: 'client' },
    ],
  ])('takes credentials: %s, and hides them', (_, text, expected) => {
    const config = load(url + text)
    expect(config.registry?.credentials).toMatchObject(expected)
    expect(inspect(config, { depth: 20 }) + JSON.stringify(config)).not.toContain('canary')
    expect(config.secrets.some((secret) => secret.reveal().includes('canary'))).toBe(true)
  })

  it('takes user and password out of its URL, and shows neither', () => {
    const text = 'schema.registry.url: ["https://us%40er:canary%2Fx@a/p", "https://us%40er:canary%2Fx@b"]'
    const config = load(text)
    expect(config.registry?.urls).toEqual(['https://a/p', 'https://b'])
    const { credentials } = config.registry ?? {}
    expect(credentials?.kind === 'basic' && [credentials.username, credentials.password.reveal()]).toEqual([
      'us@er',
      'canary/x',
    ])
    expect(inspect(config, { depth: 20 }) + JSON.stringify(config)).not.toContain('canary')
    const secrets = config.secrets.map((secret) => secret.reveal())
    expect(secrets).toEqual(expect.arrayContaining(['canary/x', 'canary%2Fx', 'https://us%40er:canary%2Fx@a/p']))
  })

  it('tells of credentials without encryption, but not on the machine itself', () => {
    const user = 'schema.registry.basic.auth.user.info: "u:p"'
    const note = 'schema.registry.url is http: the credentials travel unencrypted'
    expect(load(`schema.registry.url: http://sr\n${user}`).notes).toContain(note)
    expect(load(`schema.registry.url: http://127.0.0.1\n${user}`).notes).not.toContain(note)
    expect(load('schema.registry.url: http://sr').notes).not.toContain(note)
  })

  it('reads ssl.* as Kafka’s, in its own name', () => {
    const { registry, notes } = load(`${url}schema.registry.enable.ssl.certificate.verification: false`)
    expect(registry?.tls).toMatchObject({ isVerified: false, isHostNameChecked: true })
    expect(notes).toContain(
      'schema.registry.enable.ssl.certificate.verification is false: any server can pose as the schema registry',
    )
    const other = load(`${url}schema.registry.ssl.endpoint.identification.algorithm: ""`)
    expect(other.registry?.tls).toMatchObject({ isVerified: true, isHostNameChecked: false })
  })

  it.each([
    [
      'schema.registry.basic.auth.user.info: "u:p"',
      'schema.registry.basic.auth.user.info is set without schema.registry.url',
    ],
    ['auto.register.schemas: false', 'auto.register.schemas is set without schema.registry.url'],
    ['schema.registry.url: ftp://sr', 'schema.registry.url must be http or https URLs'],
    ['schema.registry.url: http://169.254.169.254', 'schema.registry.url must be http or https URLs'],
    ['schema.registry.url: "https://sr?token=canary"', 'schema.registry.url must be http or https URLs'],
    [`${url}use.latest.version: true`, 'use.latest.version needs auto.register.schemas: false'],
    [
      `${url}schema.registry.basic.auth.user.info: canary`,
      'schema.registry.basic.auth.user.info must be `user:password`',
    ],
    [
      `${url}schema.registry.basic.auth.credentials.source: USER_INFO`,
      'schema.registry.basic.auth.user.info is missing',
    ],
    [
      `${url}schema.registry.basic.auth.credentials.source: URL`,
      'schema.registry.url must hold user name and password',
    ],
    [
      `${url}schema.registry.basic.auth.credentials.source: SASL_INHERIT`,
      'kafka.sasl.mechanism has no user name and password',
    ],
    [
      'schema.registry.url: "https://u:canary@a,https://u:canary2@b"',
      'schema.registry.url must hold the same user name and password in each URL',
    ],
    [
      'schema.registry.url: "https://u:canary@a"\nschema.registry.basic.auth.user.info: "u:canary"',
      'schema.registry.basic.auth.user.info is given, and schema.registry.basic.auth.credentials.source is URL',
    ],
    [`${url}schema.registry.bearer.auth.token: canary`, 'schema.registry.bearer.auth.credentials.source is missing'],
    [
      `${url}schema.registry.bearer.auth.credentials.source: STATIC_TOKEN`,
      'schema.registry.bearer.auth.token is missing',
    ],
    [
      `${url}schema.registry.bearer.auth: {credentials.source: STATIC_TOKEN, token: canary, client.id: x}`,
      'schema.registry.bearer.auth.client.id has no effect',
    ],
    [
      `${url}schema.registry.bearer.auth.credentials.source: SASL_OAUTHBEARER_INHERIT`,
      'kafka.sasl.mechanism is not OAUTHBEARER',
    ],
    [
      `${url}schema.registry.bearer.auth: {credentials.source: OAUTHBEARER, issuer.endpoint.url: "http://idp/token"}`,
      'schema.registry.bearer.auth.issuer.endpoint.url must be an https URL',
    ],
    [
      `${url}schema.registry.bearer.auth.credentials.source: OAUTHBEARER`,
      'schema.registry.bearer.auth.client.secret is missing for OAUTHBEARER',
    ],
    [
      `${url}schema.registry: {basic.auth.user.info: "u:canary", bearer.auth: {credentials.source: STATIC_TOKEN, token: canary}}`,
      'schema.registry.bearer.auth.credentials.source and a user name are both given',
    ],
    [
      `${url}schema.registry.ssl.ca.location: ca.pem`,
      'schema.registry.ssl.ca.location names a file that cannot be read',
    ],
    [
      `${url}schema.registry.ssl: {ca.pem: x, truststore.certificates: x}`,
      'schema.registry.ssl.truststore.certificates says the same as schema.registry.ssl.ca.pem',
    ],
    [
      'schema.registry: {url: "http://sr", ssl.keystore.type: PEM}',
      'schema.registry.ssl.keystore.type is set, and no URL of schema.registry.url is https',
    ],
    [`${url}schema.registry.ssl.truststore.type: JKS`, 'schema.registry.ssl.truststore.type must be PEM'],
    [`${url}schema.registry.basic.auth.user.inf: x`, 'did you mean schema.registry.basic.auth.user.info?'],
  ])('refuses %j', (text, expected) => {
    const message = refusal(text)
    expect(message).toContain(expected)
    expect(message).not.toContain('canary')
  })

  it('makes one problem of a secret that cannot be had', () => {
    expect(
      refusal(`${url}schema.registry.basic.auth: {credentials.source: USER_INFO, user.info: "\${env:SR_NONE}"}`),
    ).toMatch(/^\S+: line \d+: schema\.registry\.basic\.auth\.user\.info: .*SR_NONE[^\n]*$/)
  })

  it('counts in the fingerprint as far as it decides about ids', () => {
    const none = configFingerprint(load(''))
    const latest = 'auto.register.schemas: false\nuse.latest.version: true\n'
    expect(
      configFingerprint(load(`${url}schema.registry.basic.auth.user.info: "u:p"\nauto.register.schemas: false`)),
    ).toBe(none)
    const shared = [latest, 'normalize.schemas: true', 'schema.context.name: shop'].map((text) =>
      configFingerprint(load(url + text)),
    )
    expect(new Set([none, ...shared]).size).toBe(4)
  })
})
