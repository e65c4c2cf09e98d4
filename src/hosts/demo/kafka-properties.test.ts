import { expect, test } from 'vitest'
import { kafkaProperties } from './kafka-properties.ts'

const ports = { controller: 1, internal: 2, plain: 3, listeners: [4, 5] }

test('each listener has its port, its advertised address and its own properties', () => {
  const text = kafkaProperties({
    dataFolder: '/data',
    ports,
    autoCreateTopics: false,
    advertisedPort: 33,
    listeners: [
      {
        name: 'SASL_SSL',
        protocol: 'SASL_SSL',
        advertisedHost: 'localhost',
        properties: { 'ssl.client.auth': 'none' },
      },
      { name: 'PROXIED', protocol: 'PLAINTEXT', advertisedPort: 55 },
    ],
    extraProperties: { 'offsets.topic.num.partitions': '1' },
  })
  const lines = text.split('\n')
  expect(lines).toContain(
    'listeners=INTERNAL://127.0.0.1:2,PLAINTEXT://127.0.0.1:3,SASL_SSL://127.0.0.1:4,PROXIED://127.0.0.1:5,CONTROLLER://127.0.0.1:1',
  )
  expect(lines).toContain(
    'advertised.listeners=INTERNAL://127.0.0.1:2,PLAINTEXT://127.0.0.1:33,SASL_SSL://localhost:4,PROXIED://127.0.0.1:55',
  )
  expect(lines).toContain('listener.name.sasl_ssl.ssl.client.auth=none')
  expect(lines).toContain('offsets.topic.num.partitions=1')
  expect(lines).toContain('auto.create.topics.enable=false')
})

test('a value with a backslash or a line break stays one value', () => {
  const input = { dataFolder: '/data', ports, autoCreateTopics: true, listeners: [] }
  expect(kafkaProperties({ ...input, extraProperties: { key: 'a\\b\nc' } })).toContain('key=a\\\\b\\nc\n')
})
