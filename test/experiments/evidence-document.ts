import { anomalyExplanations, anomalyNames } from '../../src/oracle/anomalies.ts'
import { catalogue, statusOf } from './catalogue.ts'
import { describeCounts, groupDigits, numberOf, totalOf } from './counts.ts'
import { errorCodesSection } from './error-codes-evidence.ts'
import type { EvidenceSet } from './evidence-set.ts'
import {
  catalogueTables,
  controlTable,
  crashPointsTable,
  mutantsTable,
  percent,
  resultsTable,
  seconds,
  statesTable,
} from './evidence-tables.ts'
import type { Evidence } from './evidence.ts'
import type { Experiment } from './experiment.ts'
import { svgChart } from './svg-chart.ts'

/** Files of docs/ that are made from the evidence, by path below docs/. Equal evidence gives equal files. */
export type RenderedFiles = ReadonlyMap<string, string>

/** docs/evidence.md and its charts. */
export function renderEvidence(set: EvidenceSet, experiments: readonly Experiment[]): RenderedFiles {
  const charts = new Map<string, string>()
  for (const one of set.evidence) {
    for (const [name, text] of chartsOf(one)) charts.set(`evidence/${one.id}-${name}.svg`, text)
  }
  const sections = [
    `# Evidence\n\n<!-- Made by \`npm run evidence\` from evidence/ and test/experiments/; edited by nobody. -->`,
    introduction,
    `## Results\n\n${set.evidence.length === 0 ? 'No run has been counted yet.' : resultsTable(set.evidence)}`,
    whatNoneMeans(set.evidence),
    besideControl(set.evidence),
    ...(set.evidence.length === 0 ? [] : ['## Experiment by experiment']),
    ...set.evidence.map((one) => details(one, experiments)),
    plantedBugs(set),
    crashPoints(set),
    set.errorCodes === undefined ? undefined : errorCodesSection(set.errorCodes),
    set.findings === undefined ? undefined : `## What was found\n\n${set.findings.trim()}`,
    everyFault(set, experiments),
    `## What the anomalies are\n\n${anomalyNames.map((name) => `- \`${name}\`: ${anomalyExplanations[name]}`).join('\n')}`,
  ]
  const document = sections.filter((section) => section !== undefined).join('\n\n')
  return new Map([['evidence.md', `${document}\n`], ...charts])
}

const introduction = `What was broken on purpose, how often, and what readers of the output found afterwards. Every number is the sum of runs
that can be run again with the command beside it. Runs that could not be carried out, or in which too little was broken
or too little was written, are not counted: they would show zeros and prove nothing.

Arms: \`tailrace\`, or \`control\`: a loop as tutorials have it, on the same servers with the same faults. Tiers: S is a
simulation, which its seed repeats exactly; P runs real processes; K runs real processes on a real Kafka broker. There the
seed repeats the choices and not their timing.`

function whatNoneMeans(evidence: readonly Evidence[]): string | undefined {
  const ours = evidence.filter(({ arm }) => arm === 'tailrace')
  if (ours.length === 0) return undefined
  const lines = ours.map((one) => {
    if (totalOf(one.anomalies) > 0) {
      return `- ${one.id}: **${describeCounts(one.anomalies)}**, in the runs with seeds ${one.failingSeeds}.`
    }
    const faults = Object.entries(one.faults).map(
      ([kind, count]) => `none after ${groupDigits(count)} ${kind} (${bound(count, 'of them')})`,
    )
    return `- ${one.id}: ${[`none in ${numberOf(one.n, 'run')} (${bound(one.n, 'of runs')})`, ...faults].join(', ')}.`
  })
  const rule = `No failure in N independent trials means, with 95 % confidence, that fewer than 3 in N trials fail. It does not mean
never. The faults of one run follow on each other, so the number for runs is the more careful one.`
  return `## What none means\n\n${rule}\n\n${lines.join('\n')}`
}

/** The rule of three, rounded up to two digits. */
function bound(trials: number, what: string): string {
  const share = 300 / trials
  if (share >= 100) return 'too few to say more'
  const unit = 10 ** (Math.floor(Math.log10(share)) - 1)
  return `below ${Number((Math.ceil(share / unit - 1e-9) * unit).toPrecision(2))} % ${what}`
}

function besideControl(evidence: readonly Evidence[]): string | undefined {
  const table = controlTable(evidence)
  if (table === undefined) return undefined
  const why = 'Zeros mean something only if the same faults show in a program that does not withstand them.'
  return `## Beside the control\n\n${why}\n\n${table}`
}

