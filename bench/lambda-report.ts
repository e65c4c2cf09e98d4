import type { Invocation } from './lambda-sandbox.ts'
import { median } from './stream-report.ts'

/** What one sandbox did. */
export interface FunctionRun {
  readonly cold: Invocation
  readonly batches: readonly Invocation[]
}

/** Of all sandboxes of a function. Milliseconds of the wall clock and of the processor. */
export interface FunctionSummary {
  readonly cold: { readonly wallMs: Spread; readonly cpuMs: Spread }
  readonly warm: { readonly wallMs: Spread; readonly cpuMs: Spread }
  /** By the median batch. */
  readonly recordsPerSecond: number
  readonly peakMiB: number
}

/** At least half of the values are at most `p50`. */
export interface Spread {
  readonly p50: number
  readonly p99: number
}

/** What Lambda takes. Dollars. */
export interface LambdaPrices {
  readonly gigabyteSecond: number
  readonly request: number
}

/** Sums up runs of one function. */
export function summaryOf(runs: readonly FunctionRun[], batch: number): FunctionSummary {
  const cold = runs.map((run) => run.cold)
  const warm = runs.flatMap((run) => run.batches)
  const wallMs = spreadOf(warm.map((one) => one.wallMs))
  return {
    cold: { wallMs: spreadOf(cold.map((one) => one.wallMs)), cpuMs: spreadOf(cold.map((one) => one.cpuMs)) },
    warm: { wallMs, cpuMs: spreadOf(warm.map((one) => one.cpuMs)) },
    recordsPerSecond: Math.round((batch * 1000) / wallMs.p50),
    peakMiB: Math.round(median(runs.map((run) => Math.max(...[run.cold, ...run.batches].map((one) => one.peakMiB))))),
  }
}

/** Percentiles, rounded to hundredths. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
    return Math.round(value * 100) / 100
  }
  return { p50: at(0.5), p99: at(0.99) }
}

/** Dollars for a million changes in full batches that take so long each, duration and requests together. */
export function priceOf(
  batchMs: number,
  { megabytes, batch }: { readonly megabytes: number; readonly batch: number },
  prices: LambdaPrices,
): number {
  const invocations = 1_000_000 / batch
  const gigabyteSeconds = ((invocations * batchMs) / 1000) * (megabytes / 1024)
  return Math.round((gigabyteSeconds * prices.gigabyteSecond + invocations * prices.request) * 10_000) / 10_000
}
