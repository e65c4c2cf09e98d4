import { backoffDelay } from '../async/backoff.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { TailraceError } from '../errors.ts'
import type { ObjectLocation, ObjectWriter } from '../objects/objects.ts'

/** Takes objects away that no record refers to, beside the lanes. */
export interface ClaimCheckCleaner extends AsyncDisposable {
  /** Returns at once. */
  remove(locations: readonly ObjectLocation[]): void
  /** What lies beside the objects of an attempt: keys that begin with the family, but not with the attempt behind it. */
  removeOthers(family: string, attempt: string): void
}

/** Objects that could not be taken away. Nobody refers to them; they cost their room. */
export interface LeftBehind {
  /** How many, or in which place nobody could look. */
  readonly what: string
  readonly error: TailraceError
}

/** What it cleans with. */
export interface CleanerOptions {
  readonly objects: ObjectWriter
  readonly clock: Clock
  readonly rng: Rng
  readonly bucket: string
  readonly owner: string | undefined
  readonly onLeftBehind: (left: LeftBehind) => void
}

/** A worker that dies leaves what is still waiting. */
const atOnce = 4
const attempts = 5
const pause = { baseMs: 200, capMs: 5_000 }
/** More than this waiting means that the bucket is out of reach; then objects are left. */
const maxWaiting = 10_000
/** How long a stop waits for what is under way. */
const graceMs = 5_000

/** A few things at once; whatever fails a few times is left behind and told of. */
export function createClaimCheckCleaner(options: CleanerOptions): ClaimCheckCleaner {
  const { objects, bucket, owner, clock, onLeftBehind } = options
  const scope = new AbortController()
  const waiting: Task[] = []
  const working = new Set<Promise<void>>()

  const work = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift())
      await carryOut(task, options, scope.signal)
  }
  const idle = async (): Promise<void> => {
    while (working.size > 0) await Promise.all(working)
  }
  const add = (task: Task): void => {
    if (waiting.length >= maxWaiting || scope.signal.aborted) {
      onLeftBehind({ what: task.what, error: new TailraceError('AWS_UNREACHABLE', 'too much waits to be tidied up') })
      return
    }
    waiting.push(task)
    if (working.size >= atOnce) return
    const worker = work().finally(() => working.delete(worker))
    working.add(worker)
  }
  const remove = (locations: readonly ObjectLocation[]): void => {
    for (const location of locations) {
      const run = (signal: AbortSignal): Promise<void> => objects.remove(location, { owner }, signal)
      add({ what: `s3://${location.bucket}/${location.key}`, run })
    }
  }
  return {
    remove,
    removeOthers: (family, attempt) => {
      const run = async (signal: AbortSignal): Promise<void> => {
        const keys = await objects.list({ bucket, key: family }, { owner }, signal)
        remove(keys.filter((key) => !key.startsWith(`${family}${attempt}.`)).map((key) => ({ bucket, key })))
      }
      add({ what: `what lies beside s3://${bucket}/${family}${attempt}`, run })
    },
    [Symbol.asyncDispose]: async () => {
      const grace = new AbortController()
      const late = clock.sleep(graceMs, grace.signal).catch(() => {})
      await Promise.race([idle(), late])
      grace.abort()
      scope.abort(new Error('the worker stops'))
      await idle()
    },
  }
}

interface Task {
  readonly what: string
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** Never rejects. */
async function carryOut(
  { what, run }: Task,
  { clock, rng, onLeftBehind }: CleanerOptions,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      signal.throwIfAborted()
      await run(signal)
      return
    } catch (error) {
      const known =
        error instanceof TailraceError
          ? error
          : new TailraceError('AWS_UNREACHABLE', 'tidying up was cut short', { cause: error })
      if (signal.aborted || attempt >= attempts || known.policy !== 'retry') {
        onLeftBehind({ what, error: known })
        return
      }
      await clock.sleep(backoffDelay(pause, attempt, rng), signal).catch(() => {})
    }
  }
}