function details(one: Evidence, experiments: readonly Experiment[]): string {
  const { machine, recoveryMs, segments } = one
  const target = experiments.find(({ id }) => id === one.id)?.target
  const lines = [
    `- Runs: seeds ${one.seeds}, ${groupDigits(Math.round(one.durationSeconds))} s in all, last on ${one.date} with Node.js ${machine.node}, ${machine.cores} cores, ${machine.memoryGiB} GiB`,
    ...(segments.length === 1 ? [] : segments.map(describeSegment)),
    ...(target === undefined || isWithoutTarget(target) ? [] : [`- Target: ${describeTarget(one, target)}`]),
    ...(one.replayed === 0
      ? []
      : [`- Repeated as at-least-once delivery allows: ${groupDigits(one.replayed)} records`]),
    ...(recoveryMs.count === 0
      ? []
      : [
          `- Lag below five seconds again after a fault: p50 ${seconds(recoveryMs.p50)}, p90 ${seconds(recoveryMs.p90)}, p99 ${seconds(recoveryMs.p99)}, at most ${seconds(recoveryMs.max)}; ${percent(recoveryMs.within15s, recoveryMs.count)} within 15 s`,
        ]),
  ]
  const charts = [...chartsOf(one).keys()].map((name) => `![${one.id}: ${name}](evidence/${one.id}-${name}.svg)`)
  const states = totalOf(one.statesAtFault) === 0 ? [] : [statesTable(one)]
  return [`### ${one.id}: ${one.title}`, lines.join('\n'), ...states, ...charts].join('\n\n')
}

function describeSegment({ commit, n, seeds, records, faults, date }: Evidence['segments'][number]): string {
  return `- Of these at \`${commit}\`, ${date}: ${numberOf(n, 'run')} (seeds ${seeds}), ${groupDigits(records)} records, ${describeCounts(faults)}`
}

function isWithoutTarget({ records, faults }: Experiment['target']): boolean {
  return records === undefined && Object.keys(faults).length === 0
}

function describeTarget(one: Evidence, target: Experiment['target']): string {
  const records =
    target.records === undefined ? [] : [`${groupDigits(one.records)} of ${groupDigits(target.records)} records`]
  const faults = Object.entries(target.faults).map(
    ([kind, wanted]) => `${groupDigits(one.faults[kind] ?? 0)} of ${groupDigits(wanted)} ${kind}`,
  )
  return [...faults, ...records].join(', ')
}

/** Charts of the last run, by name; only of runs in real time. */
function chartsOf(one: Evidence): ReadonlyMap<string, string> {
  const charts = new Map<string, string>()
  if (one.tier === 'S') return charts
  const { unseen, lag } = one.series
  const of = (what: string): string => `${one.id}: ${what}`
  if (unseen.length > 0) {
    charts.set(
      'unseen',
      svgChart({ title: of('written but not yet readable, last run'), unit: 'changes', curve: unseen }),
    )
  }
  if (lag.length > 0) {
    charts.set('lag', svgChart({ title: of('age of the oldest unread change, last run'), unit: 'seconds', curve: lag }))
  }
  return charts
}

function plantedBugs({ mutants }: EvidenceSet): string | undefined {
  if (mutants === undefined) return undefined
  const caught = mutants.mutants.filter(({ caughtBy }) => caughtBy !== null).length
  const text = `The tests are tested, too: each of these bugs was planted in tailrace, and ${caught} of ${mutants.mutants.length} were caught.`
  return `## Planted bugs\n\n${text}\n\n${mutantsTable(mutants)}`
}

function crashPoints({ crashPoints }: EvidenceSet): string | undefined {
  if (crashPoints === undefined) return undefined
  const { points, states, hits } = crashPoints
  const hit = points.filter((point) => totalOf(hits[point] ?? {}) > 0).length
  const cells = points.flatMap((point) => states.filter((state) => (hits[point]?.[state] ?? 0) > 0)).length
  const text = `A worker has died at ${hit} of ${points.length} points (${percent(hit, points.length)}), and in ${cells} of ${points.length * states.length} pairs of a point and a state (${percent(cells, points.length * states.length)}).`
  return `## Crash points\n\n${text}\n\n${crashPointsTable(crashPoints)}`
}

function everyFault({ evidence }: EvidenceSet, experiments: readonly Experiment[]): string {
  const kinds = catalogue.map((row) => statusOf(row, experiments).kind)
  const numberOfKind = (kind: string): number => kinds.filter((one) => one === kind).length
  const text = `Of ${catalogue.length} faults, ${numberOfKind('done')} have an experiment, ${numberOfKind('waits')} wait for something that tailrace does not have yet, and ${numberOfKind('open')} are open.`
  return `## Every fault on the list\n\n${text}\n\n${catalogueTables(experiments, evidence)}`
}
