import { parseArgs } from 'node:util'
import { loadConfig } from '../src/config/load-config.ts'
import { runWorkerProcess } from '../src/hosts/worker-process.ts'
import { silentLogger } from '../src/observe/logger.ts'
import type { PipelineEvent } from '../src/pipeline/pipeline-event.ts'
import { startMeter } from './run-cost.ts'
import type { RunMeter } from './run-cost.ts'

/**
 * The worker as `tailrace run` runs it, without a log and without monitoring, until the backlog is committed. `--source`:
 * further lines of its `source`; `--lanes`. The measurement begins when the first shard is opened. Prints its cost as JSON.
 */
const text = { type: 'string', default: '' } as const
const { values } = parseArgs({
  options: { endpoint: text, kafka: text, run: text, partitions: text, records: text, source: text, lanes: text },
})
const records = Number(values.records)
const config = loadConfig({
  text: `
pipeline: ${values.run}
lanes: ${values.lanes}
source:
  region: us-east-1
${values.source}
kafka: { bootstrap.servers: '${values.kafka}' }
topic: { prefix: ${values.run}, partitions: ${values.partitions} }
snapshot.mode: never
http.listen: off
log.level: silent
`,
  path: 'bench.yaml',
  env: {},
  readFile: () => new Uint8Array(),
  realPath: (file) => file,
})
const stop = new AbortController()
let meter: RunMeter | undefined
let done = 0
let transactions = 0

await runWorkerProcess({ config, version: '0.0.0', env: process.env, logger: silentLogger, onEvent }, stop.signal)

function onEvent(event: PipelineEvent): void {
  if (event.kind === 'lane-in-doubt' || event.kind === 'coordinator-failed') console.error(event)
  if (event.kind === 'table-stopped') throw new Error(`the table stopped: ${event.reason}`)
  if (event.kind === 'shard-opened') meter ??= startMeter()
  if (meter === undefined || done >= records) return
  if (event.kind !== 'transaction-committed' || event.changes === 0) return
  done += event.changes
  transactions++
  if (done < records) return
  console.log(JSON.stringify(meter.stop({ records: done, transactions })))
  stop.abort(new Error('the backlog is committed'))
}
