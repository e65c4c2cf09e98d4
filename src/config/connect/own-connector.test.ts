import { describe, expect, it } from 'vitest'
import { loadConfig } from '../load-config.ts'
import type { PipelineConfig } from '../pipeline-config.ts'

function load(config: Readonly<Record<string, unknown>>): PipelineConfig {
  const missing = (): never => {
    throw new Error('ENOENT')
  }
  return loadConfig({
    text: JSON.stringify({ name: 'Shop', config }),
    path: '/etc/shop.json',
    env: { KAFKA_BOOTSTRAP_SERVERS: 'b:9092' },
    readFile: missing,
    realPath: (path) => path,
  })
}

const own = {
  'connector.class': 'tailrace.TailraceSourceConnector',
  'source.region': 'eu-west-1',
  'source.tables': 'orders',
}

describe("tailrace's own connector class", () => {
  it('is a pipeline with its own properties, called after the connector', () => {
    const { values, kafka } = load({ ...own, 'topic.partitions': 3, 'tasks.max': 4, 'kafka.client.id': 'mine' })
    expect(values).toMatchObject({
      pipeline: 'shop',
      'source.tables': ['orders'],
      'topic.partitions': 3,
      'format.value': 'json',
    })
    expect(kafka).toMatchObject({ brokers: ['b:9092'], clientId: 'mine' })
  })

  it('takes the converters that every connector has', () => {
    const { values } = load({ ...own, 'value.converter': 'org.apache.kafka.connect.json.JsonConverter' })
    expect(values).toMatchObject({ 'format.value': 'json', 'format.schemas.enable': true })
  })

  it('refuses names that nobody knows', () => {
    expect(() => load({ ...own, 'topic.partitons': 3 })).toThrow(
      'topic.partitons is no property of a pipeline, of Connect, or of tailrace; did you mean topic.partitions?',
    )
  })
})
