import { parseArgs } from 'node:util'
import { benchSignal, openBench, reportFailure, runProgram } from './bench-servers.ts'
import type { Bench } from './bench-servers.ts'
import type { RunCost } from './run-cost.ts'
import { median, rowOf } from './stream-report.ts'

/**
 * What moving a change out of a Kinesis stream costs, beside the same change out of DynamoDB Streams: one replay server and
 * one broker for all, runs alternate, each is a process of its own, and what it has used is what counts. Then one
 * stream of 64 shards on a worker with one lane and little memory for repair. Ends with one JSON line.
 *
 * Options: `--rounds 5`, `--records 200000`, `--shards 8`, `--profile <folder>` (a CPU profile of every run), `--only <names>`.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    records: { type: 'string', default: '200000' },
    shards: { type: 'string', default: '8' },
    profile: { type: 'string' },
    only: { type: 'string' },
  },
})

/** A way of reading the backlog: lines of `source`, and lanes. */
interface Way {
  readonly name: string
  readonly lines: (endpoint: string, run: string) => readonly string[]
  readonly lanes: number
}

const kinesis =
  (...more: readonly string[]): Way['lines'] =>
  (endpoint, run) => ['type: kinesis', `kinesis.stream: ${run}`, `kinesis.endpoint: '${endpoint}'`, ...more]

/** Where tables are described, too. */
const changes =
  (...more: readonly string[]): Way['lines'] =>
  (endpoint, run) => [...kinesis(...more)(endpoint, run), `endpoint: '${endpoint}'`]

const reference: Way = {
  name: 'streams',
  lanes: 16,
  lines: (endpoint, run) => [`tables: [${run}]`, `endpoint: '${endpoint}'`],
}
const ways: readonly Way[] = [
  reference,
  { name: 'raw', lanes: 16, lines: kinesis('kinesis.records: raw') },
  { name: 'unrepaired', lanes: 16, lines: changes('kinesis.repair: off') },
  { name: 'at once', lanes: 16, lines: changes('kinesis.repair.delay.ms: 0') },
  { name: 'after 1 s', lanes: 16, lines: changes('kinesis.repair.delay.ms: 1000') },
]
/** All shards on one lane; and a third of the memory that repair would take for so many changes. */
const crowded: Way = {
  name: '64 shards',
  lanes: 1,
  lines: changes('kinesis.repair.delay.ms: 1000', 'kinesis.repair.memory.max.bytes: 33554432'),
}

const chosen = ways.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name))
const isWhole = values.only === undefined

await reportFailure(async () => {
  const costs = new Map<string, RunCost[]>()
  const measure = async (bench: Bench, way: Way, round: number): Promise<void> => {
    const cost = await run(bench, way, round)
    console.log(rowOf(round, way.name, cost))
    costs.set(way.name, [...(costs.get(way.name) ?? []), cost])
  }
  await withBench(values.shards, async (bench) => {
    // Who comes first changes from round to round, so that nobody always finds the same one's dirty pages.
    for (let round = 1; round <= Number(values.rounds); round++)
      for (const way of round % 2 === 1 ? chosen : chosen.toReversed()) await measure(bench, way, round)
  })
  if (isWhole || values.only?.includes(crowded.name) === true)
    await withBench('64', async (bench) => await measure(bench, crowded, 1))
  console.log(JSON.stringify(figuresOf(costs)))
})

async function withBench(shards: string, work: (bench: Bench) => Promise<void>): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const server = ['--records', values.records, '--shards', shards, '--kinesis']
  const bench = await openBench(stack, { server, profile: values.profile })
  const { records, meanSizeBytes } = bench.replay
  console.log(`${records} changes of ${Math.round(meanSizeBytes)} bytes in ${shards} shards`)
  await work(bench)
}

async function run(bench: Bench, way: Way, round: number): Promise<RunCost> {
  const name = `${way.name.replaceAll(' ', '-')}-${round}`
  const source = way.lines(bench.replay.endpoint, name).map((line) => `  ${line}`)
  const args = ['--run', name, '--partitions', '8', '--lanes', String(way.lanes), '--source', source.join('\n')]
  const cost = await runProgram(bench, 'kinesis-tailrace', args)
  for (const topic of [`${name}.${name}`, `${name}.orders`, `tailrace.${name}.ledger`])
    await bench.kafka.deleteTopic(topic, benchSignal).catch(() => undefined) // each way makes one of the first two
  return JSON.parse(cost) as RunCost
}

function figuresOf(costs: ReadonlyMap<string, readonly RunCost[]>): unknown {
  const cpuOf = (name: string): number =>
    median((costs.get(name) ?? []).map(({ records, cpuMs }) => (cpuMs * 1000) / records))
  const base = cpuOf(reference.name)
  const figures = [...costs].map(([name, runs]) => [
    name,
    {
      cpuSecondsPerMillion: rounded(cpuOf(name), 1),
      ratio: rounded(cpuOf(name) / base, 2),
      peakMiB: Math.round(Math.max(...runs.map(({ peakMiB }) => peakMiB))),
    },
  ])
  return { suite: 'kinesis', ...(Object.fromEntries(figures) as object) }
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
