import { isCrashPoint } from './crash-point.ts'
import type { ReachCrashPoint } from './crash-point.ts'

/**
 * `TAILRACE_CRASH=<point>:<hit>` as a process that is started to die there reads it: at that hit of that point it sends
 * itself SIGKILL, after a line on standard output that says so. Undefined without the variable. Throws for a point that
 * does not exist, because a process that never dies would prove nothing.
 */
export function crashFromEnvironment(env: NodeJS.ProcessEnv, nowMs: () => number): ReachCrashPoint | undefined {
  const wanted = env['TAILRACE_CRASH']
  if (wanted === undefined) return undefined
  const [name = '', hit = '1'] = wanted.split(':')
  if (!isCrashPoint(name) || !/^[1-9]\d*$/.test(hit)) throw new Error(`TAILRACE_CRASH=${wanted} is no crash point`)
  let left = Number(hit)
  return (point) => {
    if (point !== name || --left !== 0) return undefined
    // Standard output is a pipe or a file: written before the next line runs.
    process.stdout.write(`${nowMs()} ${JSON.stringify({ kind: 'crash-point', point })}\n`)
    process.kill(process.pid, 'SIGKILL')
    return new Promise(() => {})
  }
}
