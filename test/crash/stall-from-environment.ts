import { seededRng } from '../../src/async/rng.ts'
import { isCrashPoint } from './crash-point.ts'
import type { ReachCrashPoint } from './crash-point.ts'

const leastMs = 500
const mostMs = 3_000

/**
 * `TAILRACE_STALL=<point>:<seed>` as a process whose event loop is to stand still reads it: after each SIGUSR2 it blocks
 * once for 0.5 to 3 s, at once or when it next reaches the point, after a line on standard output that says for how long.
 * Unlike a frozen process it wakes up by itself, with timers that are overdue and sockets that are full. The seed decides
 * how long and where. Undefined without the variable.
 */
export function stallFromEnvironment(env: NodeJS.ProcessEnv, nowMs: () => number): ReachCrashPoint | undefined {
  const wanted = env['TAILRACE_STALL']
  if (wanted === undefined) return undefined
  const [name = '', seed = ''] = wanted.split(':')
  if (!isCrashPoint(name) || !/^\d+$/.test(seed)) throw new Error(`TAILRACE_STALL=${wanted} is no crash point and seed`)
  const rng = seededRng(Number(seed))
  let isArmed = false
  const stall = (where: string): void => {
    isArmed = false
    const ms = Math.round(leastMs + rng.next() * (mostMs - leastMs))
    process.stdout.write(`${nowMs()} ${JSON.stringify({ kind: 'stalled', where, ms })}\n`)
    // A sleep of the thread and not a busy loop: the other processes of a small machine are to go on meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  }
  process.on('SIGUSR2', () => {
    if (rng.next() < 0.5) stall('anywhere')
    else isArmed = true
  })
  return (point) => {
    if (point === name && isArmed) stall(point)
    return undefined
  }
}
