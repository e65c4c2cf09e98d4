import { availableParallelism, totalmem } from 'node:os'
import path from 'node:path'
import { systemClock } from '../../src/async/system-clock.ts'
import { runExperimentCommand } from './experiment-command.ts'
import { experiments } from './registry.ts'
import { readSourceVersion } from './source-version.ts'

/** `npm run experiment -- <id> [options]`: see experiment-command.ts. A second Ctrl-C does not wait for anything. */
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
}
process.exitCode = await runExperimentCommand(process.argv.slice(2), {
  experiments,
  registryFile: path.join(import.meta.dirname, 'registry.ts'),
  root: path.resolve(import.meta.dirname, '../..'),
  readSourceVersion,
  machine: {
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
  },
  clock: systemClock,
  signal: stop.signal,
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
})
