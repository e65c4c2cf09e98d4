import { parseArgs } from 'node:util'
import { runWorkerProcess } from '../src/hosts/worker-process.ts'
import { silentLogger } from '../src/observe/logger.ts'
import type { PipelineEvent } from '../src/pipeline/pipeline-event.ts'
import { benchConfig } from './bench-config.ts'
import { startMeter } from './run-cost.ts'
import type { RunMeter } from './run-cost.ts'

/**
 * The worker as `tailrace run` runs it, without a log and without monitoring, until the snapshot's last row is committed.
 * The measurement begins when the snapshot does. Prints its cost as JSON.
 */
const { values } = parseArgs({
  options: {
    endpoint: { type: 'string', default: '' },
    kafka: { type: 'string', default: '' },
    table: { type: 'string', default: '' },
    segments: { type: 'string', default: '' },
    records: { type: 'string', default: '' },
  },
})
const records = Number(values.records)
const config = benchConfig(
  values,
  `topic: { prefix: bench, partitions: ${values.segments} }\nsnapshot: { mode: initial, segments: ${values.segments}, read.capacity: unlimited }`,
)
const stop = new AbortController()
let meter: RunMeter | undefined
let done = 0
let transactions = 0

await runWorkerProcess({ config, version: '0.0.0', env: process.env, logger: silentLogger, onEvent }, stop.signal)

function onEvent(event: PipelineEvent): void {
  if (event.kind === 'lane-in-doubt' || event.kind === 'coordinator-failed') console.error(event)
  if (event.kind === 'snapshot-halted') throw new Error(`the snapshot is ${event.state}: ${event.reason ?? ''}`)
  if (event.kind === 'snapshot-started') meter ??= startMeter()
  if (meter === undefined || done >= records) return
  if (event.kind === 'transaction-committed' && event.records > 0) transactions++
  if (event.kind === 'rows-committed') done += event.rows
  if (done < records) return
  console.log(JSON.stringify(meter.stop({ records: done, transactions })))
  stop.abort(new Error('the snapshot is complete'))
}
