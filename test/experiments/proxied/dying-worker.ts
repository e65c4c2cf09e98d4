import { readFileSync } from 'node:fs'
import { seededRng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { runPipeline } from '../../../src/hosts/assemble.ts'
import { createWireGroupMembership } from '../../../src/kafka/wire-group-membership.ts'
import { createDynamoDbStreamsSource } from '../../../src/sources/dynamodb-streams/dynamodb-streams-source.ts'
import { withCrashPoints } from '../../crash/crashing-kafka.ts'
import { connectKafka } from '../../servers/connected-kafka.ts'
import { connectTo } from '../../servers/stream-simulator/simulator-client.ts'
import { parseRunConfig } from './run-config.ts'

/**
 * A worker as a process of its own, which kills itself with SIGKILL when it has reached a crash point so many times:
 * `dying-worker.ts <configuration> <crash point> <times> <seed>`.
 */
const [file = '', point = '', times = '1', seed = '1'] = process.argv.slice(2)
const config = parseRunConfig(readFileSync(file, 'utf8'))
const rng = seededRng(Number(seed))
const { brokers } = config.kafka
let left = Number(times)
const kafka = withCrashPoints(connectKafka(brokers.join(',')), config.ledger.topic, (reached) => {
  if (reached !== point || --left > 0) return undefined
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => undefined)
})
const membership = createWireGroupMembership({
  connection: { brokers },
  clock,
  rng,
  group: config.groupId,
  topic: config.ledger.topic,
  sessionTimeoutMs: 1_500,
  heartbeatMs: 200,
})
const { region, tables, endpoint } = config.source
const polling = { minIntervalMs: 100, idleBaseMs: 100, idleCapMs: 300 }
const source = createDynamoDbStreamsSource({ api: connectTo(endpoint ?? ''), clock, rng, region, tables, polling })
const forGood = new AbortController()
await runPipeline(
  config,
  { kafka, membership, source, clock, rng, onEvent: () => undefined },
  '0.0.0-test',
  forGood.signal,
)
