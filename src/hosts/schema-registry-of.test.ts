import { describe, expect, it } from 'vitest'
import { answerWith, startRegistryDouble } from '../../test/servers/registry-double.ts'
import { startTokenEndpoint } from '../../test/servers/token-endpoint.ts'
import { seededRng } from '../async/rng.ts'
import { systemClock } from '../async/system-clock.ts'
import type { ConfluentRegistryConfig, RegistryConfig } from '../config/registry-config.ts'
import { Secret } from '../config/secret.ts'
import type { RegistryWait, SchemaRegistry } from '../schema-registry/schema-registry.ts'
import { checkRegistry } from './preflight/registry-checks.ts'
import { schemaRegistryOf } from './schema-registry-of.ts'

const never = new AbortController().signal
const parts = { clock: systemClock, rng: seededRng(2) }
const preflight = { ...parts, env: {}, signal: never }

function configOf(
  urls: readonly string[],
  credentials: ConfluentRegistryConfig['credentials'] = { kind: 'none' },
): RegistryConfig {
  return {
    kind: 'confluent',
    urls,
    credentials,
    tls: undefined,
    mode: 'register',
    comparesLatest: true,
    normalizes: false,
    context: undefined,
  }
}

function oauthOf(tokenEndpoint: string): ConfluentRegistryConfig['credentials'] {
  return {
    kind: 'oauth',
    tokenEndpoint,
    clientId: 'client',
    clientSecret: new Secret('canary'),
    scope: undefined,
    logicalCluster: 'lsrc-1',
    identityPool: 'pool-1',
  }
}

const resolve = (registry: SchemaRegistry, subject: string): Promise<unknown> =>
  registry.resolve(subject, { type: 'AVRO', text: '"string"' }, never)

describe('schemaRegistryOf', () => {
  it('sends user name and password in UTF-8', async () => {
    await using double = await startRegistryDouble()
    const credentials = { kind: 'basic', username: 'jürgen', password: new Secret('a:b') } as const
    await using registry = schemaRegistryOf(configOf([double.url], credentials), parts)
    await resolve(registry, 'a')
    const header = double.calls[0]?.headers.authorization ?? ''
    expect(Buffer.from(header.replace('Basic ', ''), 'base64').toString('utf8')).toBe('jürgen:a:b')
  })

  it('sends a token and whom it is for', async () => {
    await using double = await startRegistryDouble()
    const credentials = {
      kind: 'token',
      token: new Secret('t-1'),
      logicalCluster: 'lsrc-1',
      identityPool: undefined,
    } as const
    await using registry = schemaRegistryOf(configOf([double.url], credentials), parts)
    await resolve(registry, 'a')
    expect(double.calls[0]?.headers).toMatchObject({ authorization: 'Bearer t-1', 'target-sr-cluster': 'lsrc-1' })
    expect(double.calls[0]?.headers).not.toHaveProperty('confluent-identity-pool-id')
  })

  it('fetches a token once, and another one when it is refused', async () => {
    await using double = await startRegistryDouble()
    await using endpoint = await startTokenEndpoint('tailrace', 3600)
    await using registry = schemaRegistryOf(configOf([double.url], oauthOf(endpoint.url)), parts)
    await Promise.all(['a', 'b', 'c'].map((subject) => resolve(registry, subject)))
    expect(endpoint.expiries).toHaveLength(1)
    expect(double.calls.map(({ headers }) => headers.authorization?.slice(0, 7))).toEqual(Array(3).fill('Bearer '))
    expect(double.calls[0]?.headers['confluent-identity-pool-id']).toBe('pool-1')
    double.fail(answerWith(401, { error_code: 40101, message: 'expired' }))
    await resolve(registry, 'd')
    expect(endpoint.expiries).toHaveLength(2)
  })

  it('waits for a token endpoint that is away, and stops at one that says no', async () => {
    await using double = await startRegistryDouble()
    const endpoint = await startTokenEndpoint('tailrace', 3600)
    const { url } = endpoint
    endpoint.isOpen = false
    await using registry = schemaRegistryOf(configOf([double.url], oauthOf(url)), parts)
    await expect(resolve(registry, 'a')).rejects.toMatchObject({
      code: 'SCHEMA_REGISTRY_AUTHORIZATION',
      message: `the token endpoint ${new URL(url).host} gave no token (status 401)`,
    })
    await endpoint[Symbol.asyncDispose]()
    const stop = new AbortController()
    const waits: RegistryWait[] = []
    await using other = schemaRegistryOf(configOf([double.url], oauthOf(url)), {
      ...parts,
      onWait: (wait) => {
        waits.push(wait)
        if (waits.length === 2) stop.abort(new Error('stopped'))
      },
    })
    await expect(other.resolve('a', { type: 'AVRO', text: '"string"' }, stop.signal)).rejects.toThrow('stopped')
    expect(waits[0]?.error).toMatchObject({ code: 'SCHEMA_REGISTRY_UNREACHABLE' })
    expect(String(waits[0]?.error)).not.toContain('canary')
    expect(double.calls).toEqual([])
  })
})

describe('checkRegistry', () => {
  it('says where the registry is and which changes it allows', async () => {
    await using double = await startRegistryDouble()
    const { host } = new URL(double.url)
    expect(await checkRegistry(undefined, preflight)).toEqual([])
    expect(await checkRegistry(configOf([double.url]), preflight)).toEqual([
      { check: 'schema registry', status: 'ok', detail: `${host}, compatibility BACKWARD` },
    ])
    double.fail(answerWith(200, { compatibilityLevel: 'NONE' }))
    const [loose] = await checkRegistry(configOf([double.url]), preflight)
    expect(loose).toMatchObject({ status: 'warning', detail: expect.stringContaining('compatibility NONE') })
  })

  it('does not wait for a registry that is away, or is none', async () => {
    await using double = await startRegistryDouble()
    double.fail(answerWith(503, ''), answerWith(200, '<html>'), answerWith(401, ''), answerWith(403, ''))
    const findings = []
    for (let at = 0; at < 4; at++) findings.push(...(await checkRegistry(configOf([double.url]), preflight)))
    expect(findings.map(({ status, code }) => code ?? status)).toEqual([
      'SCHEMA_REGISTRY_UNREACHABLE',
      'SCHEMA_REGISTRY_RESPONSE',
      'SCHEMA_REGISTRY_AUTHORIZATION',
      'warning',
    ])
  })
})
