import type { Rng } from '../../../src/async/rng.ts'
import { seededRng } from '../../../src/async/rng.ts'
import type { PipelineConfig } from '../../../src/config/pipeline-config.ts'
import { switchWay } from '../../../src/hosts/cli/switch-way.ts'
import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'
import { createKafkaOver } from '../../../src/kafka/wire-kafka.ts'
import { createDynamoDbStreamsSource } from '../../../src/sources/dynamodb-streams/dynamodb-streams-source.ts'
import { createSimulatedAws } from '../aws/simulated-aws.ts'
import { createSimulatedWire } from '../kafka/simulated-wire.ts'
import { createSimulatedProcess } from '../time/simulated-process.ts'
import type { SimulatedProcess } from '../time/simulated-process.ts'
import { startFleet } from '../world/simulated-fleet.ts'
import type { SimulatedFleet } from '../world/simulated-fleet.ts'
import { createStateWatch } from '../world/state-watch.ts'
import type { Surroundings } from '../world/surroundings.ts'
import type { FunctionMappings } from './function-mappings.ts'

/** Gives a pipeline to and fro between its workers and its function, as somebody does who has a command for it. */
export interface SwitchingOperator {
  /** The workers of the present turn, or of the last one. */
  readonly fleet: SimulatedFleet
  /** Done switches, commands that were killed, and commands that failed and were run again. */
  readonly counts: { switched: number; killed: number; failed: number }
  readonly isAtWork: boolean
  /** No more commands are killed, and no more switches begun. */
  heal(): void
  /** After the run. */
  bury(): void
}

/** What he has at hand. */
export interface OperatorParts {
  readonly surroundings: Surroundings
  readonly config: PipelineConfig
  readonly mappings: FunctionMappings
  readonly workers: number
  readonly seed: number
}

/** How long he lets a command run, and how long he lets workers take to stop, before he kills them. */
const patienceMs = 20_000

/** The workers begin. */
export function startOperator(parts: OperatorParts): SwitchingOperator {
  const { surroundings, mappings, seed } = parts
  const { time, trace } = surroundings
  const rng = seededRng(seed ^ 0x0b5e)
  const process = createSimulatedProcess('operator', time, surroundings.originMs)
  const never = new AbortController().signal
  const wait = (ms: number): Promise<void> => process.clock.sleep(ms, never)
  const fleets: SimulatedFleet[] = []
  const burials: (() => void)[] = []
  const counts = { switched: 0, killed: 0, failed: 0 }
  let isHealed = false
  let isAtWork = false
  let isBegun = false
  const startWorkers = (): SimulatedFleet => {
    const watch = createStateWatch(() => time.elapsedMs)
    const onEvent = (worker: string, event: PipelineEvent): void => {
      watch.onEvent(worker, event)
      isBegun ||= event.kind === 'transaction-committed'
    }
    const fleet = startFleet({ ...parts, seed: seed * 7 + fleets.length, watch, onEvent })
    fleets.push(fleet)
    return fleet
  }
  let fleet = startWorkers()
  const stopWorkers = async (): Promise<void> => {
    fleet.terminateAll()
    for (let waitedMs = 0; !fleet.isGone && waitedMs < patienceMs; waitedMs += 100) await wait(100)
    for (const place of fleet.workers.keys()) fleet.kill(place, 0)
  }
  const command = async (to: 'worker' | 'lambda'): Promise<boolean> => {
    const run = startCommand(parts, { name: `switch-${burials.length}`, to, rng })
    burials.push(run.bury)
    const isKilled = !isHealed && rng.next() < 0.3
    const outcome = await Promise.race([run.done, wait(isKilled ? rng.next() * 600 : patienceMs)])
    if (outcome === undefined) {
      run.process.kill()
      counts.killed++
    } else if (outcome !== 'done') counts.failed++
    trace.note(`the switch to ${to} is ${outcome ?? 'killed'}`)
    return outcome === 'done'
  }
  const giveTo = async (to: 'worker' | 'lambda'): Promise<void> => {
    if (to === 'lambda') await stopWorkers()
    else mappings.disable()
    while (!(await command(to))) await wait(300 + rng.next() * 700)
    counts.switched++
    if (to === 'lambda') {
      while (mappings.isRunning) await wait(50)
      mappings.enable()
    } else fleet = startWorkers()
  }
  const work = async (): Promise<void> => {
    for (let to: 'worker' | 'lambda' = 'lambda'; ; to = to === 'lambda' ? 'worker' : 'lambda') {
      await wait(1_000 + rng.next() * 6_000)
      // There is nothing to give over before.
      while (!isBegun) await wait(500)
      if (isHealed) return
      isAtWork = true
      await giveTo(to)
      isAtWork = false
    }
  }
  work().catch((error: unknown) => trace.note(`the operator gives up: ${String(error)}`))
  return {
    get fleet() {
      return fleet
    },
    counts,
    get isAtWork() {
      return isAtWork
    },
    heal: () => {
      isHealed = true
    },
    bury: () => {
      for (const bury of burials) bury()
      for (const one of fleets) one.buryDead()
    },
  }
}

interface RunningCommand {
  readonly process: SimulatedProcess
  /** `done`, or what it failed with; never if it is killed. */
  readonly done: Promise<string>
  readonly bury: () => void
}

function startCommand(
  { surroundings, config }: OperatorParts,
  { name, to, rng }: { readonly name: string; readonly to: 'worker' | 'lambda'; readonly rng: Rng },
): RunningCommand {
  const { time, kafka, link, streams, trace, brokers, requestTimeoutMs } = surroundings
  const process = createSimulatedProcess(name, time, surroundings.originMs)
  const { clock } = process
  const onTrace = (line: string): void => trace.note(line)
  const onWire = { process, time, rng: surroundings.rng, onTrace }
  const port = createKafkaOver(createSimulatedWire({ ...onWire, kafka, link, requestTimeoutMs }), { brokers })
  const api = createSimulatedAws({ ...onWire, streams, latencyMs: 20, scanLatencyMs: 0 })
  const { region } = config.source
  const source = createDynamoDbStreamsSource({ api, clock, rng, region, tables: ['orders-*'] })
  const over = new AbortController()
  const context = { clock, rng, signal: over.signal }
  const done = switchWay({ config, kafka: port, source, context, isSettled: () => false }, to).then(
    () => 'done',
    (error: unknown) => `failed: ${String(error)}`,
  )
  return { process, done, bury: () => over.abort(new Error('the run is over')) }
}
