import { open, readdir, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { TailraceError, outOfFileHandles } from '../errors.ts'
import type { SignalFile, TakenFile } from '../pipeline/signals/signal-ports.ts'
import { isErrnoException } from './cli/errno.ts'

const maximumBytes = 16 * 1024 * 1024
const quietMs = 10_000
const suffix = '.taken'

/**
 * Signals in a file of this machine. The file is taken by renaming it to `<name>.<time>-<chance>.taken` beside it: whoever
 * opens the old name from then on makes a new file, and a crash leaves what was taken where the next process finds it.
 */
export function createSignalFile(file: string, parts: { readonly clock: Clock; readonly rng: Rng }): SignalFile {
  const { clock, rng } = parts
  const folder = path.dirname(file)
  const base = path.basename(file)
  const isQuiet = (mtimeMs: number): boolean => clock.now() - mtimeMs >= quietMs
  const takeAway = async (): Promise<void> => {
    const seen = await readIfThere(file)
    if (seen === undefined || seen.content.length === 0) return
    if (seen.content.at(-1) !== lineFeed && !isQuiet(seen.mtimeMs)) return
    const chance = Math.floor(rng.next() * 0x1_0000_0000).toString(16)
    await rename(file, path.join(folder, `${base}.${clock.now()}-${chance.padStart(8, '0')}${suffix}`))
  }
  const isTaken = (name: string): boolean => name.startsWith(`${base}.`) && name.endsWith(suffix)
  return {
    take: (signal) =>
      named(file, async () => {
        await takeAway()
        const taken: TakenFile[] = []
        for (const name of (await readdir(folder)).filter(isTaken).sort()) {
          signal.throwIfAborted()
          const seen = await readIfThere(path.join(folder, name))
          if (seen !== undefined) taken.push({ name, content: seen.content, isQuiet: isQuiet(seen.mtimeMs) })
        }
        return taken
      }),
    remove: (name, length) =>
      named(file, async () => {
        const seen = await readIfThere(path.join(folder, name))
        if (seen !== undefined && seen.content.length > length) return false
        await rm(path.join(folder, name), { force: true })
        return true
      }),
  }
}

const lineFeed = 10

interface SeenFile {
  readonly content: Uint8Array
  readonly mtimeMs: number
}

/** Undefined if there is no such file. */
async function readIfThere(file: string): Promise<SeenFile | undefined> {
  let handle: FileHandle
  try {
    handle = await open(file, 'r')
  } catch (error) {
    if (isErrnoException(error) && error.code === 'ENOENT') return undefined
    throw error
  }
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw new Error('it is not a regular file')
    if (stat.size > maximumBytes) throw new Error(`it is larger than ${maximumBytes} bytes`)
    return { content: await handle.readFile(), mtimeMs: stat.mtimeMs }
  } finally {
    await handle.close()
  }
}

async function named<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw (
      outOfFileHandles(cause, `signal.file ${file}`) ??
      new TailraceError('SIGNAL_FILE', `signal.file ${file}: ${cause instanceof Error ? cause.message : ''}`, { cause })
    )
  }
}
