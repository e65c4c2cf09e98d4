import type { AwsApi } from '../../../src/aws/aws.ts'
import type { Clock } from '../../../src/async/clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { seededRng } from '../../../src/async/rng.ts'
import type { PipelineConfig } from '../../../src/config/pipeline-config.ts'
import { TailraceError } from '../../../src/errors.ts'
import type { KafkaApi } from '../../../src/kafka/kafka.ts'
import { createKafkaOver } from '../../../src/kafka/wire-kafka.ts'
import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'
import type { InvokeResult, StreamEvent } from '../../servers/event-source-mapping/mapping.ts'
import type { ReachCrashPoint } from '../../crash/crash-point.ts'
import { withCrashPoints } from '../../crash/crashing-kafka.ts'
import { createSimulatedAws } from '../aws/simulated-aws.ts'
import { createSimulatedWire } from '../kafka/simulated-wire.ts'
import { createSimulatedProcess } from '../time/simulated-process.ts'
import type { SimulatedProcess } from '../time/simulated-process.ts'
import type { Surroundings } from '../world/surroundings.ts'

/** What code in a sandbox runs on. */
export interface SandboxPorts {
  readonly config: PipelineConfig
  readonly kafka: KafkaApi
  readonly api: AwsApi
  readonly clock: Clock
  readonly rng: Rng
  readonly timeLimitMs: number
  readonly onEvent: (event: PipelineEvent) => void
}

/** The function's code, once it is loaded into a sandbox: handles one event. `clock` is for the time of the invocation. */
export type SandboxCode = (
  ports: SandboxPorts,
) => (event: unknown, remainingMs: number, clock: Clock) => Promise<unknown>

/** An execution environment of Lambda: a process that is frozen whenever it has nothing to do, and gone when Lambda resets it. */
export interface SimulatedSandbox {
  readonly process: SimulatedProcess
  /** Invocations that run in it now. */
  readonly running: number
  /** Runs an event; never rejects. Lambda resets the sandbox when `limitMs` are over, whatever the function was told. */
  invoke(event: StreamEvent, limitMs: number): Promise<InvokeResult>
  /** The process is gone, and what ran in it has failed. */
  reset(result: InvokeResult): void
  /** After the run: lets go of what a dead process still waits for. */
  bury(): void
}

/** What surrounds a sandbox. */
export interface SandboxParts {
  readonly surroundings: Surroundings
  readonly config: PipelineConfig
  readonly code: SandboxCode
  readonly timeLimitMs: number
  readonly seed: number
  readonly reach: ReachCrashPoint
  readonly onEvent: (event: PipelineEvent) => void
}

/** A cold one. Its code is loaded at once and opens nothing before the first event. */
export function startSandbox(name: string, parts: SandboxParts): SimulatedSandbox {
  const { surroundings, timeLimitMs } = parts
  const { time, trace } = surroundings
  const process = createSimulatedProcess(name, time, surroundings.originMs)
  const handle = parts.code(portsOf(process, parts))
  const active = new Set<(result: InvokeResult) => void>()
  const burial = createBurial(process.clock)
  const invoke = (event: StreamEvent, limitMs: number): Promise<InvokeResult> =>
    new Promise((resolve) => {
      const startedMs = time.elapsedMs
      const callOff = time.after(limitMs, () => reset({ kind: 'timeout' }))
      const settle = (result: InvokeResult): void => {
        if (!active.delete(settle)) return
        callOff()
        // A frozen process hears of nothing until the next event.
        if (active.size === 0) process.stop()
        resolve(result)
      }
      active.add(settle)
      process.resume()
      process.deliver(() => {
        const remainingMs = timeLimitMs - (time.elapsedMs - startedMs)
        handle(event, remainingMs, burial.clock).then(
          (body) => settle({ kind: 'answer', body }),
          (error: unknown) => {
            if (process.state !== 'killed') trace.note(`${name} throws ${String(error)}`)
            settle({ kind: 'error', errorType: typeOf(error), errorMessage: String(error) })
          },
        )
      })
    })
  const reset = (result: InvokeResult): void => {
    trace.note(`${name} is reset (${result.kind})`)
    process.kill()
    for (const settle of active) settle(result)
  }
  return {
    process,
    get running() {
      return active.size
    },
    invoke,
    reset,
    bury: () => burial.end(),
  }
}

function typeOf(error: unknown): string {
  return error instanceof TailraceError ? error.code : 'Error'
}

function portsOf(process: SimulatedProcess, parts: SandboxParts): SandboxPorts {
  const { surroundings, config, reach, timeLimitMs } = parts
  const { time, rng, kafka, link, streams, kinesis, trace, brokers, requestTimeoutMs } = surroundings
  const onTrace = (line: string): void => trace.note(line)
  const wire = createSimulatedWire({ process, time, rng, kafka, link, requestTimeoutMs, onTrace })
  const api = createSimulatedAws({ process, time, rng, streams, kinesis, latencyMs: 20, scanLatencyMs: 0, onTrace })
  return {
    config,
    timeLimitMs,
    api,
    clock: process.clock,
    rng: seededRng(parts.seed),
    kafka: withCrashPoints(createKafkaOver(wire, { brokers }), config.ledger.topic, reach),
    onEvent: (event) => {
      if (process.state === 'running') parts.onEvent(event)
    },
  }
}

interface Burial {
  /** Sleeps as the process does, and wakes up when the run is over. */
  readonly clock: Clock
  end(): void
}

function createBurial(clock: Clock): Burial {
  const over = Promise.withResolvers<void>()
  return {
    clock: { ...clock, sleep: (ms, signal) => Promise.race([clock.sleep(ms, signal), over.promise]) },
    end: () => over.resolve(),
  }
}
