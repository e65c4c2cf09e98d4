/** What one run over a backlog has cost its process, from the first request for records to the last commit. */
export interface RunCost {
  readonly records: number
  readonly wallMs: number
  /** User and system time of all threads of the process, garbage collection and compilation included. */
  readonly cpuMs: number
  /** Largest resident set of the process so far. */
  readonly peakMiB: number
  readonly transactions: number
  /** Share of the time in which the main thread had something to do. */
  readonly busy: number
  /** Share of the time in which a lane had nothing to write although its shard had more; mean of the lanes. */
  readonly starved?: number
}

/** A running measurement of this process. */
export interface RunMeter {
  stop(counts: Pick<RunCost, 'records' | 'transactions' | 'starved'>): RunCost
  elapsedMs(): number
}

/** Starts to measure. */
export function startMeter(): RunMeter {
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  const loop = performance.eventLoopUtilization()
  const elapsedMs = (): number => performance.now() - startedAt
  return {
    elapsedMs,
    stop: (counts) => {
      const { user, system } = process.cpuUsage(cpu)
      return {
        ...counts,
        wallMs: elapsedMs(),
        cpuMs: (user + system) / 1000,
        busy: performance.eventLoopUtilization(loop).utilization,
        // Kibibytes on every platform, by Node's documentation.
        peakMiB: process.resourceUsage().maxRSS / 1024,
      }
    },
  }
}
