import { readFileSync, realpathSync } from 'node:fs'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { loadConfig } from '../../../src/config/load-config.ts'
import { kafkaConnectionOf } from '../../../src/hosts/kafka-connection-of.ts'
import type { WorkerCredentials } from './pipeline-worker.ts'

/** What a worker makes of these Kafka properties at its start: it reads the files that they name, and asks for no token yet. */
export function credentialsFrom(properties: Readonly<Record<string, string>>): WorkerCredentials {
  const lines = Object.entries(properties).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}\n`)
  const config = loadConfig({
    text: `pipeline: p\nsource:\n  region: eu-central-1\n  tables: [t]\nkafka:\n  bootstrap.servers: 127.0.0.1:9092\n${lines.join('')}`,
    path: '/pipeline.yaml',
    env: {},
    readFile: (path) => readFileSync(path),
    realPath: (path) => realpathSync(path),
  })
  const { tls, sasl } = kafkaConnectionOf(config.kafka, clock)
  return { ...(tls === undefined ? {} : { tls }), ...(sasl === undefined ? {} : { sasl }) }
}
