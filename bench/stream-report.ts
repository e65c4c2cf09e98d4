import type { RunCost } from './run-cost.ts'

/** One alternation: both readers over the same backlog. */
export interface Round {
  readonly floor: RunCost
  readonly tailrace: RunCost
}

/** What the suite's last line says of one reader. */
export interface ReaderFigures {
  readonly perSecond: number
  readonly cpuSecondsPerMillion: number
}

/** The suite's last line. */
export interface StreamFigures {
  readonly suite: string
  readonly floor: ReaderFigures
  readonly tailrace: ReaderFigures
  /** tailrace's CPU seconds per million by the floor's. */
  readonly cpuRatio: number
  /** tailrace's largest resident set of any round. */
  readonly peakMiB: number
}

/** Middle value; of an even number of values the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (lower + upper) / 2
}

/** Medians over the rounds; the ratio is that of the medians. */
export function figuresOf(suite: string, rounds: readonly Round[]): StreamFigures {
  const floor = readerFigures(rounds.map((round) => round.floor))
  const tailrace = readerFigures(rounds.map((round) => round.tailrace))
  return {
    suite,
    floor,
    tailrace,
    cpuRatio: rounded(tailrace.cpuSecondsPerMillion / floor.cpuSecondsPerMillion, 3),
    peakMiB: rounded(Math.max(...rounds.map((round) => round.tailrace.peakMiB)), 0),
  }
}

/** A line for people about one run. */
export function rowOf(round: number, reader: string, cost: RunCost): string {
  const { perSecond, cpuSecondsPerMillion } = readerFigures([cost])
  const columns = [
    `round ${round}`.padEnd(9),
    reader.padEnd(9),
    `${perSecond.toLocaleString('en-US')}/s`.padStart(10),
    `${cpuSecondsPerMillion.toFixed(1)} CPU s/million`.padStart(20),
    `${cost.peakMiB.toFixed(0)} MiB`.padStart(9),
    `${Math.round(cost.records / cost.transactions)} records/transaction`.padStart(26),
    `busy ${percent(cost.busy)}`.padStart(12),
    ...(cost.starved === undefined ? [] : [`starved ${percent(cost.starved)}`.padStart(13)]),
  ]
  return columns.join('')
}

function readerFigures(costs: readonly RunCost[]): ReaderFigures {
  return {
    perSecond: rounded(median(costs.map(({ records, wallMs }) => (records * 1000) / wallMs)), 0),
    cpuSecondsPerMillion: rounded(median(costs.map(({ records, cpuMs }) => (cpuMs * 1000) / records)), 2),
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
