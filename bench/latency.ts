import { parseArgs } from 'node:util'
import { benchSignal, deleteTopics, openBench, reportFailure, runProgram } from './bench-servers.ts'
import type { Bench } from './bench-servers.ts'
import { followChanges } from './latency-reader.ts'
import type { SeenChange } from './latency-reader.ts'
import type { RunCost } from './run-cost.ts'
import { median } from './stream-report.ts'

/**
 * What a snapshot costs the changes of its own table: the time from a change's being readable at the source to its being
 * handed to a read_committed reader, without a snapshot and with one, in turn. The scan has no bound but the machine, which the worker, the
 * source, the broker and the reader share: the worst there is. Ends with one JSON line; its ratios are what counts.
 *
 * Options: `--rounds 4`, `--rate 400` (changes per second), `--seconds 12`, `--segments 4`, `--shards 4` (also partitions),
 * `--profile <folder>`.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    rate: { type: 'string', default: '400' },
    seconds: { type: 'string', default: '12' },
    segments: { type: 'string', default: '4' },
    shards: { type: 'string', default: '4' },
    profile: { type: 'string' },
  },
})
const partitions = Number(values.shards)

/** One run. Milliseconds. */
interface Latency {
  readonly p50: number
  readonly p99: number
  readonly rowsPerSecond: number
}

await reportFailure(async () => {
  await using stack = new AsyncDisposableStack()
  const { rate, shards, segments } = values
  const items = ['--items', '64000', '--segments', segments, '--laps', '1000']
  const server = ['--records', '0', '--shards', shards, '--live', rate, ...items]
  const bench = await openBench(stack, { server, profile: values.profile })
  console.log(`${rate} changes per second in ${shards} shards; with a snapshot in ${segments} segments, and without`)
  const alone: Latency[] = []
  const scanned: Latency[] = []
  for (let round = 1; round <= Number(values.rounds); round++) {
    // Who comes first changes, as in the other suites.
    for (const isScanned of round % 2 === 1 ? [false, true] : [true, false]) {
      const latency = await run(bench, round, isScanned)
      console.log(rowOf(round, isScanned, latency))
      ;(isScanned ? scanned : alone).push(latency)
    }
  }
  console.log(JSON.stringify({ suite: 'latency', ...figuresOf(alone, scanned) }))
})

async function run(bench: Bench, round: number, isScanned: boolean): Promise<Latency> {
  const table = `${isScanned ? 'scanned' : 'alone'}-${round}`
  const topic = `bench.${table}`
  const seen: SeenChange[] = []
  const over = new AbortController()
  const reading = followChanges(
    { bootstrapServers: bench.bootstrapServers, topic, partitions },
    (change) => seen.push(change),
    AbortSignal.any([over.signal, benchSignal]),
  )
  reading.catch((error: unknown) => over.abort(error))
  const args = ['--table', table, '--segments', values.segments, '--shards', values.shards, '--seconds', values.seconds]
  const output = await runProgram(
    bench,
    'latency-tailrace',
    [...args, ...(isScanned ? ['--snapshot'] : [])],
    over.signal,
  ).finally(() => over.abort(new Error('the run is over')))
  await reading
  await deleteTopics(bench.kafka, [topic, `tailrace.${table}.ledger`])
  const cost = JSON.parse(output) as RunCost & { readonly fromMs: number; readonly untilMs: number }
  return latencyOf(seen, cost)
}

/** Of the changes that became readable in the measured time; all of them must have come. */
function latencyOf(
  seen: readonly SeenChange[],
  { fromMs, untilMs, records, wallMs }: RunCost & { readonly fromMs: number; readonly untilMs: number },
): Latency {
  const samples = seen.filter(({ readableAtMs }) => readableAtMs >= fromMs && readableAtMs < untilMs)
  const expected = ((untilMs - fromMs) / 1_000) * Number(values.rate)
  if (Math.abs(samples.length - expected) > Math.max(5, expected * 0.01))
    throw new Error(`${samples.length} changes came of about ${Math.round(expected)}`)
  const sorted = samples.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50: at(0.5), p99: at(0.99), rowsPerSecond: Math.round((records * 1_000) / wallMs) }
}

function rowOf(round: number, isScanned: boolean, { p50, p99, rowsPerSecond }: Latency): string {
  const columns = [
    `round ${round}`.padEnd(9),
    (isScanned ? 'snapshot' : 'alone').padEnd(9),
    `p50 ${p50} ms`.padStart(12),
    `p99 ${p99} ms`.padStart(13),
    `${rowsPerSecond.toLocaleString('en-US')} rows/s`.padStart(16),
  ]
  return columns.join('')
}

/** Medians over the rounds, and the ratios of those. */
function figuresOf(alone: readonly Latency[], scanned: readonly Latency[]): Readonly<Record<string, unknown>> {
  const middle = (rounds: readonly Latency[]): Latency => ({
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99)),
    rowsPerSecond: Math.round(median(rounds.map(({ rowsPerSecond }) => rowsPerSecond))),
  })
  const [without, beside] = [middle(alone), middle(scanned)]
  const ratio = (name: 'p50' | 'p99'): number => Number((beside[name] / without[name]).toFixed(2))
  return { p50Ratio: ratio('p50'), p99Ratio: ratio('p99'), aloneMs: without, besideSnapshotMs: beside }
}
