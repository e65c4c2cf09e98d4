/**
 * The thread in which the user's files run: a program of its own, started by `user-code-thread.ts`. Which change it works on
 * stands in shared memory, so that it is known even of a thread that had to be ended.
 */
import { registerHooks } from 'node:module'
import { basename } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { MessageChannel, parentPort, workerData } from 'node:worker_threads'
import type { Item } from '../../change/attribute-value.ts'
import type { Change, Transform } from './define-transform.ts'
import { ResultProblem, UnreadableImage } from './plain-values.ts'
import type {
  ChangedParts,
  PageMessage,
  StartMessage,
  ThreadChange,
  ThreadData,
  ThreadOutcome,
} from './thread-messages.ts'
import { partsOf, userChange } from './user-change.ts'

const { files, progress } = workerData as ThreadData
const at = new Int32Array(progress)
const port = parentPort

/** The user's files get this very module, wherever they lie and whether or not tailrace is installed there. */
const ownModule = new URL(
  import.meta.url.endsWith('.ts') ? 'define-transform.ts' : 'define-transform.js',
  import.meta.url,
)
registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'tailrace/transform' ? ownModule.href : specifier, context),
})

interface LoadedFile {
  readonly file: string
  readonly transform: Transform
}

async function load(): Promise<readonly LoadedFile[] | Extract<StartMessage, { kind: 'unusable' }>> {
  const loaded: LoadedFile[] = []
  for (const file of files) {
    try {
      const { default: transform } = (await import(pathToFileURL(file).href)) as { default?: unknown }
      if (typeof transform !== 'function')
        return { kind: 'unusable', file, problem: 'it has no default export that is a function' }
      loaded.push({ file, transform: transform as Transform })
    } catch (error) {
      return { kind: 'unusable', file, problem: describeLoading(error) }
    }
  }
  return loaded
}

/** Nothing of an item has been seen by then, so the message may be told. */
function describeLoading(error: unknown): string {
  if (!(error instanceof Error)) return 'it throws something that is no Error'
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : ''
  return `${classOf(error)}: ${code}${error.message.split('\n')[0] ?? ''}`
}

async function transformOne(
  change: ThreadChange,
  page: PageMessage,
  loaded: readonly LoadedFile[],
): Promise<ThreadOutcome> {
  const { event, topic } = change
  let current: readonly ChangedParts[] = [
    { operation: event.operation, oldImage: same(event.oldImage), newImage: same(event.newImage), topic, headers: [] },
  ]
  for (const [index, { file, transform }] of loaded.entries()) {
    Atomics.store(at, 1, index)
    const next: ChangedParts[] = []
    for (const parts of current) {
      const before = {
        ...event,
        operation: parts.operation,
        oldImage: parts.oldImage === 'same' ? event.oldImage : parts.oldImage,
        newImage: parts.newImage === 'same' ? event.newImage : parts.newImage,
      }
      try {
        const given: Change = userChange(before, page.table.name, parts)
        const result = await transform(given)
        const context = { event: before, keySchema: page.table.keySchema }
        next.push(...partsOf(result, context).map((made) => carried(made, parts)))
      } catch (error) {
        return failure(error, file)
      }
    }
    current = next
  }
  return { kind: 'passed', changes: current }
}

function same(image: Item | undefined): 'same' | undefined {
  return image === undefined ? undefined : 'same'
}

/** What this file has not looked at is as the file before has left it. */
function carried(made: ChangedParts, before: ChangedParts): ChangedParts {
  return {
    ...made,
    oldImage: made.oldImage === 'same' ? before.oldImage : made.oldImage,
    newImage: made.newImage === 'same' ? before.newImage : made.newImage,
  }
}

function failure(error: unknown, file: string): Extract<ThreadOutcome, { kind: 'failed' }> {
  const detail = error instanceof Error ? (error.stack ?? error.message) : typeof error
  if (error instanceof ResultProblem)
    return { kind: 'failed', code: 'TRANSFORM_RESULT', file, problem: error.message, detail: error.message }
  if (error instanceof UnreadableImage)
    return { kind: 'failed', code: 'RECORD_UNREADABLE', file, problem: error.message, detail: error.message }
  return { kind: 'failed', code: 'TRANSFORM_FAILED', file, problem: `threw ${classOf(error)}${placeOf(error)}`, detail }
}

/** Messages of errors quote values (`JSON.parse` does); their classes and places do not. */
function classOf(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is no Error'
  const { name } = error.constructor
  return /^[\w$]{1,60}$/.test(name) ? name : 'Error'
}

/** The topmost line of the stack that lies in one of the user's files. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error && typeof error.stack === 'string' ? error.stack : ''
  for (const [, url, line] of stack.matchAll(/(file:\/\/\S+?):(\d+):\d+/g)) {
    const path = url === undefined ? undefined : fileURLToPath(url)
    if (path !== undefined && !path.startsWith(fileURLToPath(new URL('.', import.meta.url))))
      return ` at ${basename(path)}:${line ?? ''}`
  }
  return ''
}

/** What a promise was rejected with that nobody waits for. */
let stray: { readonly reason: unknown } | undefined
process.on('unhandledRejection', (reason) => {
  stray = { reason }
})

/** Node tells of such promises when a turn of the event loop is over. */
async function turnIsOver(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  const over = new Promise((resolve) => port2.once('message', resolve))
  port1.postMessage(undefined)
  await over
  port1.close()
}

async function work(page: PageMessage, loaded: readonly LoadedFile[]): Promise<void> {
  let outcomes = await transformAll(page, loaded, false)
  await turnIsOver()
  if (stray !== undefined) {
    // Once more, and slowly enough to see whose it is. What comes late is nobody's, and is told on standard error.
    const told = `a promise that nobody waits for was rejected: ${classOf(stray.reason)}${placeOf(stray.reason)}\n`
    stray = undefined
    outcomes = await transformAll(page, loaded, true)
    if (outcomes.every(({ kind }) => kind === 'passed')) process.stderr.write(told)
  }
  Atomics.store(at, 0, 0)
  port?.postMessage(outcomes)
}

async function transformAll(
  page: PageMessage,
  loaded: readonly LoadedFile[],
  isSlow: boolean,
): Promise<readonly ThreadOutcome[]> {
  const outcomes: ThreadOutcome[] = []
  for (const [index, change] of page.changes.entries()) {
    Atomics.store(at, 0, index + 1)
    const outcome = await transformOne(change, page, loaded)
    if (isSlow) await turnIsOver()
    outcomes.push(isSlow && stray !== undefined ? abandoned(stray.reason) : outcome)
    if (isSlow) stray = undefined
  }
  return outcomes
}

function abandoned(reason: unknown): ThreadOutcome {
  const { detail, ...failed } = failure(reason, files[at[1] ?? 0] ?? '')
  return { ...failed, code: 'TRANSFORM_FAILED', problem: `did not wait for a promise that ${failed.problem}`, detail }
}

const loaded = await load()
if ('kind' in loaded) {
  port?.postMessage(loaded satisfies StartMessage)
} else {
  port?.on('message', (page: PageMessage) => void work(page, loaded))
  port?.postMessage({ kind: 'ready' } satisfies StartMessage)
}
