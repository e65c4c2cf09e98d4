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
import type { RunCost } from './run-cost.ts'
import { rowOf } from './stream-report.ts'
import type { Round } from './stream-report.ts'

/** What a suite is about. */
export interface Suite {
  /** Programs beside this file, and what they are given besides `--table`. */
  readonly floor: { readonly program: string; readonly args: readonly string[] }
  readonly tailrace: { readonly program: string; readonly args: readonly string[] }
  /** What the replay server is to serve. */
  readonly server: readonly string[]
  readonly partitions: number
  readonly rounds: number
  /** A folder for a CPU profile of every run. */
  readonly profile: string | undefined
}

const runDeadlineMs = 120_000
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stop.abort(new Error(`the benchmark was ended by ${signal}`)))

/** What the readers of a suite share. */
interface Bench extends Suite {
  readonly folder: string
  readonly kafka: KafkaApi
  readonly bootstrapServers: string
  readonly replay: Replay
}

/**
 * Runs both readers of a suite in turn, each run in a process of its own, on one replay server and one broker. Reports
 * each round; sets the exit code and says why if that fails.
 */
export async function runSuite(
  suite: Suite,
  report: { readonly onStart: (replay: Replay) => void; readonly onRounds: (rounds: readonly Round[]) => void },
): Promise<void> {
  try {
    await using stack = new AsyncDisposableStack()
    const bench = await openBench(stack, suite)
    report.onStart(bench.replay)
    const rounds: Round[] = []
    for (let number = 1; number <= suite.rounds; number++) {
      const round = await runRound(bench, number)
      console.log(rowOf(number, 'floor', round.floor))
      console.log(rowOf(number, 'tailrace', round.tailrace))
      rounds.push(round)
    }
    report.onRounds(rounds)
  } catch (error) {
    console.error(stop.signal.aborted ? String(stop.signal.reason) : error)
    process.exitCode = 1
  }
}

async function openBench(stack: AsyncDisposableStack, suite: Suite): Promise<Bench> {
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
  const server = await startReplayServer(folder, suite.server)
  stack.defer(() => server.process.kill('SIGKILL'))
  return { ...suite, folder, kafka, bootstrapServers, replay: server.replay }
}

/** Who comes first changes from round to round, so that neither always finds the other's dirty pages. */
async function runRound(bench: Bench, number: number): Promise<Round> {
  if (number % 2 === 1) {
    const floor = await runFloor(bench, number)
    return { floor, tailrace: await runTailrace(bench, number) }
  }
  const tailrace = await runTailrace(bench, number)
  return { floor: await runFloor(bench, number), tailrace }
}

async function runFloor(bench: Bench, round: number): Promise<RunCost> {
  const table = `floor-${round}`
  const topic = `bench.${table}`
  const config = { 'max.message.bytes': String(16 * 1024 * 1024) }
  await bench.kafka.createTopic(
    { name: topic, partitions: bench.partitions, replicationFactor: 1, config },
    stop.signal,
  )
  const cost = await runProgram(bench, bench.floor.program, ['--table', table, '--topic', topic, ...bench.floor.args])
  await deleteTopics(bench.kafka, [topic])
  return cost
}

async function runTailrace(bench: Bench, round: number): Promise<RunCost> {
  const table = `tailrace-${round}`
  const cost = await runProgram(bench, bench.tailrace.program, ['--table', table, ...bench.tailrace.args])
  await deleteTopics(bench.kafka, [`bench.${table}`, `tailrace.${table}.ledger`])
  return cost
}

async function deleteTopics(api: KafkaApi, names: readonly string[]): Promise<void> {
  for (const name of names) await api.deleteTopic(name, stop.signal)
}

/** Runs one reader to its end; its last line is its cost. */
async function runProgram(bench: Bench, name: string, args: readonly string[]): Promise<RunCost> {
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
  const limit = AbortSignal.any([stop.signal, AbortSignal.timeout(runDeadlineMs)])
  const onLimit = (): void => child.kill('SIGKILL')
  if (limit.aborted) onLimit()
  limit.addEventListener('abort', onLimit, { once: true })
  const { code, signal } = await child.exited
  limit.removeEventListener('abort', onLimit)
  stop.signal.throwIfAborted()
  const cost = output.split('\n').find((line) => line.startsWith('{"records":'))
  if (code !== 0 || cost === undefined) throw new Error(`${name} failed (${signal ?? code}):\n${output}`)
  return JSON.parse(cost) as RunCost
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
