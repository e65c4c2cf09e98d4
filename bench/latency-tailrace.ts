import { parseArgs } from 'node:util'
import { systemClock } from '../src/async/system-clock.ts'
import { runWorkerProcess } from '../src/hosts/worker-process.ts'
import { silentLogger } from '../src/observe/logger.ts'
import type { PipelineEvent } from '../src/pipeline/pipeline-event.ts'
import { benchConfig } from './bench-config.ts'
import { startMeter } from './run-cost.ts'
import type { RunMeter } from './run-cost.ts'

/**
 * The worker as `tailrace run` runs it, over a table that changes at a constant rate; with `--snapshot` it is scanned all the
 * while, as fast as it goes. Once that is in full swing it is measured for `--seconds`. Prints its cost as JSON, with the
 * two ends of that time; `records` are rows.
 */
const { values } = parseArgs({
  options: {
    endpoint: { type: 'string', default: '' },
    kafka: { type: 'string', default: '' },
    table: { type: 'string', default: '' },
    records: { type: 'string', default: '' },
    segments: { type: 'string', default: '' },
    shards: { type: 'string', default: '' },
    seconds: { type: 'string', default: '' },
    snapshot: { type: 'boolean', default: false },
  },
})
/** Compiling, and what comes in a rush after the start, is over by then. */
const warmUpMs = 4_000
/** The last changes of the time need as long to arrive. */
const afterMs = 3_000
const partitions = values.shards
const mode = values.snapshot ? `initial, segments: ${values.segments}, read.capacity: unlimited` : 'never'
const config = benchConfig(values, `topic: { prefix: bench, partitions: ${partitions} }\nsnapshot: { mode: ${mode} }`)
const stop = new AbortController()
let meter: RunMeter | undefined
let opened = 0
let hasBegun = false
let rows = 0
let transactions = 0

await runWorkerProcess({ config, version: '0.0.0', env: process.env, logger: silentLogger, onEvent }, stop.signal)

function onEvent(event: PipelineEvent): void {
  if (event.kind === 'lane-in-doubt' || event.kind === 'coordinator-failed') console.error(event)
  if (event.kind === 'snapshot-halted' || event.kind === 'snapshot-completed') throw new Error('the snapshot is over')
  if (event.kind === 'shard-opened') opened++
  if (event.kind === 'rows-committed') rows += event.rows
  if (event.kind === 'transaction-committed') transactions++
  const isRunning = values.snapshot ? event.kind === 'rows-committed' : opened >= Number(values.shards)
  if (!isRunning || hasBegun) return
  hasBegun = true
  measure().catch((error: unknown) => stop.abort(error))
}

async function measure(): Promise<void> {
  await systemClock.sleep(warmUpMs)
  rows = 0
  transactions = 0
  meter = startMeter()
  const fromMs = systemClock.now()
  await systemClock.sleep(Number(values.seconds) * 1_000)
  const cost = meter.stop({ records: rows, transactions })
  const untilMs = systemClock.now()
  await systemClock.sleep(afterMs)
  console.log(JSON.stringify({ ...cost, fromMs, untilMs }))
  stop.abort(new Error('the measurement is over'))
}
