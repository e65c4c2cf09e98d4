import { describe, expect, it } from 'vitest'
import { processesFigures, processesRow, readingOf, runOf } from '../bench/processes-report.ts'
import type { ProcessesRun, Reading } from '../bench/processes-report.ts'

const want = { records: 1_000, warm: 100 }

/** Each process as [CPU milliseconds, changes]. */
function reading(atMs: number, ...processes: readonly (readonly [number, number])[]): Reading {
  return {
    atMs,
    processes: processes.map(([cpuMs, changes]) => ({
      cpuMs,
      changes,
      openShards: 1,
      residentBytes: changes * 1_048_576,
    })),
  }
}

describe('what a process says of itself', () => {
  it('is read from its metrics, all pipelines and tables together', () => {
    const metrics = `# TYPE tailrace_changes_written_total counter
tailrace_changes_written_total{pipeline="a",table="x y"} 40
tailrace_changes_written_total{pipeline="b",table="z"} 2
tailrace_changes_written_total_other{pipeline="b"} 1000
tailrace_shards{pipeline="a",state="open"} 5
tailrace_shards{pipeline="a",state="ended"} 7
process_cpu_user_seconds_total 1.5
process_cpu_system_seconds_total 0.25
process_resident_memory_bytes 1048576
`
    expect(readingOf(metrics)).toEqual({ cpuMs: 1_750, changes: 42, openShards: 5, residentBytes: 1_048_576 })
    expect(() => readingOf('process_cpu_user_seconds_total 1')).toThrow('process_cpu_system_seconds_total')
  })
})

describe('a run', () => {
  it('is over when everything is committed, and is measured from when every process is warm', () => {
    const readings = [
      reading(0, [50, 0], [50, 0]),
      reading(1_000, [400, 300], [300, 20]),
      reading(2_000, [600, 500], [450, 100]),
    ]
    expect(runOf(readings, want)).toBeUndefined()
    const run = runOf([...readings, reading(4_000, [900, 700], [650, 300])], want)
    expect(run).toEqual({
      steady: { changes: 400, wallMs: 2_000, cpuMs: 500 },
      whole: { changes: 1_000, wallMs: 4_000, cpuMs: 1_450 },
      peakMiB: 700,
      leastShare: 0.6,
    })
  })

  it('shows nothing if a process was warm too late, or never', () => {
    expect(() => runOf([reading(0, [0, 0], [0, 0]), reading(1, [1, 950], [1, 50])], want)).toThrow('not warm in time')
    const late = [reading(0, [0, 0], [0, 0]), reading(1, [1, 800], [1, 100]), reading(2, [2, 880], [2, 120])]
    expect(() => runOf(late, want)).toThrow('880, 120')
  })
})

describe('the figures', () => {
  const run = (cpuMs: number): ProcessesRun => ({
    steady: { changes: 1_000_000, wallMs: 20_000, cpuMs },
    whole: { changes: 2_000_000, wallMs: 50_000, cpuMs: cpuMs * 4 },
    peakMiB: cpuMs / 100,
    leastShare: 0.9,
  })

  it('are medians, and ratios to the first number of processes', () => {
    const runs = new Map([
      [1, [run(20_000), run(90_000), run(10_000)]],
      [2, [run(22_000), run(21_000), run(26_000)]],
    ])
    expect(processesFigures(runs)).toEqual([
      {
        processes: 1,
        cpuSecondsPerMillion: 20,
        ratio: 1,
        wholeCpuSecondsPerMillion: 40,
        perSecond: 50_000,
        peakMiB: 900,
      },
      {
        processes: 2,
        cpuSecondsPerMillion: 22,
        ratio: 1.1,
        wholeCpuSecondsPerMillion: 44,
        perSecond: 50_000,
        peakMiB: 260,
      },
    ])
  })

  it('have a line for each run', () => {
    expect(processesRow(2, 3, run(20_000))).toMatch(
      /^round 2\s+3 processes\s+20\.0 CPU s\/million\s+40\.0 with the start\s+50,000\/s\s+50\.0 s\s+200 MiB\s+least share 90 %$/,
    )
  })
})
