import { createWriteStream } from 'node:fs'
import path from 'node:path'
import { spawnGuarded } from '../../../src/hosts/demo/guarded-process.ts'
import type { ProcessExit } from '../../../src/hosts/demo/guarded-process.ts'

/** What a worker runs as; the same for all of a fleet. */
export interface WorkerCommand {
  /** A TypeScript file and its arguments. */
  readonly main: string
  readonly words: readonly string[]
  /** Where its log goes, and where compiled code is kept from one process to the next. */
  readonly directory: string
  readonly env?: Readonly<Record<string, string>>
}

/** One process of a worker. Its lines go to `<name>.log` in the directory, too. */
export interface WorkerProcess {
  readonly name: string
  readonly exit: ProcessExit | undefined
  readonly exited: Promise<ProcessExit>
  /** No effect on a process that has ended. */
  send(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void
}

/** Starts a process; `onLine` gets each whole line that it prints. */
export async function startWorkerProcess(
  command: WorkerCommand,
  name: string,
  env: Readonly<Record<string, string>>,
  onLine: (line: string) => void,
): Promise<WorkerProcess> {
  const { directory } = command
  const log = createWriteStream(path.join(directory, `${name}.log`))
  let rest = ''
  const child = await spawnGuarded(process.execPath, [command.main, ...command.words], {
    cwd: directory,
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: '123456789012',
      AWS_SECRET_ACCESS_KEY: 'local',
      NODE_COMPILE_CACHE: path.join(directory, 'compile-cache'),
      ...command.env,
      ...env,
    },
    output: (text) => {
      log.write(text)
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) onLine(line)
    },
  })
  void child.closed.then(() => log.end())
  return {
    name,
    get exit() {
      return child.exit
    },
    exited: child.exited,
    send: (signal) => {
      // The number of a process that has ended may be somebody else's.
      if (child.exit === undefined) process.kill(child.pid, signal)
    },
  }
}
