import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Experiment } from '../../experiment.ts'
import { writeLargeItems } from '../large-items.ts'
import { realPlan } from '../real-plan.ts'
import type { RealWorld } from '../real-world.ts'
import { runReal } from '../run-real.ts'
import { shuffled } from '../shuffled.ts'
import type { LastWords } from '../worker-places.ts'
import type { WorkerVariant } from '../worker-process.ts'

/**
 * E09: a process that lacks memory, disk or file handles. The ones that are struck are `tailrace run` itself, with its own
 * log and its own way to end, between workers as all experiments have them.
 */
export const exhaustedWorkers: Experiment = {
  id: 'E09',
  title: 'A worker process runs out of memory, of disk for its log, or of file handles',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 50_000, faults: { 'out-of-memory': 7, 'disk-full': 7, 'no-file-handles': 7 } },
  target: { faults: { 'out-of-memory': 50, 'disk-full': 50, 'no-file-handles': 50 } },
  run: (seed, signal) => runReal(realPlan(seed, { changes: 52_000, changesPerSecond: 500 }), strikeInTurn, signal),
}

/** Strikes of one kind and run. */
const strikes = 8
/** Where they happen; the workers in the other places are never struck. */
const struckPlaces = [2, 3]
/** One that has not ended by then goes on without what it lacks. */
const lifeMs = 7_000
/** Then nothing may be late for longer than that: nobody holds lanes without working on them. */
const patienceMs = 20_000
const goodLagS = 5
const stopGraceMs = 15_000
/** Until one that lives is at work; then so many large items are written in each table. */
const settleMs = 3_000
const largeItems = 6
/** With fewer of them Node.js dies before it has read a line of the program. */
const fewestHandles = 21
const cli = fileURLToPath(new URL('../../../../src/hosts/cli/main.ts', import.meta.url))

/** A way of lacking something, and what the process must say if it dies of it and can still say anything. */
interface Shortage {
  readonly kind: 'out-of-memory' | 'disk-full' | 'no-file-handles'
  readonly title: string
  readonly shell: string
  readonly env?: Readonly<Record<string, string>>
  readonly cause?: RegExp
}

/** The log goes into a pipe whose reader leaves after some lines, or is never there. */
const closedPipe = (lines: number): string =>
  `pipe=log-$$.pipe; mkfifo $pipe; { head -n ${lines} <$pipe; rm $pipe; } >/dev/null 2>&1 & exec "$@" 2>$pipe`

/** No file of the process gets longer than so many blocks of 512 bytes; without the signal, a write fails as on a full disk. */
const fullDisk = (blocks: number): string => `trap '' XFSZ; ulimit -f ${blocks}; exec "$@" 2>full-disk-$$.log`

function shortagesOf({ rng }: RealWorld): readonly Shortage[] {
  const between = (least: number, most: number): number => least + Math.floor(rng.next() * (most - least + 1))
  return Array.from({ length: strikes }).flatMap((): readonly Shortage[] => {
    const heapMb = between(24, 44)
    const handles = between(fewestHandles, 34)
    const disks = [
      { title: 'a full device', shell: 'exec "$@" 2>/dev/full' },
      { title: 'a closed pipe', shell: closedPipe(between(0, 200)) },
      { title: 'a full disk', shell: fullDisk(between(1, 100)) },
    ] as const
    const disk = disks[between(0, 2)] ?? disks[0]
    return [
      {
        kind: 'out-of-memory',
        title: `a heap of ${heapMb} MB`,
        shell: 'ulimit -c 0; exec "$@"',
        env: { NODE_OPTIONS: `--max-old-space-size=${heapMb}` },
        cause: /heap out of memory/,
      },
      { kind: 'disk-full', ...disk },
      {
        kind: 'no-file-handles',
        title: `${handles} file handles`,
        shell: `ulimit -n ${handles}; exec "$@"`,
        cause: /EMFILE|too many open files/i,
      },
    ]
  })
}

async function strikeInTurn(world: RealWorld): Promise<void> {
  const words = await writeConfig(world)
  for (const [index, shortage] of shuffled(shortagesOf(world), world.rng).entries()) {
    // One at a time, so that what is late is late because of it; in turn, so that the last healthy newcomer gets to work.
    await strikeOnce(world, struckPlaces[index % struckPlaces.length] ?? 0, shortage, {
      main: cli,
      words: wordsFor(words, world),
    })
  }
}

/** The healthy worker of a place goes, a struck one comes, and a healthy one follows it. */
async function strikeOnce(world: RealWorld, place: number, shortage: Shortage, program: WorkerVariant): Promise<void> {
  const { places, log, rng, sleep } = world
  await places.kill(place)
  await places.startVariant(place, { ...program, shell: shortage.shell }, shortage.env)
  if (shortage.kind === 'out-of-memory') {
    // What fits while there is little to do is too little when much comes at once.
    await sleep(settleMs)
    writeLargeItems(world, largeItems)
  }
  const end = await places.endedBy(place, lifeMs)
  if (end === undefined) await seeItWork(world, place, shortage)
  else judgeEnd(world, shortage, end)
  log.struck(shortage.kind, `${shortage.kind}: ${end === undefined ? 'lives on' : stateOf(end)}`)
  await places.start(place)
  log.healed()
  await sleep(300 + rng.next() * 1_500)
}

/** What it holds, it must work on; and it must end when it is told to. */
async function seeItWork({ places, log, watch, sleep }: RealWorld, place: number, { title }: Shortage): Promise<void> {
  const name = places.nameOf(place)
  const lagS = (): number => watch.lag.at(-1)?.[1] ?? 0
  for (let waitedMs = 0; waitedMs < patienceMs && lagS() >= goodLagS; waitedMs += 200) await sleep(200)
  if (lagS() >= goodLagS) log.hung(`${name} lives on with ${title}, and a change has waited for ${lagS().toFixed(1)} s`)
  const { kind, text } = await places.terminate(place, stopGraceMs)
  if (kind === 'killed') log.hung(`${text}; it had ${title}`)
}

function judgeEnd({ log }: RealWorld, { title, cause }: Shortage, { name, code, signal, lines }: LastWords): void {
  const how = `${name} ended with ${signal ?? code} for ${title}`
  if (code === 0) log.hung(`${how}: nobody had told it to`)
  else if (cause !== undefined && !lines.some((line) => cause.test(line))) log.hung(`${how} and did not say why`)
}

function stateOf({ lines }: LastWords): string {
  return lines.some((line) => line.includes('"transaction-committed"')) ? 'dies at work' : 'dies'
}

/** Half of them look at AWS and Kafka before they start, as `tailrace run` does unless it is told not to. */
function wordsFor(file: string, { rng }: RealWorld): readonly string[] {
  return ['run', file, ...(rng.next() < 0.5 ? ['--no-check'] : [])]
}

/** As the other workers have it, with their times, and with a log that grows. */
async function writeConfig({ directory, plan }: RealWorld): Promise<string> {
  const shared = await readFile(path.join(directory, 'workers', 'pipeline.yaml'), 'utf8')
  const file = path.join(directory, 'workers', 'exhausted.yaml')
  const own = `  session.timeout.ms: ${plan.sessionTimeoutMs}\n  heartbeat.interval.ms: 300\n`
  const text = shared.replace(/( {2}bootstrap\.servers: .*\n)/, `$1${own}`)
  await writeFile(file, `${text}log:\n  level: trace\n`)
  return file
}
