import { describe, expect, it } from 'vitest'
import { failureOf, loadConnector } from '../../test/fixtures/load-connector.ts'
import type { KafkaClientConfig } from './kafka-client-config.ts'

const own = { pipeline: 'shop', 'source.region': 'eu-west-1', 'source.tables': 'orders' }
const connector = {
  name: 'events',
  'connector.class': 'KinesisSource',
  'kafka.topic': 'events',
  'kinesis.stream': 'clicks',
  'kinesis.region': 'eu-west-1',
}
const keys = { 'kafka.api.key': 'KEY1', 'kafka.api.secret': 'canary-secret' }
const jaas = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="w" password="canary-w";'
const worker = `bootstrap.servers=worker:9092
security.protocol=SASL_PLAINTEXT
sasl.mechanism=SCRAM-SHA-256
sasl.jaas.config=${jaas}
group.id=connect-cluster
client.id=of-the-worker
session.timeout.ms=30000
key.converter=org.apache.kafka.connect.json.JsonConverter
offset.storage.topic=connect-offsets
plugin.path=/usr/share/java
rest.port=8083
listeners.https.ssl.keystore.location=/x.jks
ssl.client.auth=required
consumer.sasl.mechanism=PLAIN
producer.compression.type=lz4
producer.acks=1
producer.session.timeout.ms=5
`
const plainWorker = 'bootstrap.servers=worker:9092\n'

function kafkaOf(properties: object, world: Parameters<typeof loadConnector>[1]): KafkaClientConfig {
  return loadConnector(JSON.stringify(properties), world).kafka
}

describe("a Connect worker's file", () => {
  it('says how Kafka is reached, and nothing else', () => {
    for (const properties of [own, connector]) {
      expect(kafkaOf(properties, { worker })).toMatchObject({
        brokers: ['worker:9092'],
        clientId: `tailrace.${'pipeline' in properties ? 'shop' : 'events'}`,
        sasl: { mechanism: 'SCRAM-SHA-256', username: 'w' },
        tls: undefined,
        compression: 'lz4',
        sessionTimeoutMs: 10_000,
      })
    }
  })

  it('is below what the pipeline file says, property by property', () => {
    const file = { ...own, 'kafka.bootstrap.servers': 'file:9092', 'kafka.compression.type': 'zstd' }
    expect(kafkaOf(file, { worker })).toMatchObject({
      brokers: ['file:9092'],
      compression: 'zstd',
      sasl: { mechanism: 'SCRAM-SHA-256' },
    })
  })

  it('gives no half of a way to log in', () => {
    const plain = { ...own, 'kafka.security.protocol': 'PLAINTEXT' }
    expect(kafkaOf(plain, { worker }).sasl).toBeUndefined()
    const other = {
      ...own,
      'kafka.security.protocol': 'SASL_SSL',
      'kafka.sasl.mechanism': 'PLAIN',
      'kafka.sasl.username': 'u',
    }
    expect(failureOf(JSON.stringify(other), { worker }).message).toContain('kafka.sasl.password is missing')
  })

  it('wins over the keys of a managed service', () => {
    for (const text of [worker, plainWorker]) {
      const config = loadConnector(JSON.stringify({ ...connector, ...keys }), { worker: text })
      expect(config.kafka.sasl?.mechanism).toBe(text === worker ? 'SCRAM-SHA-256' : undefined)
      expect(config.notes).toEqual([
        'without effect, since something else says how Kafka is reached: kafka.api.key, kafka.api.secret',
      ])
    }
  })

  it('is named with its line when something in it is wrong', () => {
    const text =
      'bootstrap.servers=worker:9092\nssl.truststore.location=/x.jks\nsecurity.protocol=SSL\nssl.truststore.type=JKS\n'
    const { message } = failureOf(JSON.stringify(own), { worker: text })
    expect(message).toContain('worker.properties line 4: kafka.ssl.truststore.type must be PEM')
    expect(failureOf(JSON.stringify(own), { worker: 'sasl.password=${env:HOME}' }).message).toContain(
      'worker.properties line 1: kafka.sasl.password: ${env:HOME} is not allowed',
    )
  })

  it('need not be complete', () => {
    const env = { KAFKA_BOOTSTRAP_SERVERS: 'env:9092' }
    expect(kafkaOf(own, { worker: 'producer.compression.type=gzip', env })).toMatchObject({
      brokers: ['env:9092'],
      compression: 'gzip',
    })
  })
})

describe('the environment', () => {
  const env = {
    KAFKA_BOOTSTRAP_SERVERS: 'env:9092',
    KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: 'e',
    KAFKA_SASL_PASSWORD: 'canary-e',
    KAFKA_SSL_CA_LOCATION: '',
    KAFKA_COMPRESSION_TYPE: 'gzip',
  }

  it('is heard where neither file names a broker', () => {
    expect(kafkaOf(own, { env })).toMatchObject({
      brokers: ['env:9092'],
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'e' },
      compression: 'none',
    })
    expect(kafkaOf({ ...own, 'kafka.bootstrap.servers': 'file:9092' }, { env }).sasl).toBeUndefined()
    expect(kafkaOf({ ...own, 'kafka.metadata.broker.list': 'file:9092' }, { env }).sasl).toBeUndefined()
    expect(kafkaOf(own, { env, worker: plainWorker }).sasl).toBeUndefined()
  })

  it('is nothing without an address', () => {
    const { KAFKA_BOOTSTRAP_SERVERS: _, ...rest } = env
    expect(failureOf(JSON.stringify(own), { env: rest }).message).toBe(
      "/etc/tailrace/connector.json: kafka.bootstrap.servers is missing; a Connect worker's file (--worker) or KAFKA_BOOTSTRAP_SERVERS can name it, too",
    )
  })

  it('may leave the way to log in to the keys of a managed service', () => {
    const address = { KAFKA_BOOTSTRAP_SERVERS: 'env:9092' }
    expect(kafkaOf({ ...connector, ...keys }, { env: address })).toMatchObject({
      tls: { isVerified: true },
      sasl: { mechanism: 'PLAIN', username: 'KEY1' },
    })
    const managed = { ...connector, ...keys, 'kafka.endpoint': 'SASL_SSL://pkc-1:9092' }
    expect(kafkaOf(managed, {})).toMatchObject({ brokers: ['pkc-1:9092'], sasl: { username: 'KEY1' } })
    const both = loadConnector(JSON.stringify(managed), { env: address })
    expect(both.kafka.brokers).toEqual(['env:9092'])
    expect(both.notes).toEqual(['without effect, since something else says how Kafka is reached: kafka.endpoint'])
    const plain = { ...address, KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT' }
    expect(kafkaOf({ ...connector, ...keys }, { env: plain })).toMatchObject({ tls: undefined, sasl: undefined })
    const said = { ...connector, ...keys, 'kafka.security.protocol': 'PLAINTEXT' }
    expect(kafkaOf(said, { env: address })).toMatchObject({ tls: undefined, sasl: undefined })
  })
})
