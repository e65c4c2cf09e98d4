import { closeSync, openSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/async/system-clock.ts'
import { spawnGuarded } from '../../src/hosts/demo/guarded-process.ts'
import type { GuardedProcess } from '../../src/hosts/demo/guarded-process.ts'

/** Worker processes of one pipeline that a test starts, kills and starts again. */
export interface WorkerFleet extends AsyncDisposable {
  readonly size: number
  /** SIGKILL, then a new process in its place after `pauseMs`. Resolves when the new one is running. */
  killAndReplace(index: number, pauseMs: number): Promise<void>
  /** SIGTERM to all; resolves with their exit codes. */
  stopAll(): Promise<readonly (number | null)[]>
  /** Where the events of all processes are, one file each; they stay for a failing test's reader. */
  readonly logs: string
}

/** What workers run on. */
export interface WorkerFleetOptions {
  readonly directory: string
  readonly config: string
  readonly workers: number
  readonly sessionTimeoutMs?: number
}

const main = fileURLToPath(new URL('worker-main.ts', import.meta.url))

export async function startWorkerFleet(options: WorkerFleetOptions): Promise<WorkerFleet> {
  const { directory, sessionTimeoutMs = 2_000 } = options
  const file = path.join(directory, 'pipeline.yaml')
  await writeFile(file, options.config)
  const env = { ...process.env, AWS_ACCESS_KEY_ID: '123456789012', AWS_SECRET_ACCESS_KEY: 'local' }
  let started = 0
  const start = async (): Promise<GuardedProcess> => {
    const log = openSync(path.join(directory, `worker-${++started}.log`), 'w')
    try {
      return await spawnGuarded(process.execPath, [main, file, String(sessionTimeoutMs)], {
        cwd: directory,
        env,
        output: log,
      })
    } finally {
      closeSync(log)
    }
  }
  const workers = await Promise.all(Array.from({ length: options.workers }, start))
  const stopAll = (): Promise<readonly (number | null)[]> =>
    Promise.all(workers.map(async (worker) => (await worker.stop(systemClock, 20_000)).code))
  return {
    size: options.workers,
    logs: directory,
    killAndReplace: async (index, pauseMs) => {
      const worker = workers[index]
      worker?.kill('SIGKILL')
      await worker?.exited
      await systemClock.sleep(pauseMs)
      workers[index] = await start()
    },
    stopAll,
    [Symbol.asyncDispose]: async () => {
      for (const worker of workers) worker.kill('SIGKILL')
      await Promise.all(workers.map((worker) => worker.exited))
    },
  }
}
