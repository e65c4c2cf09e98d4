import { isCrashPoint } from './crash-point.ts'
import type { ReachCrashPoint } from './crash-point.ts'

/**
 * `TAILRACE_FREEZE=<point>` as a process that is to be frozen there reads it: after each SIGUSR2 it sends itself SIGSTOP when
 * it next reaches the point, after a line on standard output that says so. Whoever wakes it up by SIGCONT finds it in the
 * middle of that step. Undefined without the variable.
 */
export function freezeFromEnvironment(env: NodeJS.ProcessEnv, nowMs: () => number): ReachCrashPoint | undefined {
  const name = env['TAILRACE_FREEZE']
  if (name === undefined) return undefined
  if (!isCrashPoint(name)) throw new Error(`TAILRACE_FREEZE=${name} is no crash point`)
  let isArmed = false
  process.on('SIGUSR2', () => {
    isArmed = true
  })
  return (point) => {
    if (point !== name || !isArmed) return undefined
    isArmed = false
    process.stdout.write(`${nowMs()} ${JSON.stringify({ kind: 'freeze-point', point })}\n`)
    process.kill(process.pid, 'SIGSTOP')
    return undefined
  }
}
