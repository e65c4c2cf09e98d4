import { mkdir, open, readFile, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { homedir, hostname } from 'node:os'
import path from 'node:path'
import type { Clock } from '../../async/clock.ts'
import { systemClock } from '../../async/system-clock.ts'

const heartbeatMs = 2_000
const pollMs = 200
/** A lock that has not been touched for this long belongs to a process that is gone. */
const staleMs = 30_000
/** What a killed process left half-filled is removed after this time. */
const abandonedMs = 3_600_000

/** One folder of the cache and how it comes to be. */
export interface CachedFolderOptions {
  /** The cache's root; default: `cacheRoot()`. */
  readonly root?: string
  /** Path below the root, with everything in it that decides the content (name and version). */
  readonly name: string
  /** Fills an empty folder, which gets its final name only if this resolves. */
  readonly fill: (folder: string) => Promise<void>
  /** Called once when another process is filling the same folder. */
  readonly onWait?: () => void
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

/** Where tailrace keeps what it downloads: `TAILRACE_CACHE`, or `tailrace` in the user's cache folder. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['TAILRACE_CACHE']
  if (own !== undefined && own !== '') return path.resolve(own)
  const users = env['XDG_CACHE_HOME']
  return path.join(users !== undefined && path.isAbsolute(users) ? users : path.join(homedir(), '.cache'), 'tailrace')
}

/**
 * The path of a cached folder, filled on first use. It is filled under another name and renamed, so it is whole or not
 * there, whatever crashes. One process fills it while others wait; the lock only saves work: should two fill the folder
 * at once (after a wrong guess about a silent holder), the second finds the name taken and throws its own away.
 */
export async function cachedFolder(options: CachedFolderOptions): Promise<string> {
  const { signal, clock = systemClock } = options
  const target = path.join(options.root ?? cacheRoot(), options.name)
  const lock = `${target}.lock`
  let hasWaited = false
  while (!(await exists(target))) {
    signal?.throwIfAborted()
    await mkdir(path.dirname(target), { recursive: true })
    if (await take(lock)) {
      await fillUnderLock(target, lock, options)
    } else if (await isStale(lock, clock)) {
      await rm(lock, { force: true })
    } else {
      if (!hasWaited) options.onWait?.()
      hasWaited = true
      await clock.sleep(pollMs, signal)
    }
  }
  return target
}

async function fillUnderLock(target: string, lock: string, options: CachedFolderOptions): Promise<void> {
  const { clock = systemClock } = options
  const done = new AbortController()
  const heartbeat = keepFresh(lock, clock, done.signal)
  const partial = `${target}.partial-${process.pid}-${Math.trunc(clock.now())}`
  try {
    if (await exists(target)) return // filled between the look and the lock
    await removeAbandoned(target, clock)
    await mkdir(partial)
    await options.fill(partial)
    await rename(partial, target).catch(async (error: unknown) => {
      if (!(await exists(target))) throw error
    })
  } finally {
    done.abort()
    await heartbeat
    await rm(partial, { recursive: true, force: true })
    await rm(lock, { force: true })
  }
}

/** Creates the lock file with this process's name in it; false when it exists. */
async function take(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx')
    await file.writeFile(`${hostname()} ${process.pid}\n`)
    await file.close()
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

async function keepFresh(lock: string, clock: Clock, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    try {
      await clock.sleep(heartbeatMs, done)
      await utimes(lock, new Date(clock.now()), new Date(clock.now()))
    } catch {
      // Done, or someone took the lock for stale: the rename decides who was first.
      return
    }
  }
}

/** True when the lock's process is known to be dead, or has not touched the lock for long. */
async function isStale(lock: string, clock: Clock): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(lock)
    if (clock.now() - mtimeMs > staleMs) return true
    const [host, pid] = (await readFile(lock, 'utf8')).trim().split(' ')
    // An empty file: its writer is between creating and writing, or died there and goes stale by age.
    return host === hostname() && pid !== undefined && !isAlive(Number(pid))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

async function removeAbandoned(target: string, clock: Clock): Promise<void> {
  const folder = path.dirname(target)
  const prefix = `${path.basename(target)}.partial-`
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix)) continue
    const { mtimeMs } = await stat(path.join(folder, name))
    if (clock.now() - mtimeMs > abandonedMs) await rm(path.join(folder, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !hasCode(error, 'ESRCH')
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
