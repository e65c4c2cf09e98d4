import { describe, expect, it } from 'vitest'
import { hidden, maskConfig, maskValue, restoreHidden } from './mask-config.ts'

describe('what is hidden', () => {
  it.each([
    'source.secret.access.key',
    'source.access.key.id',
    'kafka.sasl.password',
    'kafka.sasl.jaas.config',
    'producer.override.sasl.jaas.config',
    'aws.access.key.id',
    'kafka.api.key',
    'kafka.api.secret',
    'mask.hmac.key',
    'schema.registry.bearer.auth.token',
    'somebodys.password',
    'key.passphrase',
    'database.pwd',
    'my.pass',
    'confluent.license',
  ])('%s', (name) => expect(maskValue(name, 'canary')).toBe(hidden))

  it.each([
    'source.region',
    'secrets.allow',
    'schema.registry.basic.auth.credentials.source',
    'schema.registry.bearer.auth.issuer.endpoint.url',
    'kafka.sasl.oauthbearer.token.endpoint.url',
    'kinesis.credentials.provider.class',
    'format.key',
    'connector.class',
    'bypass.tables',
  ])('not %s', (name) => expect(maskValue(name, 'plain')).toBe('plain'))

  it('no reference, but what stands around one', () => {
    expect(maskValue('kafka.sasl.password', '${file:/run/secrets:password}')).toBe('${file:/run/secrets:password}')
    expect(maskValue('kafka.sasl.jaas.config', 'x password="canary${env:X}"')).toBe(hidden)
    expect(maskValue('schema.registry.url', 'https://u:canary@a:1/x,https://b')).toBe(
      'https://[hidden]@a:1/x,https://b',
    )
  })

  it.each([
    ['schema.registry.url', 'https://u:can@ary@a:1', 'https://[hidden]@a:1'],
    ['schema.registry.url', 'https://u:can/ary@a:1', 'https://[hidden]@a:1'],
    ['schema.registry.url', 'https://u:can,ary@a,https://v:canary@b', 'https://[hidden]@a,https://[hidden]@b'],
    ['schema.registry.url', 'u:canary@a:1', hidden],
    ['schema.registry.url', 'https:/u:canary@a:1', hidden],
    ['source.endpoint', 'https://u:canary@a,u:canary@b', 'https://[hidden]@b'],
    ['filter.condition', "contact = 'a@b'", "contact = 'a@b'"],
    ['source.endpoint', 'https://a:1/x', 'https://a:1/x'],
  ])('who is named in an address: %s %s', (name, value, shown) => expect(maskValue(name, value)).toBe(shown))
})

describe('what comes back', () => {
  const kept = new Map([
    ['kafka.sasl.password', 'old'],
    ['schema.registry.url', 'https://u:p@a'],
    ['lanes', '4'],
  ])

  it('is as it was, where it was hidden and has not changed', () => {
    const changed = new Map([...maskConfig(kept), ['lanes', '8']])
    expect(restoreHidden(changed, kept)).toEqual({ config: new Map([...kept, ['lanes', '8']]), missing: [] })
    const renewed = new Map([...maskConfig(kept), ['kafka.sasl.password', 'new']])
    expect(restoreHidden(renewed, kept).config.get('kafka.sasl.password')).toBe('new')
  })

  it('is missing, where nothing is kept of it', () => {
    expect(restoreHidden(new Map([['mask.hmac.key', hidden]]), kept).missing).toEqual(['mask.hmac.key'])
    expect(restoreHidden(new Map([['schema.registry.url', 'https://[hidden]@elsewhere']]), kept).missing).toEqual([
      'schema.registry.url',
    ])
    expect(restoreHidden(maskConfig(kept), undefined).missing).toEqual(['kafka.sasl.password', 'schema.registry.url'])
  })
})
