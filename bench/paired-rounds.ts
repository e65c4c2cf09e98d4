import { benchSignal, deleteTopics, openBench, reportFailure, runProgram } from './bench-servers.ts'
import type { Bench, Replay } from './bench-servers.ts'
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

interface SuiteBench extends Suite, Bench {}

/**
 * Runs both readers of a suite in turn, each run in a process of its own, on one replay server and one broker. Reports
 * each round; sets the exit code and says why if that fails.
 */
export async function runSuite(
  suite: Suite,
  report: { readonly onStart: (replay: Replay) => void; readonly onRounds: (rounds: readonly Round[]) => void },
): Promise<void> {
  await reportFailure(async () => {
    await using stack = new AsyncDisposableStack()
    const bench: SuiteBench = { ...suite, ...(await openBench(stack, suite)) }
    report.onStart(bench.replay)
    const rounds: Round[] = []
    for (let number = 1; number <= suite.rounds; number++) {
      const round = await runRound(bench, number)
      console.log(rowOf(number, 'floor', round.floor))
      console.log(rowOf(number, 'tailrace', round.tailrace))
      rounds.push(round)
    }
    report.onRounds(rounds)
  })
}

/** Who comes first changes from round to round, so that neither always finds the other's dirty pages. */
async function runRound(bench: SuiteBench, number: number): Promise<Round> {
  if (number % 2 === 1) {
    const floor = await runFloor(bench, number)
    return { floor, tailrace: await runTailrace(bench, number) }
  }
  const tailrace = await runTailrace(bench, number)
  return { floor: await runFloor(bench, number), tailrace }
}

async function runFloor(bench: SuiteBench, round: number): Promise<RunCost> {
  const table = `floor-${round}`
  const topic = `bench.${table}`
  const config = { 'max.message.bytes': String(16 * 1024 * 1024) }
  await bench.kafka.createTopic(
    { name: topic, partitions: bench.partitions, replicationFactor: 1, config },
    benchSignal,
  )
  const cost = await runProgram(bench, bench.floor.program, ['--table', table, '--topic', topic, ...bench.floor.args])
  await deleteTopics(bench.kafka, [topic])
  return JSON.parse(cost) as RunCost
}

async function runTailrace(bench: SuiteBench, round: number): Promise<RunCost> {
  const table = `tailrace-${round}`
  const cost = await runProgram(bench, bench.tailrace.program, ['--table', table, ...bench.tailrace.args])
  await deleteTopics(bench.kafka, [`bench.${table}`, `tailrace.${table}.ledger`])
  return JSON.parse(cost) as RunCost
}
