import { describe, expect, it } from 'vitest'
import { certificatePem, encryptedKeyPem, foreignKeyPem, keyPem } from '../../test/fixtures/tls-material.ts'
import type { KafkaClientConfig } from './kafka-client-config.ts'
import type { KafkaFindings } from './kafka-input.ts'
import { readKafkaProperties } from './kafka-properties.ts'
import { parsePropertiesFile } from './properties-file.ts'

const files: Readonly<Record<string, string>> = {
  'ca.pem': certificatePem,
  'client.pem': certificatePem,
  'client.key': keyPem,
  'encrypted.key': encryptedKeyPem,
  'foreign.key': foreignKeyPem,
  'both.pem': `${keyPem}${certificatePem}`,
  'trust.jks': '\uFFFD\uFFFD\uFFFD\uFFFD\u0000\u0000',
  'empty.pem': '',
}

interface Outcome extends KafkaFindings {
  readonly config: KafkaClientConfig
  readonly texts: readonly string[]
}

function read(text: string): Outcome {
  const findings: KafkaFindings = { problems: [], notes: [], secrets: [] }
  const surroundings = {
    clientId: 'tailrace.shop',
    region: 'eu-central-1',
    readText: (path: string) => {
      const found = files[path]
      if (found === undefined) throw new Error('ENOENT')
      return found
    },
  }
  const config = readKafkaProperties([parsePropertiesFile(text, 'f')], surroundings, findings)
  return { config, ...findings, texts: findings.problems.map((problem) => problem.text) }
}

describe('what consoles hand out', () => {
  it('Confluent Cloud, Java', () => {
    const { config, texts, notes } = read(`
# Required connection configs for Kafka producer, consumer, and admin
bootstrap.servers=pkc-12345.us-west-2.aws.confluent.cloud:9092
security.protocol=SASL_SSL
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username='ABCDEFGHIJKLMNOP' password='canary+/x==';
sasl.mechanism=PLAIN
# Required for correctness in Apache Kafka clients prior to 2.6
client.dns.lookup=use_all_dns_ips
# Best practice for higher availability in Apache Kafka clients prior to 3.0
session.timeout.ms=45000
# Best practice for Kafka producer to prevent data loss
acks=all
client.id=ccloud-java-client-1
# Required connection configs for Confluent Cloud Schema Registry
schema.registry.url=https://psrc-1.us-west-2.aws.confluent.cloud
basic.auth.credentials.source=USER_INFO
basic.auth.user.info=canary:canary
`)
    expect(texts).toEqual([])
    expect(config).toMatchObject({
      brokers: ['pkc-12345.us-west-2.aws.confluent.cloud:9092'],
      clientId: 'ccloud-java-client-1',
      tls: { minVersion: 'TLSv1.2', ca: undefined, isVerified: true, isHostNameChecked: true },
      sasl: { mechanism: 'PLAIN', username: 'ABCDEFGHIJKLMNOP' },
    })
    expect(config.sasl?.mechanism === 'PLAIN' && config.sasl.password.reveal()).toBe('canary+/x==')
    expect(notes).toHaveLength(1)
    expect(notes[0]).not.toContain('kafka.session.timeout.ms')
    expect(JSON.stringify([config, notes])).not.toContain('canary')
  })

  it('Confluent Cloud, librdkafka', () => {
    const { config, texts } = read(`
bootstrap.servers=SASL_SSL://pkc-1.eu-west-1.aws.confluent.cloud:9092
security.protocol=SASL_SSL
sasl.mechanisms=PLAIN
sasl.username=KEY
sasl.password=SECRETSECRET
session.timeout.ms=45000`)
    expect(texts).toEqual([])
    expect(config.brokers).toEqual(['pkc-1.eu-west-1.aws.confluent.cloud:9092'])
    expect(config.sasl).toMatchObject({ mechanism: 'PLAIN', username: 'KEY' })
  })

  it('Confluent Cloud with the placeholders still in it', () => {
    const { texts } = read(`
bootstrap.servers=pkc-1:9092
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule   required username='{{ CLUSTER_API_KEY }}'   password='{{ CLUSTER_API_SECRET }}';`)
    expect(texts).toEqual([
      'kafka.sasl.username still holds the placeholder of the text it was pasted from',
      'kafka.sasl.password still holds the placeholder of the text it was pasted from',
    ])
  })

  it.each([
    [
      'MSK IAM',
      `sasl.mechanism=AWS_MSK_IAM
sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required;
sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler`,
      { profile: undefined, role: undefined },
    ],
    [
      'MSK IAM with a role and a profile',
      `sasl.mechanism=AWS_MSK_IAM
sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required awsProfileName="p" awsRoleArn="arn:aws:iam::123456789012:role/r" awsRoleSessionName="s" awsRoleExternalId="e";
sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler`,
      { profile: 'p', role: { arn: 'arn:aws:iam::123456789012:role/r', sessionName: 's', externalId: 'e' } },
    ],
    [
      'MSK IAM over OAUTHBEARER',
      `sasl.mechanism=OAUTHBEARER
sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
sasl.login.callback.handler.class=software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler
sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler`,
      { profile: undefined, role: undefined },
    ],
  ])('%s', (_, text, expected) => {
    const servers =
      'b-1.shop.abc123.c2.kafka.us-east-2.amazonaws.com:9098,b-2.shop.abc123.c2.kafka.us-east-2.amazonaws.com:9098'
    const { config, texts } = read(`bootstrap.servers=${servers}\nsecurity.protocol=SASL_SSL\n${text}`)
    expect(texts).toEqual([])
    expect(config.sasl).toEqual({ mechanism: 'AWS_MSK_IAM', region: 'us-east-2', ...expected })
  })

  it.each([
    ['boot-x.c1.kafka-serverless.us-east-1.amazonaws.com:9098', 'us-east-1'],
    ['b-1.x.c1.kafka.cn-north-1.amazonaws.com.cn:9098', 'cn-north-1'],
    ['kafka.internal.example:9098', 'eu-central-1'],
  ])('the region of MSK at %s is %s', (server, region) => {
    const { config } = read(`bootstrap.servers=${server}\nsecurity.protocol=SASL_SSL\nsasl.mechanism=AWS_MSK_IAM`)
    expect(config.sasl).toMatchObject({ region })
  })
})

