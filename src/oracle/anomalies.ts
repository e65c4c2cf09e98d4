import type { AnomalyName, Findings } from './oracle.ts'

/** One sentence for each name, for documents and for people who see a count above zero. In the order of the documents. */
export const anomalyExplanations: Readonly<Record<AnomalyName, string>> = {
  lost: 'A change has no committed record, and no gap, dead letter or refusal names it.',
  duplicate: 'A change has a second committed record; at least once: one that cannot be part of a replay.',
  'bad-replay':
    'At least once: a repeated record does not belong to an unbroken replay that begins behind a committed position and reaches the newest record.',
  reorder: 'A change of an item was first seen behind a later change of the same item.',
  skip: "A change of an item was seen although the item's change before it had not been seen yet.",
  phantom: 'A record stands for no change that was made, or holds something else than was written.',
  'aborted-read': 'A read_committed reader was given a record of a transaction that did not commit.',
  torn: "A committed transaction's position of a shard is not the position of its newest record of that shard.",
  'partition-move': 'Records of one item are in more than one partition.',
  'stale-snapshot': 'A snapshot row stands behind a newer change of its item.',
  resurrect: 'A row, an insert or an update of an item stands behind a newer delete of it.',
  diverged: 'The last record of an item is not what the table holds now that nothing is written any more.',
  'silent-gap': 'Changes were gone at the source before they were read, and nothing said so.',
  hang: 'Something was not back in time: the lag, a transaction that never ended, a shard that nobody reads.',
  'child-before-parent': "A child shard's record stands in front of a record of its parent, in one partition.",
  miscount:
    'The second count, which knows nothing of the first judgement, finds other numbers of changes or items, or another sum.',
}

/** Every name, in the order of the documents. */
export const anomalyNames: readonly AnomalyName[] = Object.keys(anomalyExplanations) as AnomalyName[]

/** Zero of each: what is promised. The caller may change it. */
export function noAnomalies(): Record<AnomalyName, number> {
  return Object.fromEntries(anomalyNames.map((name) => [name, 0])) as Record<AnomalyName, number>
}

/** True if no anomaly was found. Replays are none where the guarantee allows them. */
export function isClean({ anomalies }: Pick<Findings, 'anomalies'>): boolean {
  return anomalyNames.every((name) => anomalies[name] === 0)
}

/** The sum of several judgements, name by name; a name that one of them leaves out counts as zero there. */
export function mergeAnomalies(
  all: Iterable<Readonly<Partial<Record<AnomalyName, number>>>>,
): Record<AnomalyName, number> {
  const sum = noAnomalies()
  for (const anomalies of all) for (const name of anomalyNames) sum[name] += anomalies[name] ?? 0
  return sum
}
