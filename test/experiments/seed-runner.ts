import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import path from 'node:path'
import type { Experiment, RunOutcome } from './experiment.ts'

/** Carries out runs of one experiment, one after the other. Disposing it waits until nothing of it is left. */
export interface SeedRunner extends AsyncDisposable {
  /** Rejects when the run could not be carried out; the runner may then be unusable. */
  run(seed: number, signal: AbortSignal): Promise<RunOutcome>
}

/** What a child is told. A child whose parent is gone stops by itself. */
export type ToChild = { readonly kind: 'run'; readonly seed: number } | { readonly kind: 'stop' }

/** What a child answers to `run`. */
export type FromChild =
  | { readonly kind: 'outcome'; readonly outcome: RunOutcome }
  | { readonly kind: 'failed'; readonly message: string }

/** Runs in this process. */
export function createLocalRunner(experiment: Experiment): SeedRunner {
  return {
    run: (seed, signal) => experiment.run(seed, signal),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** Runs in a process of its own, which loads the experiment from the list `experiments` of a module. */
export function createChildRunner(registryFile: string, id: string): SeedRunner {
  // What a run prints must not get between the lines of the report.
  const child = fork(path.join(import.meta.dirname, 'seed-runner-child.ts'), [registryFile, id], {
    execArgv: [],
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  return {
    run: async (seed, signal) => {
      const onAbort = (): void => tell(child, { kind: 'stop' })
      const answer = nextAnswer(child)
      tell(child, { kind: 'run', seed })
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        const received = await Promise.race([answer, ended])
        if (typeof received === 'string') throw new Error(`its process ended: ${received}`)
        if (received.kind === 'failed') throw new Error(received.message)
        return received.outcome
      } finally {
        signal.removeEventListener('abort', onAbort)
      }
    },
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

function nextAnswer(child: ChildProcess): Promise<FromChild> {
  return new Promise((resolve) => child.once('message', (message) => resolve(message as FromChild)))
}

/** A child that is gone cannot be told; whoever waits for its answer learns it from its end. */
function tell(child: ChildProcess, message: ToChild): void {
  if (child.connected) child.send(message, () => undefined)
}