describe('what other identity providers hand out', () => {
  it('OAUTHBEARER, Java and librdkafka', () => {
    const expected = {
      mechanism: 'OAUTHBEARER',
      tokenEndpoint: 'https://idp.example/token',
      clientId: 'id',
      scope: 'kafka',
      extensions: { logicalCluster: 'lkc-1', identityPoolId: 'pool-1' },
    }
    const java = read(`bootstrap.servers=b:9092
security.protocol=SASL_SSL
sasl.mechanism=OAUTHBEARER
sasl.oauthbearer.token.endpoint.url=https://idp.example/token
sasl.login.callback.handler.class=org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerLoginCallbackHandler
sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId='id' clientSecret='canary-s' scope='kafka' extension_logicalCluster='lkc-1' extension_identityPoolId='pool-1';`)
    const native = read(`bootstrap.servers=b:9092
security.protocol=sasl_ssl
sasl.mechanisms=OAUTHBEARER
sasl.oauthbearer.method=oidc
sasl.oauthbearer.client.id=id
sasl.oauthbearer.client.secret=canary-s
sasl.oauthbearer.scope=kafka
sasl.oauthbearer.token.endpoint.url=https://idp.example/token
sasl.oauthbearer.extensions=logicalCluster=lkc-1,identityPoolId=pool-1`)
    expect([...java.texts, ...native.texts]).toEqual([])
    expect(java.config.sasl).toMatchObject(expected)
    expect(native.config.sasl).toMatchObject(expected)
    expect(JSON.stringify([java, native])).not.toContain('canary')
  })

  it('SCRAM', () => {
    const { config, texts, notes } = read(`metadata.broker.list=a:9092,b,[::1]:9093
security.protocol=SASL_PLAINTEXT
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="alice" password="p w";`)
    expect(texts).toEqual([])
    expect(notes).toEqual([])
    expect(config).toMatchObject({
      brokers: ['a:9092', 'b:9092', '[::1]:9093'],
      tls: undefined,
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'alice' },
    })
  })
})

