import type { Clock } from '../../../src/async/clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import type { FaultProxy } from '../../faults/fault-proxy.ts'
import type { InvokeResult, StreamEvent } from '../../servers/event-source-mapping/mapping.ts'
import { createLambdaFunction } from '../../servers/lambda-runtime/lambda-function.ts'
import type { LambdaFunction } from '../../servers/lambda-runtime/lambda-function.ts'
import { watchStage } from './invocation-stage.ts'
import type { InvocationStage } from './invocation-stage.ts'

/** A place for one sandbox at a time, with a door of its own to the broker. */
export interface FunctionSlot {
  readonly lambda: LambdaFunction
  readonly door: FaultProxy
  readonly stage: InvocationStage
}

/** Sandboxes of one function, as many as there may be invocations at once. */
export interface FunctionSlots extends AsyncDisposable {
  readonly slots: readonly FunctionSlot[]
  /**
   * Waits for a slot that is free. Mostly the one that had the shard's last batch; now and then another one, which finds the
   * shard taken. Fits an event source mapping's `invoke`.
   */
  invoke(event: StreamEvent): Promise<InvokeResult>
  /** Errors that the function threw, by name. */
  readonly errors: ReadonlyMap<string, number>
  /** Resolves with the next slot whose invocation reaches the stage, in that very moment. Rejects when the signal aborts. */
  reached(stage: InvocationStage, signal: AbortSignal): Promise<FunctionSlot>
}

/** What the function is, and what it stands behind. */
export interface FunctionSlotsOptions {
  readonly zip: string
  readonly doors: readonly FaultProxy[]
  readonly timeLimitSeconds: number
  readonly isFrozenBetween?: boolean
  readonly clock: Clock
  readonly rng: Rng
}

/** Starts no sandbox. The pipeline file must have the broker's address from `KAFKA_BROKERS`. */
export async function openFunctionSlots(options: FunctionSlotsOptions): Promise<FunctionSlots> {
  await using stack = new AsyncDisposableStack()
  const waiting: Waiting[] = []
  const slots: Slot[] = []
  for (const door of options.doors) {
    const lambda = stack.use(
      await createLambdaFunction({
        code: options.zip,
        env: { KAFKA_BROKERS: door.address, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'local' },
        timeLimitSeconds: options.timeLimitSeconds,
        isFrozenBetween: options.isFrozenBetween ?? false,
      }),
    )
    const watch = watchStage(door, (stage) => tell(waiting, stage, slot))
    const slot: Slot = { lambda, door, watch, shardId: undefined, isTaken: false }
    slots.push(slot)
  }
  const errors = new Map<string, number>()
  const owned = stack.move()
  return {
    slots: slots.map(shown),
    errors,
    invoke: async (event) => {
      const slot = await freeSlot(slots, event.shardId, options)
      slot.isTaken = true
      slot.shardId = event.shardId
      slot.watch.set('before-request')
      try {
        const result = await slot.lambda.invoke(event)
        const name = result.kind === 'error' ? result.errorType : result.kind
        if (result.kind !== 'answer') errors.set(name, (errors.get(name) ?? 0) + 1)
        return result
      } finally {
        slot.watch.set('idle')
        slot.isTaken = false
      }
    },
    reached: (stage, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted()
        const entry: Waiting = { stage, resolve }
        waiting.push(entry)
        const onAbort = (): void => {
          const index = waiting.indexOf(entry)
          if (index >= 0) waiting.splice(index, 1)
          reject(signal.reason as Error)
        }
        signal.addEventListener('abort', onAbort, { once: true })
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

interface Slot {
  readonly lambda: LambdaFunction
  readonly door: FaultProxy
  readonly watch: ReturnType<typeof watchStage>
  shardId: string | undefined
  isTaken: boolean
}

interface Waiting {
  readonly stage: InvocationStage
  readonly resolve: (slot: FunctionSlot) => void
}

function shown(slot: Slot): FunctionSlot {
  const { lambda, door, watch } = slot
  return {
    lambda,
    door,
    get stage() {
      return watch.stage
    },
  }
}

function tell(waiting: Waiting[], stage: InvocationStage, slot: Slot): void {
  const index = waiting.findIndex((each) => each.stage === stage)
  const [first] = index < 0 ? [] : waiting.splice(index, 1)
  first?.resolve(shown(slot))
}

async function freeSlot(
  slots: readonly Slot[],
  shardId: string | undefined,
  { clock, rng }: FunctionSlotsOptions,
): Promise<Slot> {
  const isElsewhere = rng.next() < 0.1
  for (;;) {
    const free = slots.filter(({ isTaken }) => !isTaken)
    const known = free.find((slot) => slot.shardId === shardId)
    const picked = known !== undefined && !isElsewhere ? known : free[Math.floor(rng.next() * free.length)]
    if (picked !== undefined) return picked
    await clock.sleep(5)
  }
}
