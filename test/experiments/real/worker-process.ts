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

/** How one process differs from the others of its fleet. */
export interface WorkerVariant {
  readonly main?: string
  readonly words?: readonly string[]
  /** A line of shell that gets the command as "$@" and becomes it (`exec`), so that signals reach the worker itself. */
  readonly shell?: string
}

/** One process of a worker. Its lines go to `<name>.log` in the directory, too. */
export interface WorkerProcess {
  readonly name: string
  readonly pid: number
  readonly exit: ProcessExit | undefined
  readonly exited: Promise<ProcessExit>
  /** As `exited`, when its last line has been received, too. */
  readonly closed: Promise<ProcessExit>
  /** No effect on a process that has ended. */
  send(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void
}

/** Who is to be started. */
export interface WorkerStart {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly variant: WorkerVariant
}

/** Starts a process; `onLine` gets each whole line that it prints. */
export async function startWorkerProcess(
  command: WorkerCommand,
  { name, env, variant }: WorkerStart,
  onLine: (line: string) => void,
): Promise<WorkerProcess> {
  const { directory } = command
  const { main = command.main, words = command.words, shell } = variant
  const line = [process.execPath, main, ...words]
  const [program = '', ...rest] = shell === undefined ? line : ['/bin/sh', '-c', shell, 'sh', ...line]
  const log = createWriteStream(path.join(directory, `${name}.log`))
  let unended = ''
  const child = await spawnGuarded(program, rest, {
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
      const lines = (unended + text).split('\n')
      unended = lines.pop() ?? ''
      for (const line of lines) onLine(line)
    },
  })
  void child.closed.then(() => log.end())
  return {
    name,
    pid: child.pid,
    get exit() {
      return child.exit
    },
    exited: child.exited,
    closed: child.closed,
    send: (signal) => {
      // The number of a process that has ended may be somebody else's.
      if (child.exit === undefined) process.kill(child.pid, signal)
    },
  }
}
