import { randomUUID } from 'node:crypto'
import type { Clock } from '../../src/async/clock.ts'
import { openCli } from './cli-under-test.ts'
import type { CliUnderTest } from './cli-under-test.ts'
import { configText, outputOf } from './pipeline-under-test.ts'
import type { OutputRecord } from './pipeline-under-test.ts'
import { startStreamSimulator } from './stream-simulator/stream-simulator.ts'
import type { SimulatedTable } from './stream-simulator/simulated-table.ts'
import type { StreamSimulator } from './stream-simulator/stream-simulator.ts'

/** A pipeline over a simulated table `orders` (two open shards) and a real broker, for tests of commands. */
export interface ShopCommands extends AsyncDisposable {
  readonly cli: CliUnderTest
  readonly simulator: StreamSimulator
  readonly orders: SimulatedTable
  readonly pipeline: string
  /** The output topic of `orders`. */
  readonly topic: string
  /** The pipeline file. */
  readonly file: string
  newTable(name: string): SimulatedTable
  /** The text of a pipeline file, with further lines. */
  text(more?: string): string
  /** Puts items `i<from>` … into `orders`, with a number in the attribute `name`. */
  fill(from: number, count: number, name?: string): void
  /** Waits until so many changes are in the topic. */
  delivered(changes: number): Promise<readonly OutputRecord[]>
  /** Runs a worker until so many changes are in the topic, then stops it in order; its exit code. */
  runUntil(changes: number, file?: string): Promise<number>
}

export async function openShop(
  bootstrapServers: string,
  env: Readonly<Record<string, string>> = {},
  /** The time of the table; commands have the real one. */
  clock?: Clock,
): Promise<ShopCommands> {
  const cli = openCli(env)
  const simulator = await startStreamSimulator(clock === undefined ? {} : { clock })
  const pipeline = `commands-${randomUUID().slice(0, 8)}`
  const topic = `${pipeline}.orders`
  const newTable = (name: string): SimulatedTable => {
    const keySchema = [{ name: 'id', type: 'S' }] as const
    return simulator.createTable({ name, keySchema, viewType: 'NEW_AND_OLD_IMAGES', openShards: 2 })
  }
  const orders = newTable('orders')
  const text = (more = 'http.listen: off\npoll.idle.max.ms: 200'): string =>
    configText({ pipeline, endpoint: simulator.endpoint, bootstrapServers, tables: ['orders'], more })
  const file = cli.file('pipeline.yaml', text())
  const delivered = (changes: number): Promise<readonly OutputRecord[]> => outputOf(bootstrapServers, topic, changes)
  return {
    cli,
    simulator,
    orders,
    pipeline,
    topic,
    file,
    newTable,
    text,
    fill: (from, count, name = 'n') => {
      for (let i = from; i < from + count; i++) orders.put({ id: { S: `i${i}` }, [name]: { N: `${i}` } })
    },
    delivered,
    runUntil: async (changes, other = file) => {
      const worker = cli.start(['run', other])
      try {
        await delivered(changes)
      } finally {
        await worker.interrupt()
      }
      return (await worker.ended).exitCode
    },
    [Symbol.asyncDispose]: async () => {
      await simulator.stop()
      cli[Symbol.dispose]()
    },
  }
}
