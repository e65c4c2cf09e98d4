import { z } from 'zod'
import { addCounts, totalOf } from './counts.ts'
import { downsample } from './downsample.ts'
import type { Experiment } from './experiment.ts'
import { joinRecoveryTimes, recoveryTimesOf } from './recovery-times.ts'
import type { FinishedRun } from './run-check.ts'
import { countSeeds, formatSeeds, joinSeeds, parseSeeds, spanOfSeeds } from './seed-ranges.ts'

const count = z.int().nonnegative()
const counts = z.record(z.string(), z.int().positive())
const milliseconds = z.number().nonnegative().nullable()
const curve = z.array(z.tuple([z.number().nonnegative(), z.number().nonnegative()])).max(200)
const seeds = z.string().refine(isSeeds, 'must be ascending ranges of seeds such as 1-30,40')

/** Runs of one commit. */
const segment = z.strictObject({
  commit: z.string().min(1),
  /** Git's hash of `src/`: equal for commits that changed nothing in it. */
  source: z.string().min(1),
  n: z.int().positive(),
  seeds,
  records: count,
  faults: counts,
  date: z.iso.date(),
})

const fields = z.strictObject({
  id: z.string(),
  title: z.string(),
  arm: z.enum(['tailrace', 'control']),
  tier: z.enum(['S', 'P', 'K']),
  /** Runs. */
  n: z.int().positive(),
  seeds,
  /** Seeds of runs with anomalies. */
  failingSeeds: seeds,
  /** `a..b` when the runs are of several commits. */
  commit: z.string().min(1),
  /** That of the last segment. */
  source: z.string().min(1),
  records: count,
  faults: counts,
  anomalies: counts,
  replayed: count,
  /** The runs' own durations, added up. */
  durationSeconds: z.number().nonnegative(),
  statesAtFault: counts,
  recoveryMs: z.strictObject({
    count,
    p50: milliseconds,
    p90: milliseconds,
    p99: milliseconds,
    max: milliseconds,
    within15s: count,
    histogram: counts,
  }),
  /** Share of the recoveries that took at most fifteen seconds; null without any. */
  underFiveSecondsWithin15s: z.number().min(0).max(1).nullable(),
  /** Where the last run ran. */
  machine: z.strictObject({ cores: z.int().positive(), memoryGiB: count, node: z.string() }),
  date: z.iso.date(),
  /** Runs them all again. */
  command: z.string(),
  /** Of the last run, at most 200 points each. */
  series: z.strictObject({ unseen: curve, lag: curve }),
  segments: z.array(segment).min(1),
})

/** What all counted runs of one experiment showed together. */
export type Evidence = Readonly<z.infer<typeof fields>>

/** `evidence/<id>.json` */
export const evidenceSchema = fields.refine(agrees, 'the totals are not the sums of the segments')

/** Where a run was made. */
export interface Origin {
  readonly commit: string
  readonly source: string
  readonly machine: Evidence['machine']
  /** `2026-11-25` */
  readonly date: string
}

/** The evidence of a single run. */
export function evidenceOfRun(experiment: Experiment, run: FinishedRun, origin: Origin): Evidence {
  const { id, title, arm, tier } = experiment
  const { outcome, seed } = run
  const ranges = formatSeeds([[seed, seed]])
  const anomalies = addCounts(outcome.anomalies)
  const faults = addCounts(outcome.faults)
  const { commit, source, machine, date } = origin
  const { records } = outcome
  return withDerived({
    id,
    title,
    arm,
    tier,
    seeds: ranges,
    failingSeeds: totalOf(anomalies) > 0 ? ranges : '',
    anomalies,
    replayed: outcome.replayed,
    durationSeconds: run.durationSeconds,
    statesAtFault: addCounts(outcome.statesAtFault),
    recoveryMs: recoveryTimesOf(outcome.recoveryMs),
    machine,
    series: { unseen: downsample(outcome.unseen), lag: downsample(outcome.lag) },
    segments: [{ commit, source, n: 1, seeds: ranges, records, faults, date }],
  })
}

