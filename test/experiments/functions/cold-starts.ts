import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { seededRng } from '../../../src/async/rng.ts'
import { systemClock } from '../../../src/async/system-clock.ts'
import { openFunctionProcess } from '../../../src/hosts/lambda/function-process.ts'
import { handleEvent } from '../../../src/hosts/lambda/handle-event.ts'
import { silentLogger } from '../../../src/observe/logger.ts'
import { readConfig } from '../../servers/pipeline-under-test.ts'
import { startStreamSimulator } from '../../servers/stream-simulator/stream-simulator.ts'
import { temporaryFolder } from '../../servers/temporary-folder.ts'
import { startKafkaBehindDoors } from '../proxied/kafka-behind-doors.ts'
import { deliveredSequences } from './delivered-sequences.ts'
import { functionPipelineText, shardEvents } from './shard-events.ts'

/** What came of many first invocations at once. */
export interface ColdStartOutcome {
  readonly lost: number
  readonly duplicated: number
  readonly changes: number
  /** Milliseconds of each that succeeded, in rising order, and why others failed. */
  readonly startMs: readonly number[]
  readonly failures: readonly string[]
  /** At the broker, over all of them: at once, and in all. */
  readonly mostConnections: number
  readonly connections: number
}

/**
 * A pipeline that has never run gets the first batch of each of its shards in the same moment, each in a function of its own.
 * They share this process, and nothing else. `limitMs` is the time of an invocation.
 */
export async function startAtOnce(plan: {
  readonly seed: number
  readonly functions: number
  readonly limitMs: number
}): Promise<ColdStartOutcome> {
  await using stack = new AsyncDisposableStack()
  const clock = systemClock
  const home = stack.use(await temporaryFolder())
  const directory = path.join(home.path, 'kafka')
  await mkdir(directory)
  const kafka = stack.use(await startKafkaBehindDoors({ directory, doors: 1, clock, rng: seededRng(plan.seed) }))
  const [door] = kafka.doors
  if (door === undefined) throw new Error('there is no door')
  const simulator = stack.use(await startStreamSimulator())
  const table = simulator.createTable({
    name: 'orders',
    keySchema: [{ name: 'id', type: 'S' }],
    viewType: 'NEW_AND_OLD_IMAGES',
    openShards: plan.functions,
  })
  const changes = plan.functions * 20
  for (let i = 0; i < changes; i++) table.put({ id: { S: `item-${i}` }, n: { N: '1' } })
  const config = readConfig(functionPipelineText(simulator.endpoint).replace('${env:KAFKA_BROKERS}', door.address))
  const env = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'local' }
  const [startMs, failures]: [number[], string[]] = [[], []]
  let mostConnections = 0
  const start = async (event: unknown): Promise<void> => {
    const begunMs = clock.monotonic()
    // Nobody could be asked for mappings here.
    const gate = (): Promise<void> => Promise.resolve()
    const options = { config, version: 'test', env, logger: silentLogger, timeLimitMs: plan.limitMs, gate }
    const batches = stack.use(await openFunctionProcess(options))
    try {
      await handleEvent(event, plan.limitMs, { config, logger: silentLogger, batches, clock })
      startMs.push(clock.monotonic() - begunMs)
    } catch (error) {
      failures.push(String(error))
    }
    mostConnections = Math.max(mostConnections, door.connections)
  }
  await Promise.all(shardEvents(table).map(start))
  const numbers = await deliveredSequences(kafka.directServers, 'shop.orders', changes)
  const distinct = new Set(numbers).size
  return {
    changes,
    lost: changes - distinct,
    duplicated: numbers.length - distinct,
    startMs: startMs.toSorted((a, b) => a - b),
    failures,
    mostConnections,
    connections: door.accepted,
  }
}
