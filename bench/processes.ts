import { parseArgs } from 'node:util'
import { systemClock } from '../src/async/system-clock.ts'
import { startServiceProcess } from '../test/servers/service-under-test.ts'
import type { ServiceProcessUnderTest } from '../test/servers/service-under-test.ts'
import { benchSignal, deleteTopics, openBench, reportFailure } from './bench-servers.ts'
import type { Bench } from './bench-servers.ts'
import { processesFigures, processesRow, readingOf, runOf } from './processes-report.ts'
import type { ProcessesRun, Reading } from './processes-report.ts'

/**
 * What a change costs when the processes of one service share the work: the same backlog moved by one, two and three `tailrace serve`, in turn, on one
 * replay server and one broker. Only the product's processes are counted, by their own metrics: user and system time of what happens from the moment at
 * which each has moved `--warm` changes (and is compiled) to the last commit. Where processes, broker and source share few cores, the time on
 * the clock says nothing of what more machines would do; the processor time does. Ends with one JSON line.
 *
 * Options: `--rounds 4`, `--records 600000`, `--shards 48`, `--lanes 24` (also partitions), `--counts 1,2,3`, `--warm 50000`.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    records: { type: 'string', default: '600000' },
    shards: { type: 'string', default: '48' },
    lanes: { type: 'string', default: '24' },
    counts: { type: 'string', default: '1,2,3' },
    warm: { type: 'string', default: '50000' },
  },
})
const counts = values.counts.split(',').map(Number)
/** Metrics are made when they are asked for, which costs the process, too. Milliseconds. */
const readingMs = 1_000
const runLimitMs = 240_000

await reportFailure(async () => {
  await using stack = new AsyncDisposableStack()
  const server = ['--records', values.records, '--shards', values.shards]
  const bench = await openBench(stack, { server, profile: undefined })
  const { records, meanSizeBytes } = bench.replay
  console.log(
    `${records} changes of ${Math.round(meanSizeBytes)} bytes in ${values.shards} shards, ${values.lanes} lanes`,
  )
  const runs = new Map(counts.map((count): [number, ProcessesRun[]] => [count, []]))
  for (let round = 0; round < Number(values.rounds); round++) {
    // Who comes first changes from round to round, so that none always finds the others' dirty pages.
    const first = round % counts.length
    for (const count of [...counts.slice(first), ...counts.slice(0, first)]) {
      const run = await runProcesses(bench, { name: `r${round}p${count}`, count })
      console.log(processesRow(round + 1, count, run))
      runs.get(count)?.push(run)
    }
  }
  console.log(JSON.stringify({ suite: 'processes', figures: processesFigures(runs) }))
})

/** Starts a service, lets it move the backlog, and ends it. */
async function runProcesses(
  bench: Bench,
  { name, count }: { readonly name: string; readonly count: number },
): Promise<ProcessesRun> {
  await using stack = new AsyncDisposableStack()
  const properties = {
    'bootstrap.servers': bench.bootstrapServers,
    'group.id': name,
    'connector.endpoints.allow': bench.replay.endpoint,
    'log.level': 'warn',
  }
  const processes: ServiceProcessUnderTest[] = []
  for (let at = 0; at < count; at++) {
    const process = { directory: bench.folder, name: `${name}-${at}`, properties }
    processes.push(stack.use(await startServiceProcess(process)))
  }
  // All processes have their share of the shards before there is anything to move.
  await tellReplay(bench, 'Hold')
  await ask(processes, 'POST', '/connectors', { name, config: connector(bench, name) })
  const before = await untilShared(processes)
  await tellReplay(bench, 'Release')
  const run = await watch(processes, before, bench.replay.records)
  await Promise.all(processes.map((process) => process.stop()))
  const own = ['config', 'status'].map((topic) => `tailrace.service.${name}.${topic}`)
  await deleteTopics(bench.kafka, [`bench.${name}`, `tailrace.${name}.ledger`, ...own])
  return run
}

function connector({ replay }: Bench, name: string): Readonly<Record<string, string>> {
  return {
    'connector.class': 'tailrace.TailraceSourceConnector',
    'source.region': 'us-east-1',
    'source.endpoint': replay.endpoint,
    'source.tables': name,
    'source.start': 'TRIM_HORIZON',
    'snapshot.mode': 'never',
    'topic.prefix': 'bench',
    'topic.partitions': values.lanes,
    lanes: values.lanes,
  }
}

/** A service that has just begun has nobody yet who leads it. */
async function ask(
  [process]: readonly ServiceProcessUnderTest[],
  method: 'POST' | 'PUT',
  path: string,
  body?: unknown,
): Promise<void> {
  for (let tries = 0; ; tries++) {
    const answer = await process?.call(method, path, body)
    if (answer !== undefined && answer.status < 300) return
    if (answer?.status !== 409 || tries === 100) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`)
    await systemClock.sleep(200, benchSignal)
  }
}

async function tellReplay({ replay }: Bench, what: 'Hold' | 'Release'): Promise<void> {
  const headers = { 'x-amz-target': `Replay.${what}` }
  const answer = await fetch(replay.endpoint, { method: 'POST', headers, body: '{}', signal: benchSignal })
  if (!answer.ok) throw new Error(`the replay server answered ${answer.status}`)
}

/** The first reading at which every shard is read, and every process reads some. */
async function untilShared(processes: readonly ServiceProcessUnderTest[]): Promise<Reading> {
  for (const deadline = systemClock.monotonic() + runLimitMs; ; await systemClock.sleep(readingMs, benchSignal)) {
    const reading = await readAll(processes)
    const open = reading.processes.map(({ openShards }) => openShards)
    const all = open.reduce((sum, count) => sum + count, 0)
    if (all === Number(values.shards) && open.every((count) => count > 0)) return reading
    if (systemClock.monotonic() > deadline)
      throw new Error(
        `the processes have not shared the shards: ${open.join(', ')}\n${processes.map((process) => process.log()).join('\n')}`,
      )
  }
}

async function watch(
  processes: readonly ServiceProcessUnderTest[],
  before: Reading,
  records: number,
): Promise<ProcessesRun> {
  const readings = [before]
  for (const deadline = before.atMs + runLimitMs; ;) {
    await systemClock.sleep(readingMs, benchSignal)
    readings.push(await readAll(processes))
    const run = runOf(readings, { records, warm: Number(values.warm) })
    if (run !== undefined) return run
    if (systemClock.monotonic() > deadline)
      throw new Error(`the backlog was not moved in time:\n${processes.map((process) => process.log()).join('\n')}`)
  }
}

async function readAll(processes: readonly ServiceProcessUnderTest[]): Promise<Reading> {
  const pages = await Promise.all(processes.map(metricsOf))
  return { atMs: systemClock.monotonic(), processes: pages.map(readingOf) }
}

/** A connection that was idle for long may be closed just when it is used. */
async function metricsOf(process: ServiceProcessUnderTest): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      return await process.page('/metrics')
    } catch (error) {
      if (tries === 3) throw new Error(`a process gives no metrics:\n${process.log()}`, { cause: error })
      await systemClock.sleep(500, benchSignal)
    }
  }
}
