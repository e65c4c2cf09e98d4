import { readFileSync } from 'node:fs'

/** True while a process runs. One that has ended and waits for its parent (or process 1) to take note does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false // no such process
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return process.platform !== 'linux' // gone in the meantime; elsewhere there is no /proc to tell
  }
}
