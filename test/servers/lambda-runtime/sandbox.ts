import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { systemClock } from '../../../src/async/system-clock.ts'
import { startServer, stopServer, withFreePorts } from '../../../src/hosts/demo/local-server.ts'
import type { GuardedProcess } from '../../../src/hosts/demo/guarded-process.ts'
import type { InvokeResult } from '../event-source-mapping/mapping.ts'
import { isRunning } from '../is-running.ts'
import { askEmulator } from './ask-emulator.ts'
import { runtimeEmulator } from './runtime-emulator.ts'

/** What a function runs in. */
export interface SandboxOptions {
  /** Where the function's files are. */
  readonly taskRoot: string
  /** `file.export`. */
  readonly handler: string
  readonly env: Readonly<Record<string, string>>
  readonly timeLimitSeconds: number
  /** What the function is told; nothing holds it to it. */
  readonly memoryMb: number
  readonly logFile: string
}

/** One place in which a function runs, one invocation after the other: AWS's emulator and a runtime process below it. */
export interface Sandbox extends AsyncDisposable {
  readonly isBusy: boolean
  /** Undefined while no runtime runs: before the first invocation, and after one that killed it. */
  readonly runtimePid: number | undefined
  /**
   * Starts the runtime if need be, and gives up at the time limit as Lambda does: the runtime is killed, and the next
   * invocation begins with a new one. Must not be called while it is busy.
   */
  invoke(event: unknown): Promise<InvokeResult>
  /** SIGKILL to the runtime. An invocation under way fails. False if none runs. */
  kill(): boolean
  /** SIGSTOP to the runtime, as Lambda does between invocations. False if none runs. */
  freeze(): boolean
  /** SIGCONT. */
  thaw(): boolean
  /** Most memory that the runtime which runs now has held, in bytes; undefined if none runs. */
  peakBytes(): number | undefined
  /** What emulator and runtime have written. */
  log(): Promise<string>
}

const bootstrap = path.join(import.meta.dirname, 'bootstrap.mjs')

/**
 * The emulator dies with this process (see `spawnGuarded`), but a runtime in an endless loop would outlive it. So whoever
 * becomes the runtime leaves a watcher behind, in its process group, that kills it when the emulator is gone.
 */
const guard =
  '( while read -r _ _ _ parent _ </proc/$$/stat && [ "$parent" = "$PPID" ]; do sleep 0.2; done; kill -KILL -$$ ) </dev/null >/dev/null 2>&1 & exec "$@"'

/** Starts the emulator; the runtime starts at the first invocation. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const emulator = await runtimeEmulator()
  return withFreePorts(2, async ([port = 0, apiPort = 0]) => {
    const addresses = ['--runtime-interface-emulator-address', `127.0.0.1:${port}`]
    addresses.push('--runtime-api-address', `127.0.0.1:${apiPort}`)
    const server = await startServer({
      title: 'the Lambda runtime emulator',
      command: '/usr/bin/env',
      args: [
        '-i',
        ...environment(options),
        emulator,
        ...addresses,
        '/bin/sh',
        '-c',
        guard,
        'sh',
        process.execPath,
        bootstrap,
        options.handler,
      ],
      cwd: options.taskRoot,
      logFile: options.logFile,
      isReady: () => listens(port),
    })
    return sandboxOver(server, port, options)
  })
}

/** Nothing of this process's own. */
function environment(options: SandboxOptions): readonly string[] {
  const { env, taskRoot, timeLimitSeconds, memoryMb } = options
  const all = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_REGION: 'eu-central-1',
    AWS_LAMBDA_FUNCTION_NAME: 'function',
    ...env,
    LAMBDA_TASK_ROOT: taskRoot,
    AWS_LAMBDA_FUNCTION_TIMEOUT: String(timeLimitSeconds),
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
  }
  return Object.entries(all).map(([name, value]) => `${name}=${value}`)
}

function sandboxOver(server: GuardedProcess, port: number, options: SandboxOptions): Sandbox {
  let isBusy = false
  const signal = (name: NodeJS.Signals, isGroup: boolean): boolean => {
    const pid = childOf(server.pid)
    if (pid === undefined) return false
    try {
      process.kill(isGroup ? -pid : pid, name)
      return true
    } catch {
      return false // it has ended meanwhile
    }
  }
  return {
    get isBusy() {
      return isBusy
    },
    get runtimePid() {
      return childOf(server.pid)
    },
    invoke: async (event) => {
      // The emulator breaks down.
      if (isBusy) throw new Error('the sandbox is busy')
      isBusy = true
      try {
        return await askEmulator(port, event)
      } finally {
        isBusy = false
      }
    },
    kill: () => signal('SIGKILL', true),
    freeze: () => signal('SIGSTOP', false),
    thaw: () => signal('SIGCONT', false),
    peakBytes: () => peakOf(childOf(server.pid)),
    log: () => readFile(options.logFile, 'utf8'),
    [Symbol.asyncDispose]: async () => {
      const runtime = childOf(server.pid)
      signal('SIGKILL', true)
      server.kill('SIGKILL')
      await stopServer(server)
      // The emulator does not wait for it any more, and a machine with a lot to do ends it in its own time.
      while (runtime !== undefined && isRunning(runtime)) await systemClock.sleep(5)
    },
  }
}

/** The emulator's child that leads a process group of its own; the other one guards the emulator. */
function childOf(pid: number): number | undefined {
  try {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
      const leader = children.find(leadsGroup)
      if (leader !== undefined) return leader
    }
  } catch {
    // It has ended, or one of its threads has, meanwhile.
  }
  return undefined
}

function leadsGroup(pid: number): boolean {
  // Behind the name, which may hold anything: state, parent, group.
  const [state, , group] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return state !== 'Z' && group === String(pid)
}

function peakOf(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024
  } catch {
    return undefined // it has ended
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
