import { pathToFileURL } from 'node:url'
import type { Experiment } from './experiment.ts'
import { findExperiment } from './registry.ts'
import type { FromChild, ToChild } from './seed-runner.ts'

/**
 * The process behind `createChildRunner`: `node seed-runner-child.ts <module with a list of experiments> <id>`. Its parent
 * decides when it stops: a Ctrl-C in the terminal reaches both, and the parent passes it on as an abort.
 */
const [registryFile = '', id = ''] = process.argv.slice(2)
const stop = new AbortController()
let running: Promise<void> = Promise.resolve()

process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => undefined)
process.on('message', (message: ToChild) => {
  if (message.kind === 'stop') stop.abort(new Error('told to stop'))
  else running = run(message.seed)
})
process.on('disconnect', () => {
  stop.abort(new Error('nobody waits for this run'))
  void running.finally(() => process.exit())
})

async function run(seed: number): Promise<void> {
  try {
    const module = (await import(pathToFileURL(registryFile).href)) as { experiments: readonly Experiment[] }
    // Told to stop while the module was loading: an experiment need not expect a signal that has aborted already.
    stop.signal.throwIfAborted()
    const outcome = await findExperiment(id, module.experiments).run(seed, stop.signal)
    answer({ kind: 'outcome', outcome })
  } catch (error) {
    answer({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

function answer(message: FromChild): void {
  if (process.connected) process.send?.(message, () => undefined)
}
