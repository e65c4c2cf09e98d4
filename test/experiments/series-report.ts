import { describeCounts, groupDigits, numberOf, totalOf } from './counts.ts'
import type { Evidence } from './evidence.ts'
import { recoveryTimesOf } from './recovery-times.ts'
import type { RecoveryTimes } from './recovery-times.ts'
import type { FinishedRun } from './run-check.ts'

/** One line for one run. */
export function describeRun({ seed, durationSeconds, outcome }: FinishedRun): string {
  const anomalies = describeCounts(outcome.anomalies, 'no anomaly')
  const parts = [
    `${groupDigits(outcome.records)} records`,
    `faults: ${describeCounts(outcome.faults)}`,
    totalOf(outcome.anomalies) > 0 ? `ANOMALIES: ${anomalies}` : anomalies,
    ...describeRecovery(recoveryTimesOf(outcome.recoveryMs)),
    `${durationSeconds.toFixed(1)} s`,
  ]
  return `seed ${seed}: ${parts.join(', ')}`
}

/** A few lines for all runs together. */
export function describeEvidence(evidence: Evidence): string {
  const { n, seeds, records, faults, anomalies, replayed, recoveryMs, commit, source } = evidence
  const lines = [
    `${evidence.id}: ${numberOf(n, 'run')} (seeds ${seeds}), ${groupDigits(records)} records; commit ${commit}, src ${source}`,
    `  faults: ${describeCounts(faults)}`,
    `  anomalies: ${describeCounts(anomalies)}${replayed > 0 ? `; ${groupDigits(replayed)} replayed, as the mode allows` : ''}`,
  ]
  const recovery = describeRecovery(recoveryMs)
  if (recovery.length > 0) lines.push(`  ${recovery.join(', ')}, ${groupDigits(recoveryMs.count)} recoveries`)
  return lines.join('\n')
}

/** What is wrong with all runs together; undefined when they show what their arm is there to show. */
export function verdictOn(evidence: Evidence): string | undefined {
  const isClean = totalOf(evidence.anomalies) === 0
  if (evidence.arm === 'control') {
    return isClean
      ? 'the control arm shows no anomaly: either the faults do not bite or the oracle does not see'
      : undefined
  }
  if (isClean) return undefined
  return `anomalies with seeds ${evidence.failingSeeds}`
}

/** The command that runs one seed again. */
export function replayCommand(id: string, seed: number): string {
  return `npm run experiment -- ${id} --replay ${seed}`
}

function describeRecovery({ p50, p99 }: RecoveryTimes): readonly string[] {
  if (p50 === null || p99 === null) return []
  return [`recovery p50 ${groupDigits(p50)} ms p99 ${groupDigits(p99)} ms`]
}
