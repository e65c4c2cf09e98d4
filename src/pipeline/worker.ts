import type { Clock } from '../async/clock.ts'
import type { GroupMembership } from '../kafka/group-membership.ts'
import type { LaneEnvironment } from './lane-environment.ts'
import { runLane } from './lane-runner.ts'
import type { LaneCompanion } from './lane-work.ts'

/** What a worker runs on. */
export interface WorkerOptions {
  readonly environment: LaneEnvironment
  readonly membership: GroupMembership
  /** Runs beside lane 0 for as long as this worker owns it. */
  readonly coordinator: LaneCompanion
  readonly clock: Clock
}

interface RunningLane {
  readonly stop: AbortController
  readonly done: Promise<void>
}

/**
 * Runs the lanes that the group assigns to this process until `signal` aborts. Then every lane finishes its running
 * commit, and only after that the group is left: whoever takes over finds everything committed. Rejects when this
 * process must not go on; its lanes have then ended, too.
 */
export async function runWorker(options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const { environment, membership } = options
  const fatal = new AbortController()
  let failure: { readonly error: unknown } | undefined
  const live = AbortSignal.any([signal, fatal.signal])
  const running = new Map<number, RunningLane>()
  const { pipeline, lanes } = environment.identity
  environment.onEvent({ kind: 'worker-started', pipeline, lanes })

  const start = (lane: number): void => {
    const stop = new AbortController()
    const companion = lane === 0 ? options.coordinator : undefined
    const done = runLane(lane, environment, companion, AbortSignal.any([live, stop.signal])).catch((error: unknown) => {
      failure ??= { error }
      fatal.abort(error)
    })
    running.set(lane, { stop, done })
  }
  const stop = async (lane: number): Promise<void> => {
    const lost = running.get(lane)
    running.delete(lane)
    lost?.stop.abort(new Error('the lane was assigned to another worker'))
    await lost?.done
  }
  try {
    for await (const { generation, partitions } of membership.assignments(live)) {
      environment.onEvent({ kind: 'lanes-assigned', generation, lanes: partitions })
      await Promise.all([...running.keys()].filter((lane) => !partitions.includes(lane)).map(stop))
      partitions.filter((lane) => !running.has(lane)).forEach(start)
    }
  } catch (error) {
    if (!live.aborted) throw error
  } finally {
    fatal.abort(new Error('the worker stops'))
    await Promise.all([...running.values()].map(({ done }) => done))
    await membership[Symbol.asyncDispose]()
    environment.onEvent({ kind: 'worker-stopped', pipeline })
  }
  if (failure !== undefined) throw failure.error
}
