import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJaas } from './jaas.ts'

const options = (text: string): unknown => {
  const parsed = parseJaas(text)
  return parsed === undefined ? undefined : [parsed.module, Object.fromEntries(parsed.options)]
}

describe('parseJaas', () => {
  it.each([
    [
      'Confluent Cloud',
      `org.apache.kafka.common.security.plain.PlainLoginModule required username='ABCDEFGH' password='a+b/c==';`,
      ['PlainLoginModule', { username: 'ABCDEFGH', password: 'a+b/c==' }],
    ],
    [
      'SCRAM on several lines',
      'org.apache.kafka.common.security.scram.ScramLoginModule required\n  username="alice"\n  password="a \\"q\\" \\\\ ; = b"\n  ;',
      ['ScramLoginModule', { username: 'alice', password: 'a "q" \\ ; = b' }],
    ],
    ['MSK IAM', 'software.amazon.msk.auth.iam.IAMLoginModule required;', ['IAMLoginModule', {}]],
    [
      'MSK IAM with a role',
      'software.amazon.msk.auth.iam.IAMLoginModule required awsRoleArn="arn:aws:iam::123456789012:role/r" awsRoleSessionName="s" awsDebugCreds=true;',
      [
        'IAMLoginModule',
        { awsRoleArn: 'arn:aws:iam::123456789012:role/r', awsRoleSessionName: 's', awsDebugCreds: 'true' },
      ],
    ],
    [
      'OAuth on Confluent Cloud',
      `org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId='id' clientSecret='s' scope='a b' extension_logicalCluster='lkc-1' extension_identityPoolId='pool-1';`,
      [
        'OAuthBearerLoginModule',
        {
          clientId: 'id',
          clientSecret: 's',
          scope: 'a b',
          extension_logicalCluster: 'lkc-1',
          extension_identityPoolId: 'pool-1',
        },
      ],
    ],
    ['comments', 'a.B required // x\n /* y=1; */ k=v;', ['B', { k: 'v' }]],
  ])('reads %s', (_, text, expected) => {
    expect(options(text)).toEqual(expected)
  })

  it.each([
    ['no semicolon', `a.PlainLoginModule required username='u'`],
    ['no flag', `a.PlainLoginModule username='u';`],
    ['an open quote', `a.PlainLoginModule required username='u;`],
    ['a missing value', `a.PlainLoginModule required username=;`],
    ['a missing equals sign', `a.PlainLoginModule required username 'u';`],
    ['two modules', `a.A required x='1'; b.B required y='2';`],
    ['nothing', ''],
    ['text', 'hello'],
    ['JSON', '{"a":1}'],
  ])('refuses %s', (_, text) => {
    expect(parseJaas(text)).toBeUndefined()
  })

  it('reads back any quoted value, and never throws or hangs', () => {
    const character = fc.constantFrom('a', 'é', '"', "'", '\\', ';', '=', ' ', '\n', '/', '*', '\u0000')
    const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 20 }), (password) => {
        expect(options(`a.M required p=${quote(password)};`)).toEqual(['M', { p: password }])
      }),
    )
    fc.assert(fc.property(fc.string({ unit: character }), (text) => void parseJaas(`a.M required ${text}`)))
    const startedAt = performance.now()
    for (const hostile of ['/*'.repeat(20_000), '"\\'.repeat(20_000), '='.repeat(40_000), "'a".repeat(20_000)]) {
      parseJaas(`a.M required ${hostile}`)
    }
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })
})
