import { cp } from 'node:fs/promises'
import path from 'node:path'
import { runTool } from '../../../src/hosts/demo/run-tool.ts'
import type { InvokeResult } from '../event-source-mapping/mapping.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { startSandbox } from './sandbox.ts'
import type { Sandbox, SandboxOptions } from './sandbox.ts'

/** What a function is made of. */
export interface LambdaFunctionOptions {
  /** A zip file, or a folder that is copied. */
  readonly code: string
  /** `index.handler` by default. */
  readonly handler?: string
  /** All that the function finds besides what Lambda says. */
  readonly env?: Readonly<Record<string, string>>
  /** 3 by default, as with AWS. */
  readonly timeLimitSeconds?: number
  readonly memoryMb?: number
  /** Stops runtimes between invocations, as Lambda does, so that what they left running goes on in the next one. */
  readonly isFrozenBetween?: boolean
}

/** A function as Lambda runs it: one sandbox for each invocation at once, reused as long as it lives. */
export interface LambdaFunction extends AsyncDisposable {
  /** All that have been started and not discarded, the one used last in front. */
  readonly sandboxes: readonly Sandbox[]
  /** Sandboxes that were started so far. */
  readonly coldStarts: number
  /** Runs in the idle sandbox that was used last, or in a new one. Fits an event source mapping's `invoke`. */
  invoke(event: unknown): Promise<InvokeResult>
  /**
   * Kills the runtime of the sandbox that was used last, busy ones first. If one is killed while it is idle, its sandbox is
   * discarded; otherwise its invocation fails and its sandbox goes on with a new runtime. False if there is none.
   */
  kill(): Promise<boolean>
}

/** Unpacks the code; starts no sandbox. Disposing kills what runs. */
export async function createLambdaFunction(options: LambdaFunctionOptions): Promise<LambdaFunction> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const taskRoot = path.join(folder.path, 'task')
  if (options.code.endsWith('.zip')) await unzip(options.code, taskRoot, folder.path)
  else await cp(options.code, taskRoot, { recursive: true })
  const sandboxes: Sandbox[] = []
  stack.defer(async () => void (await Promise.all(sandboxes.map((sandbox) => sandbox[Symbol.asyncDispose]()))))
  const owned = stack.move()
  return functionOf(options, taskRoot, sandboxes, () => owned.disposeAsync())
}

function functionOf(
  options: LambdaFunctionOptions,
  taskRoot: string,
  sandboxes: Sandbox[],
  dispose: () => Promise<void>,
): LambdaFunction {
  let coldStarts = 0
  const reserved = new Set<Sandbox>()
  const start = async (): Promise<Sandbox> => {
    const sandbox = await startSandbox(sandboxOptions(options, taskRoot, ++coldStarts))
    sandboxes.push(sandbox)
    return sandbox
  }
  const touch = (sandbox: Sandbox): void => {
    const index = sandboxes.indexOf(sandbox)
    if (index > 0) sandboxes.unshift(...sandboxes.splice(index, 1))
  }
  return {
    sandboxes,
    get coldStarts() {
      return coldStarts
    },
    invoke: async (event) => {
      const idle = sandboxes.find((each) => !reserved.has(each))
      if (idle !== undefined) reserved.add(idle)
      const sandbox = idle ?? (await start())
      reserved.add(sandbox)
      touch(sandbox)
      try {
        if (options.isFrozenBetween === true) sandbox.thaw()
        return await sandbox.invoke(event)
      } finally {
        if (options.isFrozenBetween === true) sandbox.freeze()
        reserved.delete(sandbox)
      }
    },
    kill: async () => {
      const sandbox = sandboxes.find((each) => each.isBusy) ?? sandboxes.find((each) => !reserved.has(each))
      if (sandbox === undefined) return false
      if (sandbox.isBusy) return sandbox.kill()
      sandboxes.splice(sandboxes.indexOf(sandbox), 1)
      await sandbox[Symbol.asyncDispose]()
      return true
    },
    [Symbol.asyncDispose]: dispose,
  }
}

function sandboxOptions(options: LambdaFunctionOptions, taskRoot: string, serial: number): SandboxOptions {
  return {
    taskRoot,
    handler: options.handler ?? 'index.handler',
    env: options.env ?? {},
    timeLimitSeconds: options.timeLimitSeconds ?? 3,
    memoryMb: options.memoryMb ?? 256,
    logFile: path.join(path.dirname(taskRoot), `sandbox-${serial}.log`),
  }
}

/** Python reads zip files out of the box, and is there for the emulator anyway. */
function unzip(file: string, target: string, cwd: string): Promise<void> {
  return runTool('python3', ['-m', 'zipfile', '-e', path.resolve(file), target], { purpose: `unpacking ${file}`, cwd })
}
