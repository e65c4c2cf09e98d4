import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { Clock } from '../../async/clock.ts'

/** How a process ended: one of the two is null. */
export interface ProcessExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process that cannot outlive this one. */
export interface GuardedProcess {
  /** The command's own process id, not a wrapper's. */
  readonly pid: number
  readonly exit: ProcessExit | undefined
  /** Resolves when the process has ended; never rejects. Its last output may still be on the way. */
  readonly exited: Promise<ProcessExit>
  /** As `exited`, once all its output has been received. A child of its own that holds the output open delays this. */
  readonly closed: Promise<ProcessExit>
  kill(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void
  /** SIGTERM, and SIGKILL when that has had no effect after `graceMs`. Resolves when the process has ended. */
  stop(clock: Clock, graceMs: number): Promise<ProcessExit>
}

/** Where a process works and where its output goes. */
export interface GuardedProcessOptions {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
  /** A file descriptor for stdout and stderr, or a receiver of their text. */
  readonly output: number | ((text: string) => void)
  /** A receiver of stderr's text alone; `output`, a receiver too, then gets stdout's. */
  readonly errors?: (text: string) => void
}

/**
 * The shell becomes the command (so the pid is the command's), and leaves a watcher behind that reads from a pipe. When
 * this process dies, however it dies, the kernel closes the pipe and the watcher kills the command. A line on the pipe
 * says that the command has ended by itself, so that its number, which may be someone else's by then, is left alone.
 */
const guard = '( read -r line <&3 || kill -KILL $$ ) </dev/null >/dev/null 2>&1 & exec 3<&-; exec "$@"'

/**
 * Starts `command`. It is in a session of its own: a Ctrl-C in the terminal does not reach it, so its owner can stop it
 * in order. It dies with this process, even on SIGKILL. A command that is not found ends with code 127.
 */
export async function spawnGuarded(
  command: string,
  args: readonly string[],
  options: GuardedProcessOptions,
): Promise<GuardedProcess> {
  const sink = typeof options.output === 'number' ? options.output : 'pipe'
  const child = spawn('/bin/sh', ['-c', guard, 'sh', command, ...args], {
    cwd: options.cwd,
    detached: true,
    stdio: ['ignore', sink, sink, 'pipe'],
    ...(options.env === undefined ? {} : { env: options.env }),
  })
  if (typeof options.output === 'function') {
    forward(child.stdout, options.output)
    forward(child.stderr, options.errors ?? options.output)
  }
  const pid = await pidOf(child)
  return guarded(child, pid)
}

function guarded(child: ChildProcess, pid: number): GuardedProcess {
  const line = child.stdio[3]
  const watcher = isWritable(line) ? line : undefined
  // Writing to a watcher that has ended already is no loss: there is nothing left to guard.
  watcher?.on('error', () => undefined)

  let exit: ProcessExit | undefined
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => {
      watcher?.end('ended\n')
      exit = { code, signal }
      resolve(exit)
    })
  })
  const closed = new Promise<ProcessExit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    pid,
    get exit() {
      return exit
    },
    exited,
    closed,
    kill: (signal) => {
      if (exit === undefined) child.kill(signal)
    },
    stop: async (clock, graceMs) => {
      if (exit === undefined) child.kill('SIGTERM')
      const grace = new AbortController()
      const escalation = clock.sleep(graceMs, grace.signal).then(
        () => child.kill('SIGKILL'),
        () => undefined, // the process ended in time
      )
      const ended = await exited
      grace.abort()
      await escalation
      return ended
    },
  }
}

function pidOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('spawn', () => {
      if (child.pid === undefined) reject(new Error('a started process has no id'))
      else resolve(child.pid)
    })
  })
}

function forward(stream: Readable | null, receive: (text: string) => void): void {
  stream?.setEncoding('utf8').on('data', receive)
}

function isWritable(stream: Readable | Writable | null | undefined): stream is Writable {
  return stream !== null && stream !== undefined && 'end' in stream
}