describe('TLS', () => {
  const base = 'bootstrap.servers=b:9093\nsecurity.protocol=SSL\n'

  it.each([
    ['librdkafka', 'ssl.ca.location=ca.pem\nssl.certificate.location=client.pem\nssl.key.location=client.key'],
    [
      'Java with PEM files',
      'ssl.truststore.type=PEM\nssl.truststore.location=ca.pem\nssl.keystore.type=PEM\nssl.keystore.location=both.pem',
    ],
    [
      'an encrypted key',
      'ssl.ca.location=ca.pem\nssl.certificate.location=client.pem\nssl.key.location=encrypted.key\nssl.key.password=key-password',
    ],
    [
      'PEM texts in one line',
      `ssl.ca.pem=${oneLine(certificatePem)}\nssl.keystore.certificate.chain=${oneLine(certificatePem)}\nssl.keystore.key=${oneLine(keyPem)}`,
    ],
  ])('takes %s', (_, text) => {
    const { config, texts, secrets } = read(base + text)
    expect(texts).toEqual([])
    expect(config.tls?.ca).toContain('BEGIN CERTIFICATE-----\n')
    expect(config.tls?.cert).toContain('BEGIN CERTIFICATE-----\n')
    expect(config.tls?.key?.reveal()).toMatch(/BEGIN (ENCRYPTED )?PRIVATE KEY-----\n/)
    expect(secrets.length).toBeGreaterThan(0)
  })

  it.each([
    [
      'a JKS type',
      'ssl.truststore.type=JKS',
      /ssl\.truststore\.type must be PEM: a JKS store is not PEM; make one with/,
    ],
    ['a JKS file', 'ssl.truststore.location=trust.jks', /ssl\.ca\.location is not PEM; make one with `keytool/],
    ['an empty file', 'ssl.ca.location=empty.pem', /holds no PEM block of a certificate/],
    ['an absent file', 'ssl.ca.location=absent.pem', /names a file that cannot be read/],
    [
      'a certificate without its key',
      'ssl.certificate.location=client.pem',
      /ssl\.key\.location \(or ssl\.key\.pem\) is missing/,
    ],
    ['a key without its certificate', 'ssl.key.location=client.key', /ssl\.certificate\.location .* is missing/],
    [
      'a key of another certificate',
      'ssl.certificate.location=client.pem\nssl.key.location=foreign.key',
      /do not fit together/,
    ],
    [
      'an encrypted key without password',
      'ssl.certificate.location=client.pem\nssl.key.location=encrypted.key',
      /ssl\.key\.password is missing/,
    ],
    [
      'a wrong password',
      'ssl.certificate.location=client.pem\nssl.key.location=encrypted.key\nssl.key.password=canary',
      /do not fit together/,
    ],
    [
      'a broken certificate',
      'ssl.ca.pem=-----BEGIN CERTIFICATE-----canary-----END CERTIFICATE-----',
      /not a readable certificate/,
    ],
    ['two of the same', 'ssl.ca.location=ca.pem\nssl.ca.pem=x', /says the same as/],
    ['two aliases', 'ssl.ca.location=ca.pem\nssl.truststore.location=ca.pem', /says the same as/],
    ['an unknown check', 'ssl.endpoint.identification.algorithm=maybe', /must be `https`, `none` or empty/],
  ])('refuses %s', (_, text, expected) => {
    const { texts, problems } = read(base + text)
    expect(texts.join('\n')).toMatch(expected)
    expect(JSON.stringify(problems)).not.toContain('canary')
  })

  it.each([
    'ssl.endpoint.identification.algorithm=',
    'ssl.endpoint.identification.algorithm=none',
    'enable.ssl.certificate.verification=false',
  ])('%s is taken with a note', (text) => {
    const { config, texts, notes } = read(base + text)
    expect(texts).toEqual([])
    expect(notes).toHaveLength(1)
    expect(config.tls?.isVerified === true && config.tls.isHostNameChecked).toBe(false)
  })

  it('does not switch checks off for anything else', () => {
    expect(read(`${base}ssl.endpoint.identification.algorithm=HTTPS`).config.tls).toMatchObject({
      isVerified: true,
      isHostNameChecked: true,
    })
    expect(read(`${base}enable.ssl.certificate.verification=0`).config.tls?.isVerified).toBe(true)
  })
})

const wrong: readonly (readonly [string, RegExp])[] = [
  ['acks=1', /^kafka\.acks is always all/],
  ['enable.idempotence=false', /always true/],
  ['isolation.level=read_uncommitted', /always read_committed/],
  ['group.id=x', /must not be set: the group is set by group\.id/],
  ['transactional.id=x', /must not be set/],
  [
    'sasl.pasword=canary',
    /kafka\.sasl\.pasword is not a property that tailrace knows; did you mean kafka\.sasl\.password\?/,
  ],
  ['some.other.thing=canary', /^kafka\.some\.other\.thing is not a property that tailrace knows$/],
  ['canary-1', /^not a property that tailrace knows$/],
  ['security.protocol=TLS', /must be one of PLAINTEXT, SSL/],
  ['sasl.mechanism=PLAIN', /security\.protocol must be SASL_SSL/],
  ['ssl.ca.location=ca.pem', /security\.protocol must be SSL or SASL_SSL/],
  ['security.protocol=SASL_SSL', /sasl\.mechanism is missing/],
  ['security.protocol=SASL_SSL\nsasl.mechanism=GSSAPI', /must be one of PLAIN, SCRAM/],
  ['security.protocol=SASL_SSL\nsasl.mechanism=PLAIN', /sasl\.username is missing/],
  ['security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.jaas.config=canary', /must have the form/],
  [
    'security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.jaas.config=x.ScramLoginModule required password="canary";',
    /must name the PlainLoginModule/,
  ],
  ['security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER', /token\.endpoint\.url is missing/],
  [
    'security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=http://idp.example/',
    /must be an https URL/,
  ],
  [
    'security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=https://169.254.169.254/',
    /must be an https URL/,
  ],
  [
    'security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=https://u:canary@idp.example/',
    /must be an https URL/,
  ],
  ['security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.extensions=auth=x', /`name=value` pairs/],
  ['bootstrap.servers=', /bootstrap\.servers is missing/],
  ['bootstrap.servers=b:0', /must be `host:port`/],
  ['bootstrap.servers=a b', /must be `host:port`/],
  ['bootstrap.servers=169.254.169.254:80', /must not be a link-local address/],
  ['transaction.timeout.ms=5', /must be a whole number from 1000 to 900000/],
  ['request.timeout.ms=soon', /must be a whole number/],
]

describe('what is wrong', () => {
  it.each(wrong)('%s', (text, expected) => {
    const servers = text.startsWith('bootstrap') ? '' : 'bootstrap.servers=b:9092\n'
    const { texts, problems } = read(`${servers}${text}`)
    expect(texts.some((one) => expected.test(one))).toBe(true)
    expect(JSON.stringify(problems)).not.toContain('canary')
  })
})

describe('precedence', () => {
  it('lets a later layer replace an earlier one, under another name too', () => {
    const findings: KafkaFindings = { problems: [], notes: [], secrets: [] }
    const layers = ['metadata.broker.list=file:1\nclient.id=file', 'bootstrap.servers=yaml:2'].map((text) =>
      parsePropertiesFile(text, 'f'),
    )
    const config = readKafkaProperties(layers, { clientId: 'd', region: undefined, readText: () => '' }, findings)
    expect(config).toMatchObject({ brokers: ['yaml:2'], clientId: 'file' })
    expect(findings.problems).toEqual([])
  })

  it('has defaults for what nobody sets', () => {
    expect(read('bootstrap.servers=b:9092').config).toEqual({
      brokers: ['b:9092'],
      clientId: 'tailrace.shop',
      tls: undefined,
      sasl: undefined,
      transactionTimeoutMs: 20_000,
      sessionTimeoutMs: 10_000,
      heartbeatMs: 1000,
      compression: 'none',
      requestTimeoutMs: 15_000,
      connectTimeoutMs: 10_000,
    })
  })
})

/** As Java's properties files hold PEM: without its line breaks. */
function oneLine(pem: string): string {
  return pem.trim().replaceAll('\n', ' ')
}
