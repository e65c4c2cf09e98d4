import { Worker } from 'node:worker_threads'
import type { PageMessage, StartMessage, ThreadData, ThreadOutcome } from './thread-messages.ts'

/** How threads are made and watched. */
export interface ThreadOptions {
  readonly files: readonly string[]
  readonly timeoutMs: number
  readonly memoryMaxBytes: number
  readonly clock: ThreadClock
  /** Hears what the user's code prints, as it comes. Must not throw. */
  readonly onOutput: (text: string) => void
}

/** The part of a clock that watching needs: `async/clock.ts` has it. */
export interface ThreadClock {
  monotonic(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** How the work on a page ended. */
export type PageEnd =
  | { readonly kind: 'done'; readonly outcomes: readonly ThreadOutcome[] }
  /** The thread is gone. `at`: the change that was in work, from 0; undefined if none was. */
  | {
      readonly kind: 'died'
      readonly of: 'timeout' | 'memory' | 'crash'
      readonly at: number | undefined
      readonly file: string
    }

/** A thread that has loaded its files. One page at a time. */
export interface UserCodeThread extends AsyncDisposable {
  /** Never rejects. After it has died the thread is of no use any more. */
  run(page: PageMessage): Promise<PageEnd>
  /** Resolves when the thread has ended, whatever the reason. */
  readonly ended: Promise<void>
}

/** Why a file cannot be used. */
export interface UnusableFile {
  readonly file: string
  readonly problem: string
}

/** Loading may read a folder of modules; a file that loops while it is loaded is found out all the same. Milliseconds. */
const minStartMs = 30_000
const mebibyte = 1_048_576
const calledOff = 'called off'

/** Starts a thread; resolves when it has loaded the files, or has told which of them cannot be used. */
export async function startThread(options: ThreadOptions): Promise<UserCodeThread | UnusableFile> {
  const { files, clock, memoryMaxBytes, timeoutMs } = options
  const thread = new WatchedThread(options)
  const answer = thread.message()
  const watch = new AbortController()
  const late = clock.sleep(Math.max(minStartMs, timeoutMs), watch.signal).then(
    () => 'late' as const,
    () => 'late' as const,
  )
  const first = await Promise.race([answer, thread.fate, late])
  watch.abort(calledOff)
  if (typeof first === 'object' && 'kind' in first) {
    if (first.kind === 'ready') return thread
    await thread[Symbol.asyncDispose]()
    if (first.kind === 'unusable') return { file: first.file, problem: first.problem }
  } else await thread[Symbol.asyncDispose]()
  const problem =
    first === 'late'
      ? 'it is not loaded after half a minute'
      : first === 'memory'
        ? `loading it takes more than ${memoryMaxBytes} bytes of memory`
        : 'it ends its thread while it is loaded'
  return { file: files.join(', '), problem }
}

class WatchedThread implements UserCodeThread {
  readonly ended: Promise<void>
  /** Resolves with the reason when the thread ends without having been told to. */
  readonly fate: Promise<'memory' | 'crash'>
  readonly #options: ThreadOptions
  readonly #worker: Worker
  readonly #progress: Int32Array

  constructor(options: ThreadOptions) {
    this.#options = options
    const progress = new SharedArrayBuffer(8)
    this.#progress = new Int32Array(progress)
    const url = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url)
    this.#worker = new Worker(url, {
      name: 'transforms',
      workerData: { files: options.files, progress } satisfies ThreadData,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(options.memoryMaxBytes / mebibyte) },
      stdout: true,
      stderr: true,
    })
    for (const stream of [this.#worker.stdout, this.#worker.stderr])
      stream.on('data', (chunk: Buffer | string) => options.onOutput(chunk.toString()))
    let reason: 'memory' | 'crash' = 'crash'
    this.#worker.on('error', (error) => {
      if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') reason = 'memory'
    })
    this.fate = new Promise((resolve) => this.#worker.once('exit', () => resolve(reason)))
    this.ended = this.fate.then(() => undefined)
  }

  /** The next message. */
  message(): Promise<StartMessage> {
    return new Promise((resolve) => this.#worker.once('message', resolve))
  }

  async run(page: PageMessage): Promise<PageEnd> {
    const answer = new Promise<readonly ThreadOutcome[]>((resolve) => this.#worker.once('message', resolve))
    const watch = new AbortController()
    Atomics.store(this.#progress, 0, 0)
    this.#worker.postMessage(page, [])
    try {
      const end = await Promise.race([answer, this.fate, this.#overdue(watch.signal)])
      if (typeof end !== 'string') return { kind: 'done', outcomes: end }
      // Read before the thread is ended: until then it may still have moved on.
      await this[Symbol.asyncDispose]()
      const [at = 0, file = 0] = this.#progress
      return { kind: 'died', of: end, at: at === 0 ? undefined : at - 1, file: this.#options.files[file] ?? '' }
    } finally {
      watch.abort(calledOff)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }

  /** Resolves when one change has been in work for too long, at the latest a quarter of that time afterwards. */
  async #overdue(signal: AbortSignal): Promise<'timeout'> {
    const { timeoutMs, clock } = this.#options
    let last = -1
    let since = clock.monotonic()
    for (;;) {
      await clock.sleep(Math.max(2, timeoutMs / 4), signal).catch(() => undefined)
      if (signal.aborted) return new Promise(() => {})
      const now = clock.monotonic()
      const at = Atomics.load(this.#progress, 0)
      if (at !== last) {
        last = at
        since = now
      } else if (now - since >= timeoutMs) return 'timeout'
    }
  }
}