/** Both together; what cannot be added (machine, curves, title) is the later one's. Throws if a seed is in both. */
export function joinEvidence(earlier: Evidence, later: Evidence): Evidence {
  if (earlier.id !== later.id || earlier.arm !== later.arm) {
    throw new Error(`${earlier.id} (${earlier.arm}) and ${later.id} (${later.arm}) are not the same experiment`)
  }
  const { id, title, arm, tier, machine, series } = later
  return withDerived({
    id,
    title,
    arm,
    tier,
    seeds: joinSeedTexts(earlier.seeds, later.seeds),
    failingSeeds: joinSeedTexts(earlier.failingSeeds, later.failingSeeds),
    anomalies: addCounts(earlier.anomalies, later.anomalies),
    replayed: earlier.replayed + later.replayed,
    durationSeconds: earlier.durationSeconds + later.durationSeconds,
    statesAtFault: addCounts(earlier.statesAtFault, later.statesAtFault),
    recoveryMs: joinRecoveryTimes(earlier.recoveryMs, later.recoveryMs),
    machine,
    series,
    segments: joinSegments(earlier.segments, later.segments),
  })
}

type Segment = Evidence['segments'][number]
type Derived = 'n' | 'commit' | 'source' | 'records' | 'faults' | 'underFiveSecondsWithin15s' | 'date' | 'command'

/** Adds what follows from the rest, in the order in which the file is read by people. */
function withDerived(facts: Omit<Evidence, Derived>): Evidence {
  const { id, title, arm, tier, seeds, failingSeeds, segments, recoveryMs } = facts
  const { anomalies, replayed, durationSeconds, statesAtFault, machine, series } = facts
  const first = segments[0]
  const last = segments.at(-1)
  if (first === undefined || last === undefined) throw new Error(`${id}: evidence without a run`)
  const [from, to] = spanOfSeeds(parseSeeds(seeds)) ?? [0, 0]
  return {
    id,
    title,
    arm,
    tier,
    n: countSeeds(parseSeeds(seeds)),
    seeds,
    failingSeeds,
    commit: first.commit === last.commit ? first.commit : `${first.commit}..${last.commit}`,
    source: last.source,
    records: sumOf(segments, 'records'),
    faults: segments.reduce((sum, { faults }) => addCounts(sum, faults), {}),
    anomalies,
    replayed,
    durationSeconds: Math.round(durationSeconds * 1000) / 1000,
    statesAtFault,
    recoveryMs,
    underFiveSecondsWithin15s:
      recoveryMs.count === 0 ? null : Math.round((recoveryMs.within15s / recoveryMs.count) * 10_000) / 10_000,
    machine,
    date: last.date,
    command: `npm run experiment -- ${id} --fresh --seed ${from} --runs ${to - from + 1}`,
    series,
    segments,
  }
}

/** Neighbours of one commit become one segment. */
function joinSegments(earlier: readonly Segment[], later: readonly Segment[]): Segment[] {
  const joined = [...earlier]
  for (const next of later) {
    const last = joined.at(-1)
    if (last === undefined || last.commit !== next.commit || last.source !== next.source) joined.push(next)
    else {
      joined[joined.length - 1] = {
        ...next,
        n: last.n + next.n,
        seeds: joinSeedTexts(last.seeds, next.seeds),
        records: last.records + next.records,
        faults: addCounts(last.faults, next.faults),
      }
    }
  }
  return joined
}

function joinSeedTexts(a: string, b: string): string {
  return formatSeeds(joinSeeds(parseSeeds(a), parseSeeds(b)))
}

function sumOf(segments: readonly Segment[], field: 'n' | 'records'): number {
  return segments.reduce((sum, segment) => sum + segment[field], 0)
}

function isSeeds(text: string): boolean {
  try {
    parseSeeds(text)
    return true
  } catch {
    return false
  }
}

/** Files are edited by merges and by hand: totals that no longer fit are not believed. */
function agrees(evidence: Evidence): boolean {
  const { segments } = evidence
  if (![evidence.seeds, evidence.failingSeeds, ...segments.map(({ seeds }) => seeds)].every(isSeeds)) return true
  try {
    const ranges = segments.map(({ seeds }) => parseSeeds(seeds)).reduce(joinSeeds, [])
    const rederived = withDerived(evidence)
    return (
      evidence.n === sumOf(segments, 'n') &&
      segments.every((one) => one.n === countSeeds(parseSeeds(one.seeds))) &&
      formatSeeds(ranges) === evidence.seeds &&
      JSON.stringify(rederived) === JSON.stringify({ ...rederived, ...evidence })
    )
  } catch {
    return false
  }
}
