import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import { changeError } from '../change-place.ts'
import type { ChangeTransform, RoutedChange, TransformOutcome } from '../change-transform.ts'
import type { ThreadOutcome } from './thread-messages.ts'
import { startThread } from './user-code-thread.ts'
import type { PageEnd, ThreadOptions, UserCodeThread } from './user-code-thread.ts'

/** How the user's files are run. */
export interface UserCodeOptions extends ThreadOptions {
  /** Nothing behind a change that fails is asked for: it stops its table, and what is behind it comes again. */
  readonly stopsAtFailure: boolean
}

/** The user's files as a step on the way of changes. Disposing ends the thread, whatever it is doing. */
export type UserCode = ChangeTransform & AsyncDisposable

/**
 * Loads the user's files into a thread, one for all lanes, which take turns page by page. Throws TRANSFORM_UNUSABLE. A
 * thread that hangs, grows or crashes is ended and another one started; the change that it was at is known from shared
 * memory, and what was in the page besides is done anew. So files may see a change more than once.
 */
export async function openUserCode(options: UserCodeOptions): Promise<UserCode> {
  const threads = new Threads(options)
  await threads.get()
  let turn: Promise<unknown> = Promise.resolve()
  return {
    apply: (changes, table, signal) => {
      if (changes.length === 0) return Promise.resolve([])
      const page = turn.then(() => {
        signal.throwIfAborted()
        return transformPage(changes, table, { threads, options })
      })
      turn = page.catch(() => undefined)
      return orAborted(page, signal)
    },
    [Symbol.asyncDispose]: () => threads[Symbol.asyncDispose](),
  }
}

/** Whoever is told to stop does not wait for the user's code. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** The thread in use. */
class Threads implements AsyncDisposable {
  readonly #options: UserCodeOptions
  #thread: UserCodeThread | undefined
  #isDisposed = false

  constructor(options: UserCodeOptions) {
    this.#options = options
  }

