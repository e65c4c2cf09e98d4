import type { Clock } from '../../../src/async/clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import type { FaultLog } from '../real/fault-log.ts'
import type { FunctionSlot, FunctionSlots } from './function-slots.ts'
import type { InvocationStage } from './invocation-stage.ts'

/** How often each fault strikes. */
export interface KillPlan {
  readonly kills: number
  /** A sandbox is frozen in the middle of an invocation until Lambda's time limit ends it. */
  readonly freezes: number
  /** A broker's answers are held until the function gives up by itself. */
  readonly stalls: number
}

/** What faults strike, and who hears of it. */
export interface KillGround {
  readonly slots: FunctionSlots
  readonly log: FaultLog
  readonly clock: Clock
  readonly rng: Rng
  readonly timeLimitMs: number
  readonly signal: AbortSignal
}

/** Each of them is aimed at as often as any other, where it comes. */
const aims = ['before-request', 'connecting', 'fence', 'read', 'produce', 'commit', 'commit', 'idle'] as const
/** Warm sandboxes neither connect nor read: whoever waits for that too long takes what comes. */
const aimMs = 2_500
/** Behind a request, so that some strike before the broker answers and some after. */
const mostBehindMs = 12

/** Resolves when all of it is done and has ended. */
export async function strikeFunction(ground: KillGround, plan: KillPlan): Promise<void> {
  const strikes: ((ground: KillGround, count: number) => Promise<void>)[] = [killOnce, freezeOnce, stallOnce]
  const counts = [plan.kills, plan.freezes, plan.stalls]
  await Promise.all(
    strikes.map(async (strike, kind) => {
      for (let done = 0; done < (counts[kind] ?? 0); done++) await strike(ground, done)
    }),
  )
}

async function killOnce(ground: KillGround, count: number): Promise<void> {
  const { clock, rng, log, signal } = ground
  const aim = aims[count % aims.length] ?? 'commit'
  for (;;) {
    const slot = await aimed(ground, aim)
    if (aim !== 'idle') await clock.sleep(rng.next() * (aim === 'before-request' ? 1_200 : mostBehindMs), signal)
    const { stage } = slot
    if (!(await slot.lambda.kill())) continue
    log.struck('sandbox-kill', stage)
    log.healed()
    break
  }
  await clock.sleep(rng.next() * 700, signal)
}

async function freezeOnce(ground: KillGround): Promise<void> {
  const { clock, rng, log, signal, timeLimitMs } = ground
  await clock.sleep(rng.next() * timeLimitMs, signal)
  const slot = await aimed(ground, rng.next() < 0.5 ? 'commit' : 'produce')
  const [sandbox] = slot.lambda.sandboxes
  const { stage } = slot
  if (sandbox?.freeze() !== true) return freezeOnce(ground)
  log.struck('sandbox-freeze', stage)
  await clock.sleep(timeLimitMs, signal)
  // If the limit has not ended it, it was idle.
  sandbox.thaw()
  log.healed()
}

async function stallOnce(ground: KillGround): Promise<void> {
  const { clock, rng, log, signal, timeLimitMs } = ground
  await clock.sleep(rng.next() * timeLimitMs, signal)
  const { door, stage } = await aimed(ground, rng.next() < 0.7 ? 'commit' : 'fence')
  const stall = door.add({ kind: 'stall', direction: rng.next() < 0.5 ? 'downstream' : 'upstream' })
  log.struck('broker-stall', stage)
  await clock.sleep(timeLimitMs * (0.3 + rng.next()), signal)
  await stall.remove()
  log.healed()
}

async function aimed({ slots, signal, rng }: KillGround, stage: InvocationStage): Promise<FunctionSlot> {
  for (;;) {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(aimMs)])
    try {
      return await slots.reached(stage, patience)
    } catch {
      signal.throwIfAborted()
      const busy = slots.slots.filter((slot) => slot.stage !== 'idle')
      const found = busy[Math.floor(rng.next() * busy.length)]
      if (found !== undefined) return found
    }
  }
}
