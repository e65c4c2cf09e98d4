import { statesOnly } from './crash-coverage.ts'
import type { CrashCoverage } from './crash-coverage.ts'
import { anomalyNames } from '../../src/oracle/anomalies.ts'
import { catalogue, rowIdOf, statusOf } from './catalogue.ts'
import type { RowStatus } from './catalogue.ts'
import { describeCounts, groupDigits, totalOf } from './counts.ts'
import type { Mutants } from './evidence-set.ts'
import type { Evidence } from './evidence.ts'
import type { Experiment } from './experiment.ts'
import { markdownTable } from './markdown-table.ts'

/** All evidence, a line each. */
export function resultsTable(evidence: readonly Evidence[]): string {
  const head = ['Experiment', 'Fault', 'Arm', 'Runs', 'Faults', 'Records', 'Anomalies', 'Recovery p50 / p99']
  return markdownTable(
    [...head, 'Commit', 'Command'],
    evidence.map((one) => [
      one.id,
      one.title,
      `${one.arm}, ${one.tier}`,
      groupDigits(one.n),
      describeCounts(one.faults),
      groupDigits(one.records),
      describeCounts(one.anomalies, '0'),
      `${seconds(one.recoveryMs.p50)} / ${seconds(one.recoveryMs.p99)}`,
      `\`${one.commit}\``,
      `\`${one.command}\``,
    ]),
  )
}

/** Rows that have a control arm, ours and the control beside each other; undefined when no control has run. */
export function controlTable(evidence: readonly Evidence[]): string | undefined {
  const rows = new Set(evidence.filter(({ arm }) => arm === 'control').map(({ id }) => rowIdOf(id)))
  const shown = evidence.filter(({ id }) => rows.has(rowIdOf(id)))
  if (shown.length === 0) return undefined
  const always = new Set<string>(['lost', 'duplicate', 'reorder'])
  const columns = anomalyNames.filter(
    (name) => always.has(name) || shown.some(({ anomalies }) => anomalies[name] !== undefined),
  )
  return markdownTable(
    ['Experiment', 'Arm', 'Runs', 'Faults', 'Records', ...columns],
    shown.map((one) => [
      one.id,
      one.arm,
      groupDigits(one.n),
      describeCounts(one.faults),
      groupDigits(one.records),
      ...columns.map((name) => groupDigits(one.anomalies[name] ?? 0)),
    ]),
  )
}

/** The states in which faults met the pipeline, the most frequent first. */
export function statesTable({ statesAtFault }: Evidence): string {
  const all = totalOf(statesAtFault)
  return markdownTable(
    ['State', 'Faults that met it', 'Share'],
    Object.entries(statesOnly(statesAtFault))
      .toSorted(([, a], [, b]) => b - a)
      .map(([state, count]) => [`\`${state}\``, groupDigits(count), percent(count, all)]),
  )
}

/** Planted bugs, a line each. */
export function mutantsTable({ mutants }: Mutants): string {
  return markdownTable(
    ['Bug', 'What was broken', 'Caught by', 'Seeds until caught, median', 'At most', 'Searches'],
    mutants.map(({ id, title, caughtBy, seedsUntilCaught, runs }) => [
      id,
      title,
      caughtBy ?? '**nothing**',
      seedsUntilCaught === null ? '–' : String(seedsUntilCaught.median),
      seedsUntilCaught === null ? '–' : groupDigits(seedsUntilCaught.max),
      groupDigits(runs),
    ]),
  )
}

/** Crash points down, states across, as line coverage is shown. */
export function crashPointsTable({ points, states, hits }: CrashCoverage): string {
  return markdownTable(
    ['Crash point', ...states.map((state) => `\`${state}\``), 'All'],
    points.map((point) => {
      const byState = hits[point] ?? {}
      const cells = states.map((state) => ((byState[state] ?? 0) === 0 ? '–' : groupDigits(byState[state] ?? 0)))
      const all = totalOf(byState)
      return [`\`${point}\``, ...cells, all === 0 ? '**never**' : groupDigits(all)]
    }),
  )
}

/** The catalogue, a table for each area under a heading of level three. */
export function catalogueTables(experiments: readonly Experiment[], evidence: readonly Evidence[]): string {
  const counted = new Set(evidence.map(({ id }) => id))
  const areas = [...new Set(catalogue.map(({ area }) => area))]
  const tables = areas.map((area) => {
    const rows = catalogue.filter((row) => row.area === area)
    const table = markdownTable(
      ['Row', 'Fault', 'Status'],
      rows.map((row) => {
        const status = describeStatus(statusOf(row, experiments), counted)
        const part = row.waits?.part === undefined ? '' : `; ${row.waits.part} waits for ${row.waits.for}`
        return [row.id, row.fault, `${status}${part}`]
      }),
    )
    return `### ${area}\n\n${table}`
  })
  return tables.join('\n\n')
}

/** How many of `all`, rounded down, so that 100 % means all. */
export function percent(count: number, all: number): string {
  return all === 0 ? '–' : `${Math.floor((count / all) * 1000) / 10} %`
}

/** Milliseconds as seconds. */
export function seconds(ms: number | null): string {
  return ms === null ? '–' : `${(ms / 1000).toFixed(1)} s`
}

function describeStatus(status: RowStatus, counted: ReadonlySet<string>): string {
  switch (status.kind) {
    case 'done':
      return `done: ${status.by.map((id) => (counted.has(id) ? id : `${id} (no run counted)`)).join(', ')}`
    case 'waits':
      return `waits for ${status.for}`
    case 'open':
      return 'open'
  }
}
