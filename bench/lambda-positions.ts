import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/async/system-clock.ts'
import { spawnGuarded } from '../src/hosts/demo/guarded-process.ts'
import { benchSignal, openBroker, reportFailure } from './bench-servers.ts'
import type { BrokerBench } from './bench-servers.ts'
import { fill } from './lambda-positions-fill.ts'
import type { FillPlan } from './lambda-positions-fill.ts'
import type { Filling } from './lambda-positions-places.ts'
import { sequenceNumberAt } from './lambda-positions-places.ts'
import { spreadOf } from './lambda-report.ts'

/**
 * Where a function finds the position of its shard quickest: in the ledger (the whole partition, all of it decoded
 * or the shard's own entries alone, or from its end backwards), or as a consumer group's offset. Each measurement is a fresh process that connects, fences the shard's id
 * and finds the position; ways alternate on one broker. Then what a warm transaction of 100 records costs with each.
 *
 * Options: `--rounds 20`, `--commits 20000` (per shard, ten of them, in the fullest ledger: at four a second, 6 hours are
 * 86,400), `--writes 200`. Ends with one JSON line.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    commits: { type: 'string', default: '20000' },
    writes: { type: 'string', default: '200' },
  },
})
const ways = ['ledger', 'own', 'tail', 'offsets'] as const
type Way = (typeof ways)[number]

const output = 'positions-out'
const commits = Number(values.commits)
const week = String(7 * 24 * 3_600_000)
const uncleaned = { 'min.compaction.lag.ms': week, 'max.compaction.lag.ms': week }
const brief = { 'delete.retention.ms': '60000', 'segment.bytes': String(1024 * 1024) }
const plans: readonly FillPlan[] = [
  { name: 'one', shards: 1, commits: 100, topics: { 'one-shard': {} }, idle: false },
  { name: 'many', shards: 100, commits: 1_000, topics: { 'hundred-shards': {} }, idle: false },
  {
    name: 'busy',
    shards: 160,
    commits,
    topics: { 'busy-uncleaned': uncleaned, 'busy-as-made': {}, 'busy-brief': brief },
    idle: false,
  },
  { name: 'idle', shards: 100, commits: 1_000, topics: { 'idle-among-busy': {} }, idle: true },
]

interface Start {
  readonly position?: string
  readonly connectMs: number
  readonly fenceMs: number
  readonly positionMs: number
  readonly totalMs: number
  readonly cpuMs: number
  readonly writes: readonly number[]
  readonly writeCpuMs: number
}

await reportFailure(async () => {
  await using stack = new AsyncDisposableStack()
  const bench = await openBroker(stack)
  await bench.kafka.createTopic({ name: output, partitions: 4, replicationFactor: 1, config: {} }, benchSignal)
  const results: unknown[] = []
  for (const plan of plans) {
    const startedAt = performance.now()
    const fillings = await fill(plan, [bench.bootstrapServers], benchSignal)
    console.log(`filled ${plan.name} in ${Math.round((performance.now() - startedAt) / 1000)} s`)
    // The cleaner looks every 15 s.
    if (plan.name === 'busy') await systemClock.sleep(40_000, benchSignal)
    for (const filling of fillings) results.push(await measure(bench, filling, plan))
  }
  const writing = await measureWriting(bench)
  console.log(JSON.stringify({ suite: 'lambda-positions', starts: results, writing }))
})

async function measure(bench: BrokerBench, filling: Filling, { commits: last }: FillPlan): Promise<unknown> {
  const { highWatermark } = await bench.kafka.offsets(filling.topic, filling.partition, benchSignal)
  const bytes = await logBytes(bench, filling)
  const runs: Record<Way, Start[]> = { ledger: [], own: [], tail: [], offsets: [] }
  for (let round = 0; round < Number(values.rounds); round++) {
    // Who comes first changes from round to round.
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
      const start = await runChild(bench, filling, way, 0)
      if (start.position !== sequenceNumberAt(last)) throw new Error(`${way} found ${start.position}`)
      runs[way].push(start)
    }
  }
  const figures = { filling: filling.name, offsets: Number(highWatermark), bytes, ways: mapWays(runs, figuresOf) }
  console.log(JSON.stringify(figures))
  return figures
}

async function measureWriting(bench: BrokerBench): Promise<unknown> {
  const [filling] = await fill(
    { name: 'written', shards: 1, commits: 10, topics: { written: {} }, idle: false },
    [bench.bootstrapServers],
    benchSignal,
  )
  if (filling === undefined) throw new Error('nothing was filled')
  const runs: Record<Way, Start[]> = { ledger: [], own: [], tail: [], offsets: [] }
  for (let round = 0; round < 6; round++) {
    for (const way of round % 2 === 0 ? (['ledger', 'offsets'] as const) : (['offsets', 'ledger'] as const)) {
      runs[way].push(await runChild(bench, filling, way, Number(values.writes)))
    }
  }
  return Object.fromEntries(
    (['ledger', 'offsets'] as const).map((way) => {
      const all = runs[way].flatMap(({ writes }) => writes.slice(20))
      const cpu = runs[way].map(({ writes, writeCpuMs }) => writeCpuMs / writes.length)
      return [way, { wallMs: spreadOf(all), cpuMs: spreadOf(cpu) }]
    }),
  )
}

function mapWays<T>(runs: Record<Way, Start[]>, of: (starts: Start[]) => T): Record<string, T> {
  return Object.fromEntries(ways.map((way) => [way, of(runs[way])]))
}

function figuresOf(starts: readonly Start[]): unknown {
  const of = (name: 'connectMs' | 'fenceMs' | 'positionMs' | 'totalMs' | 'cpuMs'): unknown => {
    return spreadOf(starts.map((start) => start[name]))
  }
  return {
    connect: of('connectMs'),
    fence: of('fenceMs'),
    position: of('positionMs'),
    total: of('totalMs'),
    cpu: of('cpuMs'),
  }
}

/** What the partition takes on the broker's disk. */
async function logBytes({ folder }: BrokerBench, { topic, partition }: Filling): Promise<number> {
  const log = path.join(folder, 'data', `${topic}-${partition}`)
  const names = (await readdir(log)).filter((name) => name.endsWith('.log'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(log, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function runChild(bench: BrokerBench, filling: Filling, way: Way, writes: number): Promise<Start> {
  const { topic, partition, shard } = filling
  const options: Readonly<Record<string, string>> = {
    kafka: bench.bootstrapServers,
    way,
    topic,
    partition: String(partition),
    shard,
    'group-topic': topic,
    output,
    writes: String(writes),
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  let printed = ''
  const child = await spawnGuarded(
    process.execPath,
    [path.join(import.meta.dirname, 'lambda-positions-child.ts'), ...args],
    { cwd: bench.folder, output: (text) => (printed += text) },
  )
  const onStop = (): void => child.kill('SIGKILL')
  benchSignal.addEventListener('abort', onStop, { once: true })
  const exit = await child.closed
  benchSignal.removeEventListener('abort', onStop)
  benchSignal.throwIfAborted()
  if (exit.code !== 0) throw new Error(`a start failed (${exit.signal ?? exit.code}):\n${printed}`)
  return JSON.parse(printed) as Start
}
