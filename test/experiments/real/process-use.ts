import { readdir } from 'node:fs/promises'
import { residentBytes } from './worker-memory.ts'

/** What a process uses at one moment, by the kernel's account. Linux only. */
export interface ProcessUse {
  readonly residentMiB: number
  /** Open file descriptors: files, sockets, pipes. */
  readonly handles: number
}

/** Undefined if there is no such process any more. */
export async function readProcessUse(pid: number): Promise<ProcessUse | undefined> {
  const bytes = await residentBytes(pid)
  const handles = await readdir(`/proc/${pid}/fd`).catch(() => undefined)
  if (bytes === undefined || handles === undefined) return undefined
  return { residentMiB: bytes / 2 ** 20, handles: handles.length }
}

/**
 * The least of each quarter of a series: what is still held when the collector has just been there and nothing is under
 * way. Peaks say how late the collector came, and not what leaks.
 */
export function floorsOfQuarters(values: readonly number[]): readonly number[] {
  return [0, 1, 2, 3].map((quarter) =>
    Math.min(...values.slice((values.length * quarter) / 4, (values.length * (quarter + 1)) / 4)),
  )
}
