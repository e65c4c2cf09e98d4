/**
 * The places where a worker can be made to die: in front of and behind every step that leaves something outside of the
 * process. They are reached by wrapping the ports of a worker, so the product itself knows nothing of them. The kinds of
 * transactions tell what is lost with them.
 */
export const transactionKinds = [
  'identity',
  'table',
  'stop',
  'begin',
  'answer',
  'scan',
  'report',
  'first-progress',
  'progress',
  'end',
  'forget',
] as const

/** What a transaction is about: the most telling of the ledger entries in it. */
export type TransactionKind = (typeof transactionKinds)[number]

const steps = [
  'create-ledger',
  'create-output',
  'fence',
  'ledger-mark',
  'ledger-read',
  'list-shards',
  'find-children',
  'read-page',
  'scan-page',
  'describe-table',
  'assignment',
  'leave-group',
] as const

const sides = ['before', 'after'] as const

type Step = (typeof steps)[number]
type Side = (typeof sides)[number]

/** `fence.after`, `produce.end.before`, `commit.progress.after` … */
export type CrashPointName =
  | `${Step}.${Side}`
  | `produce.${TransactionKind}.${Side}`
  | `commit.${TransactionKind}.${Side}`

/** Every crash point. Which of them a pipeline can reach depends on its mode: `commit` needs transactions. */
export const crashPoints: readonly CrashPointName[] = [
  ...steps.flatMap((step) => sides.map((side): CrashPointName => `${step}.${side}`)),
  ...transactionKinds.flatMap((kind) => sides.map((side): CrashPointName => `produce.${kind}.${side}`)),
  ...transactionKinds.flatMap((kind) => sides.map((side): CrashPointName => `commit.${kind}.${side}`)),
]

/** Called at each point. To crash there, kill the process and return a promise that never settles. */
export type ReachCrashPoint = (point: CrashPointName) => Promise<void> | undefined

/** True for a name in the list. */
export function isCrashPoint(name: string): name is CrashPointName {
  return crashPoints.some((point) => point === name)
}
