import { describe, expect, it } from 'vitest'
import { certificatePem } from '../../../test/fixtures/tls-material.ts'
import { TailraceError } from '../../errors.ts'
import { readServiceConfig } from './read-service-config.ts'
import type { ServiceConfig } from './service-config.ts'

const files: Readonly<Record<string, string>> = {
  '/etc/tailrace/access': 'token admin ops sha256:00',
  '/etc/tailrace/tls.pem': 'KEY AND CERTIFICATE',
  '/etc/tailrace/ca.pem': certificatePem,
  '/etc/secret': 'a secret of a few dozen characters',
}

function read(text: string, path = '/etc/tailrace/connect-distributed.properties'): ServiceConfig {
  return readServiceConfig({
    text,
    path,
    env: { KAFKA_PASSWORD: 'hush hush', HOME: '/root' },
    readFile: (file) => {
      const found = files[file]
      if (found === undefined) throw new Error('ENOENT')
      return Buffer.from(found)
    },
    realPath: (file) => file,
  })
}

function failureOf(text: string): TailraceError {
  try {
    read(text)
  } catch (error) {
    if (error instanceof TailraceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const least = 'bootstrap.servers=kafka:9092\ngroup.id=connect-cluster\n'

describe('readServiceConfig', () => {
  it('takes the file that Kafka ships for distributed workers, and says what has no effect', () => {
    const config = read(`
bootstrap.servers=localhost:9092
group.id=connect-cluster
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=true
value.converter.schemas.enable=true
offset.storage.topic=connect-offsets
offset.storage.replication.factor=1
config.storage.topic=connect-configs
config.storage.replication.factor=1
status.storage.topic=connect-status
status.storage.replication.factor=1
offset.flush.interval.ms=10000
plugin.path=/usr/share/java
`)
    expect(config).toMatchObject({
      group: 'connect-cluster',
      kafka: { brokers: ['localhost:9092'] },
      configTopic: { name: 'connect-configs', replicationFactor: 1 },
      statusTopic: { name: 'connect-status', replicationFactor: 1 },
      listeners: [{ scheme: 'http', host: '127.0.0.1', port: 8083 }],
      policy: { secretsAllow: [], filesAllow: [], endpointsAllow: [], overrides: 'None' },
    })
    expect(config.policy.converters.map(({ name }) => name)).toEqual([
      'key.converter',
      'value.converter',
      'key.converter.schemas.enable',
      'value.converter.schemas.enable',
    ])
    expect(config.notes.join('\n')).toMatch(
      /ledger of each pipeline: offset\.storage\.topic, .*offset\.flush\.interval\.ms/,
    )
    expect(config.notes.join('\n')).toContain('plugin.path')
  })

  it('names its topics after the group where nothing else is said', () => {
    const { configTopic, statusTopic } = read(least)
    expect(configTopic).toEqual({ name: 'tailrace.service.connect-cluster.config', replicationFactor: -1 })
    expect(statusTopic.name).toBe('tailrace.service.connect-cluster.status')
  })

  it('is YAML as well', () => {
    const config = read(
      'group.id: a\nbootstrap.servers: [one:1, two:2]\nlisteners: [http://:0]\nconnector:\n  files.allow: [/srv]\n',
      'tailrace.yaml',
    )
    expect(config.kafka.brokers).toEqual(['one:1', 'two:2'])
    expect(config.listeners[0]?.port).toBe(0)
    expect(config.policy.filesAllow).toEqual(['/srv'])
  })

  it('gives connectors the address, the way in, what is said of producers and when a process is dead, but not the names of the clients', () => {
    const config = read(
      `${least}security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=u\nsasl.password=\${env:KAFKA_PASSWORD}\nclient.id=worker\nsession.timeout.ms=6000\nproducer.compression.type=zstd\nconsumer.client.id=x\n`,
    )
    expect(config.kafka).toMatchObject({ clientId: 'worker', compression: 'zstd', sasl: { mechanism: 'PLAIN' } })
    const names = config.policy.kafka.map(({ name }) => name)
    expect(names).toEqual([
      'bootstrap.servers',
      'security.protocol',
      'sasl.mechanism',
      'sasl.username',
      'sasl.password',
      'compression.type',
      'session.timeout.ms',
    ])
    expect(config.secrets.map((secret) => secret.reveal())).toEqual(['hush hush'])
  })

  it('gives connectors files where they are, not where a configuration without a folder would look for them', () => {
    const text = `${least}security.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.location=ca.pem\n`
    expect(read(text).policy.kafka).toContainEqual(
      expect.objectContaining({ name: 'ssl.truststore.location', value: '/etc/tailrace/ca.pem' }),
    )
  })

  it('reads the list of those who may use it, the secret between processes, and keys', () => {
    const config = read(
      `${least}listeners=https://0.0.0.0:8443,http://127.0.0.1:8083\nrest.access.file=access\nrest.forward.secret=\${file:/etc/secret}\nsecrets.allow=file:/etc/secret\nlisteners.https.ssl.keystore.location=tls.pem\n`,
    )
    expect(config.access.list).toEqual({ path: 'access', text: 'token admin ops sha256:00' })
    expect(config.access.forwardSecret?.reveal()).toBe('a secret of a few dozen characters')
    expect(config.tls).toMatchObject({ truststore: undefined, asksClients: false })
    expect(config.tls?.keystore.reveal()).toBe('KEY AND CERTIFICATE')
  })

  it.each([
    ['group.id=a', 'bootstrap.servers is missing'],
    [`${least}status.storage.topic=tailrace.orders.ledger`, "status.storage.topic names a pipeline's ledger"],
    [`${least}config.storage.topic=tailrace.orders.ledger`, "config.storage.topic names a pipeline's ledger"],
    [
      `${least}config.storage.topic=a\nstatus.storage.topic=a`,
      'status.storage.topic names the same topic as config.storage.topic',
    ],
    ['bootstrap.servers=k:9092', 'group.id is missing'],
    [`${least}listeners=ftp://x:1`, 'listeners must be'],
    [`${least}listeners=https://127.0.0.1:1`, 'listeners.https.ssl.keystore.location is missing'],
    [`${least}rest.access.file=access`, 'rest.forward.secret is missing'],
    [
      `${least}rest.access.file=nowhere\nrest.forward.secret=${'x'.repeat(32)}`,
      'rest.access.file names a file that cannot be read',
    ],
    [`${least}listners=http://:1`, 'did you mean listeners?'],
    [`${least}connector.client.config.override.policy=Anything`, 'must be one of `None`'],
    [`${least}sasl.password=\${env:HOME}`, 'is not allowed'],
    [`${least}listeners.https.ssl.keystore.type=JKS`, 'must be `PEM`'],
  ])('refuses %j', (text, message) => {
    const error = failureOf(text)
    expect(error.message).toContain(message)
    expect(error.message).not.toContain('kafka.bootstrap')
    expect(error.policy).toBe('refuse')
  })
})
