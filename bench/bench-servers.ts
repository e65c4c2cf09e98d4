import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { systemClock } from '../src/async/system-clock.ts'
import { systemRng } from '../src/async/system-rng.ts'
import { spawnGuarded } from '../src/hosts/demo/guarded-process.ts'
import type { GuardedProcess } from '../src/hosts/demo/guarded-process.ts'
import { startLocalKafka } from '../src/hosts/demo/local-kafka.ts'
import type { KafkaApi } from '../src/kafka/kafka.ts'
import { createWireKafka } from '../src/kafka/wire-kafka.ts'

const runDeadlineMs = 120_000
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stop.abort(new Error(`the benchmark was ended by ${signal}`)))

/** Aborts when the benchmark is ended from outside. */
export const benchSignal: AbortSignal = stop.signal

/** A broker, a replay server and a folder, which all runs of a suite share. */
export interface Bench {
  readonly folder: string
  readonly kafka: KafkaApi
  readonly bootstrapServers: string
  readonly replay: Replay
  /** A folder for a CPU profile of every run. */
  readonly profile: string | undefined
}

/** Does a suite's work; says why and sets the exit code if it fails. */
export async function reportFailure(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    console.error(stop.signal.aborted ? String(stop.signal.reason) : error)
    process.exitCode = 1
  }
}

/** A broker, and a folder for what runs leave. */
export type BrokerBench = Pick<Bench, 'folder' | 'kafka' | 'bootstrapServers'>

/** Starts a broker; what it starts ends with the stack. */
export async function openBroker(stack: AsyncDisposableStack): Promise<BrokerBench> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tailrace-bench-'))
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))
  const broker = stack.use(
    await startLocalKafka({
      directory: folder,
      heapMegabytes: 1024,
      // What a round has written goes away with its topics, so that later rounds do not work on a fuller disk.
      extraProperties: { 'log.segment.delete.delay.ms': '1000' },
      signal: stop.signal,
      onProgress: (line) => console.log(line),
    }),
  )
  const { bootstrapServers } = broker
  const connection = { brokers: [bootstrapServers] }
  const kafka = stack.use(createWireKafka({ connection, clock: systemClock, rng: systemRng }))
  return { folder, kafka, bootstrapServers }
}

/** Starts both servers; what it starts ends with the stack. `server`: what the replay server is to serve. */
export async function openBench(
  stack: AsyncDisposableStack,
  suite: { readonly server: readonly string[]; readonly profile: string | undefined },
): Promise<Bench> {
  const broker = await openBroker(stack)
  const server = await startReplayServer(broker.folder, suite.server)
  stack.defer(() => server.process.kill('SIGKILL'))
  return { ...broker, replay: server.replay, profile: suite.profile }
}

/** What a run has written must not burden the next one. */
export async function deleteTopics(api: KafkaApi, names: readonly string[]): Promise<void> {
  for (const name of names) await api.deleteTopic(name, stop.signal)
}

/** Runs a program beside this file to its end; gives the JSON line that it prints, which begins with `{"records":`. */
export async function runProgram(
  bench: Bench,
  name: string,
  args: readonly string[],
  signal: AbortSignal = benchSignal,
): Promise<string> {
  const { endpoint, records } = bench.replay
  const shared = ['--endpoint', endpoint, '--kafka', bench.bootstrapServers, '--records', String(records)]
  const profile = bench.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', path.resolve(bench.profile)]
  const program = path.join(import.meta.dirname, `${name}.ts`)
  let output = ''
  const child = await spawnGuarded(process.execPath, [...profile, program, ...shared, ...args], {
    cwd: bench.folder,
    env: { ...process.env, AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench', AWS_SESSION_TOKEN: undefined },
    output: (text) => {
      output += text
    },
  })
  const limit = AbortSignal.any([stop.signal, signal, AbortSignal.timeout(runDeadlineMs)])
  const onLimit = (): void => child.kill('SIGKILL')
  if (limit.aborted) onLimit()
  limit.addEventListener('abort', onLimit, { once: true })
  const exit = await child.exited
  limit.removeEventListener('abort', onLimit)
  stop.signal.throwIfAborted()
  const cost = output.split('\n').find((line) => line.startsWith('{"records":'))
  if (exit.code !== 0 || cost === undefined) throw new Error(`${name} failed (${exit.signal ?? exit.code}):\n${output}`)
  return cost
}

/** What the replay server says of itself. */
export interface Replay {
  readonly endpoint: string
  /** What a run must move: changes, or items. */
  readonly records: number
  readonly meanSizeBytes: number
}

async function startReplayServer(
  folder: string,
  options: readonly string[],
): Promise<{ replay: Replay; process: GuardedProcess }> {
  const program = path.join(import.meta.dirname, 'replay-server.ts')
  let output = ''
  const listening = Promise.withResolvers<void>()
  const child = await spawnGuarded(process.execPath, [program, ...options], {
    cwd: folder,
    output: (text) => {
      output += text
      if (output.includes('\n')) listening.resolve()
    },
  })
  // Why it is over, by its time, its end or an abort, shows below.
  await Promise.race([listening.promise, child.exited, systemClock.sleep(60_000, stop.signal)]).catch(() => undefined)
  if (!output.startsWith('{')) {
    child.kill('SIGKILL')
    stop.signal.throwIfAborted()
    throw new Error(`the replay server failed:\n${output}`)
  }
  return { replay: JSON.parse(output.slice(0, output.indexOf('\n'))) as Replay, process: child }
}