  async get(): Promise<UserCodeThread> {
    if (this.#thread !== undefined) return this.#thread
    if (this.#isDisposed) throw new TailraceError('INTERNAL', 'the transforms were closed')
    const started = await startThread(this.#options)
    if ('problem' in started) {
      const { file, problem } = started
      throw new TailraceError('TRANSFORM_UNUSABLE', `transform ${file} cannot be used: ${problem}`, {
        details: { file },
      })
    }
    if (this.#isDisposed) {
      await started[Symbol.asyncDispose]()
      throw new TailraceError('INTERNAL', 'the transforms were closed')
    }
    this.#thread = started
    void this.#watch(started)
    return started
  }

  /** A thread may also die of what a change has left behind, while there is nothing to do. */
  async #watch(thread: UserCodeThread): Promise<void> {
    await thread.ended
    if (this.#thread !== thread || this.#isDisposed) return
    this.#thread = undefined
    this.#options.onOutput('the thread of the transforms ended while it had nothing to do\n')
  }

  /** Ends the thread; the next page gets another one. */
  forget(thread: UserCodeThread): void {
    if (this.#thread === thread) this.#thread = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    await this.#thread?.[Symbol.asyncDispose]()
  }
}

interface Parts {
  readonly threads: Threads
  readonly options: UserCodeOptions
}

/** Changes without outcomes are done until there are none; each time a thread dies, at least one gets its outcome. */
async function transformPage(
  changes: readonly RoutedChange[],
  table: Table,
  parts: Parts,
): Promise<readonly TransformOutcome[]> {
  const outcomes: (TransformOutcome | undefined)[] = changes.map(() => undefined)
  // Behind a death those are done first that had been: in a thread that fills up, the whole page would die again and again.
  let limit = Infinity
  for (;;) {
    const open = changes.flatMap((change, index) => (outcomes[index] === undefined ? [{ change, index }] : []))
    if (open.length === 0) return outcomes.flatMap((outcome) => outcome ?? [])
    const page = open.slice(0, limit).map(({ change }) => change)
    const end = await runOnce(page, table, parts)
    if (end.kind === 'done') {
      settle(end.outcomes, open, outcomes, table)
      limit = Infinity
      continue
    }
    limit = Math.max(1, end.at ?? 1)
    // Of a thread that dies between two changes the next one to be done is as good a suspect as any.
    const suspect = open[Math.min(end.at ?? 0, open.length - 1)]
    if (suspect === undefined) continue
    const outcome = await judged(suspect.change, end, table, parts)
    outcomes[suspect.index] = outcome
    if (outcome.kind === 'failed' && parts.options.stopsAtFailure) passOver(outcomes, suspect.index, changes, table)
  }
}

function settle(
  done: readonly ThreadOutcome[],
  open: readonly { readonly change: RoutedChange; readonly index: number }[],
  outcomes: (TransformOutcome | undefined)[],
  table: Table,
): void {
  for (const [at, outcome] of done.entries()) {
    const one = open[at]
    if (one !== undefined) outcomes[one.index] = merged(outcome, one.change, table)
  }
}

async function runOnce(changes: readonly RoutedChange[], table: Table, { threads }: Parts): Promise<PageEnd> {
  const thread = await threads.get()
  const { name, keySchema } = table
  const end = await thread.run({
    changes: changes.map(({ event, topic }) => ({ event, topic })),
    table: { name, keySchema },
  })
  if (end.kind === 'died') threads.forget(thread)
  return end
}

type Death = Extract<PageEnd, { kind: 'died' }>

/**
 * Memory fills up with what earlier changes have left there, and a promise that nobody waits for fails while another change
 * is in work. So a change is not blamed for these before it has been alone in a thread of its own.
 */
async function judged(change: RoutedChange, first: Death, table: Table, parts: Parts): Promise<TransformOutcome> {
  if (first.of === 'timeout') return blamed(change, first, table, parts)
  const second = await runOnce([change], table, parts)
  if (second.kind === 'died') return blamed(change, second, table, parts)
  const [outcome] = second.outcomes
  if (outcome === undefined) throw new TailraceError('INTERNAL', 'a transform gave no outcome')
  return merged(outcome, change, table)
}

function blamed({ event }: RoutedChange, { of, file }: Death, table: Table, { options }: Parts): TransformOutcome {
  const deaths: Readonly<Record<Death['of'], readonly [ErrorCode, string]>> = {
    timeout: ['TRANSFORM_TIMEOUT', `took longer than ${options.timeoutMs} ms`],
    memory: ['TRANSFORM_MEMORY', `took more than ${options.memoryMaxBytes} bytes of memory`],
    crash: ['TRANSFORM_FAILED', 'ended its thread'],
  }
  const [code, problem] = deaths[of]
  return { kind: 'failed', error: changeError(code, `failed: transform ${file} ${problem}`, { event, table, file }) }
}

function passOver(
  outcomes: (TransformOutcome | undefined)[],
  failedAt: number,
  changes: readonly RoutedChange[],
  table: Table,
): void {
  for (const [index, { event }] of changes.entries()) {
    if (index <= failedAt) continue
    const error = changeError('TRANSFORM_FAILED', 'was not looked at: one in front of it failed', { event, table })
    outcomes[index] = { kind: 'failed', error }
  }
}

function merged(outcome: ThreadOutcome, change: RoutedChange, table: Table): TransformOutcome {
  const { event } = change
  if (outcome.kind === 'failed') {
    const { code, file, problem } = outcome
    return { kind: 'failed', error: changeError(code, `failed: transform ${file}: ${problem}`, { event, table, file }) }
  }
  return {
    kind: 'passed',
    changes: outcome.changes.map(({ operation, oldImage, newImage, topic, headers }) => ({
      event: {
        ...event,
        operation,
        oldImage: oldImage === 'same' ? event.oldImage : oldImage,
        newImage: newImage === 'same' ? event.newImage : newImage,
      },
      topic,
      headers: [
        ...change.headers,
        // Buffers come out of a thread as plain arrays of bytes.
        ...headers.map(
          ([name, content]) => [name, typeof content === 'string' ? content : Buffer.from(content)] as const,
        ),
      ],
    })),
  }
}
