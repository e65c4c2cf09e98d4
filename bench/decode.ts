import { parseArgs } from 'node:util'
import { benchSignal, deleteTopics, openBench, reportFailure, runProgram } from './bench-servers.ts'
import type { Bench } from './bench-servers.ts'
import { decodePartitions, decodeTopic } from './decode-rows.ts'
import type { RunCost } from './run-cost.ts'
import { median, rowOf } from './stream-report.ts'

/**
 * Whether pages of a scan should be parsed, decoded and serialized on a thread of their own: the same pages into the same broker,
 * converted on the thread that commits and on another one, in turn. Ends with one JSON line.
 *
 * Options: `--rounds 4`, `--pages 300` (of 1,000 items), `--profile <folder>`.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    pages: { type: 'string', default: '300' },
    profile: { type: 'string' },
  },
})

await reportFailure(async () => {
  await using stack = new AsyncDisposableStack()
  const server = ['--records', '0', '--shards', '1', '--items', '100000', '--segments', '1', '--laps', '1000']
  const bench = await openBench(stack, { server, profile: values.profile })
  const alone: RunCost[] = []
  const threaded: RunCost[] = []
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const isThreaded of round % 2 === 1 ? [false, true] : [true, false]) {
      const cost = await run(bench, isThreaded)
      console.log(rowOf(round, isThreaded ? 'thread' : 'alone', cost))
      ;(isThreaded ? threaded : alone).push(cost)
    }
  }
  console.log(JSON.stringify({ suite: 'decode', ...figuresOf(alone, threaded) }))
})

async function run(bench: Bench, isThreaded: boolean): Promise<RunCost> {
  const topic = { name: decodeTopic, partitions: decodePartitions, replicationFactor: 1, config: {} }
  await bench.kafka.createTopic(topic, benchSignal)
  const output = await runProgram(bench, 'decode-run', ['--pages', values.pages, ...(isThreaded ? ['--thread'] : [])])
  await deleteTopics(bench.kafka, [decodeTopic])
  return JSON.parse(output) as RunCost
}

function figuresOf(alone: readonly RunCost[], threaded: readonly RunCost[]): Readonly<Record<string, number>> {
  const rate = (costs: readonly RunCost[]): number =>
    median(costs.map(({ records, wallMs }) => (records * 1_000) / wallMs))
  const cpu = (costs: readonly RunCost[]): number => median(costs.map(({ records, cpuMs }) => cpuMs / records))
  const rounded = (value: number): number => Number(value.toFixed(2))
  return {
    itemsRatio: rounded(rate(threaded) / rate(alone)),
    cpuRatio: rounded(cpu(threaded) / cpu(alone)),
    alonePerSecond: Math.round(rate(alone)),
    threadPerSecond: Math.round(rate(threaded)),
  }
}
