import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { benchSignal, openBench, reportFailure } from './bench-servers.ts'
import type { Bench } from './bench-servers.ts'
import { packTailrace, packTutorial } from './lambda-bundles.ts'
import { createEventMaker } from './lambda-events.ts'
import type { EventMaker } from './lambda-events.ts'
import { priceOf, summaryOf } from './lambda-report.ts'
import type { FunctionRun } from './lambda-report.ts'
import { openSandbox } from './lambda-sandbox.ts'
import type { Invocation } from './lambda-sandbox.ts'

/**
 * tailrace's function beside the one that tutorials show, each packed as it would be deployed and run in fresh processes over a
 * Runtime API, in turn, on one broker: from the start of a process to the answer of its first invocation (of one change),
 * then warm batches. Ends with one JSON line.
 *
 * Options: `--rounds 10`, `--batch 1000`, `--warm 20` (batches a round); for the cost of a million changes
 * `--memory 1769` (megabytes; with so many, Lambda gives one processor), `--gb-second 0.0000133334`, `--request
 * 0.0000002`: on-demand list prices of us-east-1 on arm64, in dollars.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    batch: { type: 'string', default: '1000' },
    warm: { type: 'string', default: '20' },
    memory: { type: 'string', default: '1769' },
    'gb-second': { type: 'string', default: '0.0000133334' },
    request: { type: 'string', default: '0.0000002' },
  },
})
const names = ['tutorial', 'tailrace'] as const
type Name = (typeof names)[number]

/** Batches of a process that are not counted: they are compiled while they run. */
const warmUps = 5
const table = 'orders'
const shardId = 'shardId-00000001795426137710-6c8358a0'
/** One of the two functions, ready to be started. */
interface Candidate {
  readonly program: string
  readonly env: Readonly<Record<string, string>>
  readonly events: EventMaker
  readonly topic: string
}

await reportFailure(async () => {
  await using stack = new AsyncDisposableStack()
  const bench = await openBench(stack, { server: ['--records', '0', '--shards', '1'], profile: undefined })
  const streamArn = await streamArnOf(bench.replay.endpoint)
  const candidates: Record<Name, Candidate> = {
    tutorial: await tutorial(bench, createEventMaker({ streamArn, shardId })),
    tailrace: await tailrace(bench, createEventMaker({ streamArn, shardId })),
  }
  const runs: Record<Name, FunctionRun[]> = { tutorial: [], tailrace: [] }
  // What only the very first invocation does, such as making topics, is not measured.
  for (const name of names) await run(bench, candidates[name], 1)
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      runs[name].push(await run(bench, candidates[name], Number(values.warm)))
    }
    console.log(`round ${round + 1} of ${values.rounds}`)
  }
  for (const name of names) await requireAll(bench, candidates[name])
  const prices = { gigabyteSecond: Number(values['gb-second']), request: Number(values.request) }
  const memory = { megabytes: Number(values.memory), batch: Number(values.batch) }
  const figures = names.map((name) => {
    const summary = summaryOf(runs[name], memory.batch)
    return [name, { ...summary, dollarsPerMillion: priceOf(summary.warm.wallMs.p50, memory, prices) }] as const
  })
  for (const [name, figure] of figures) console.log(name.padEnd(10), JSON.stringify(figure))
  console.log(JSON.stringify({ suite: 'lambda', batch: memory.batch, ...Object.fromEntries(figures) }))
})

/** One sandbox: a cold start with one change, then warm batches. */
async function run({ folder }: Bench, { program, env, events }: Candidate, warm: number): Promise<FunctionRun> {
  await using sandbox = await openSandbox({ program, folder, env })
  const cold = await invoke(() => sandbox.invoke(events.next(1)))
  const batches: Invocation[] = []
  for (let index = 0; index < warm + warmUps; index++) {
    const batch = await invoke(() => sandbox.invoke(events.next(Number(values.batch))))
    if (index >= warmUps) batches.push(batch)
  }
  return { cold, batches }
}

async function invoke(work: () => Promise<Invocation>): Promise<Invocation> {
  benchSignal.throwIfAborted()
  return work()
}

/** Who drops what it was given is quick. Markers and tombstones make the log longer than what was sent. */
async function requireAll({ kafka }: Bench, { topic, events }: Candidate): Promise<void> {
  const ends = await Promise.all([0, 1, 2, 3].map((partition) => kafka.offsets(topic, partition, benchSignal)))
  const records = ends.reduce((sum, { highWatermark }) => sum + Number(highWatermark), 0)
  if (records < events.made) throw new Error(`${topic} holds ${records} records of ${events.made}`)
}

async function streamArnOf(endpoint: string): Promise<string> {
  const headers = { 'x-amz-target': 'DynamoDB_20120810.DescribeTable' }
  const answer = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify({ TableName: table }) })
  const { Table } = (await answer.json()) as { readonly Table: { readonly LatestStreamArn: string } }
  return Table.LatestStreamArn
}

async function tutorial(bench: Bench, events: EventMaker): Promise<Candidate> {
  const topic = 'tutorial.orders'
  await bench.kafka.createTopic({ name: topic, partitions: 4, replicationFactor: 1, config: {} }, benchSignal)
  return {
    program: await packTutorial(path.join(bench.folder, 'tutorial')),
    env: { KAFKA_BROKERS: bench.bootstrapServers, KAFKA_TOPIC: topic },
    events,
    topic,
  }
}

async function tailrace(bench: Bench, events: EventMaker): Promise<Candidate> {
  const config = path.join(bench.folder, 'pipeline.yaml')
  await writeFile(
    config,
    `pipeline: bench
source: { region: us-east-1, endpoint: '${bench.replay.endpoint}', tables: [${table}] }
kafka: { bootstrap.servers: '${bench.bootstrapServers}' }
topic: { prefix: bench, partitions: 4 }
snapshot.mode: never
lambda.mapping.check: off
`,
  )
  return {
    program: await packTailrace(path.join(bench.folder, 'tailrace')),
    env: {
      TAILRACE_CONFIG: config,
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_REGION: 'us-east-1',
    },
    events,
    topic: 'bench.orders',
  }
}
