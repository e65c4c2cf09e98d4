import { parseArgs } from 'node:util'
import { runWorkerProcess } from '../src/hosts/worker-process.ts'
import { silentLogger } from '../src/observe/logger.ts'
import type { PipelineEvent } from '../src/pipeline/pipeline-event.ts'
import { benchConfig } from './bench-config.ts'
import { startMeter } from './run-cost.ts'
import type { RunMeter } from './run-cost.ts'
import { createStarvationWatch } from './starvation-watch.ts'

/**
 * The worker as `tailrace run` runs it, without a log and without monitoring, until the backlog is committed. The
 * measurement begins when the first shard is opened. Prints its cost as JSON.
 */
const { values } = parseArgs({
  options: {
    endpoint: { type: 'string', default: '' },
    kafka: { type: 'string', default: '' },
    table: { type: 'string', default: '' },
    partitions: { type: 'string', default: '' },
    records: { type: 'string', default: '' },
  },
})
const records = Number(values.records)
const config = benchConfig(values, `topic: { prefix: bench, partitions: ${values.partitions} }\nsnapshot.mode: never`)
const stop = new AbortController()
const starvation = createStarvationWatch()
let meter: RunMeter | undefined
let done = 0
let transactions = 0

await runWorkerProcess({ config, version: '0.0.0', env: process.env, logger: silentLogger, onEvent }, stop.signal)

function onEvent(event: PipelineEvent): void {
  if (event.kind === 'lane-in-doubt' || event.kind === 'coordinator-failed') console.error(event)
  if (event.kind === 'table-stopped') throw new Error(`the table stopped: ${event.reason}`)
  if (event.kind === 'shard-opened') meter ??= startMeter()
  if (meter === undefined || done >= records) return
  starvation.onEvent(event, meter.elapsedMs())
  if (event.kind !== 'transaction-committed' || event.changes === 0) return
  done += event.changes
  transactions++
  if (done < records) return
  const starved = starvation.share()
  console.log(JSON.stringify(meter.stop({ records: done, transactions, starved })))
  stop.abort(new Error('the backlog is committed'))
}
