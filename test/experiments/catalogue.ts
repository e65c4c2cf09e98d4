import type { Experiment } from './experiment.ts'

/** One row of the list of faults that tailrace is meant to stand. */
export interface CatalogueRow {
  /** `E01` */
  readonly id: string
  readonly area: string
  readonly fault: string
  /** What does not exist yet and is needed first: for the whole row, or for the part that is named. */
  readonly waits?: { readonly for: string; readonly part?: string }
}

/** Where a row stands. */
export type RowStatus =
  | { readonly kind: 'done'; readonly by: readonly string[] }
  | { readonly kind: 'waits'; readonly for: string }
  | { readonly kind: 'open' }

const crashes = 'Crashes and ownership'
const kafka = 'Kafka'
const streams = 'DynamoDB Streams'
const snapshot = 'Snapshot and hand-over'
const otherSources = 'Kinesis and Lambda'
const data = 'Data'
const load = 'Load and endurance'

const snapshots = 'snapshots'
const transforms = 'user transforms and the dead letter queue'

/** Every row, E01 to E56, in order. */
export const catalogue: readonly CatalogueRow[] = [
  row('E01', crashes, 'Workers are killed without warning at random moments and started again'),
  row('E02', crashes, 'A worker dies at each named step between reading and commit'),
  row('E03', crashes, 'A worker dies again while it recovers from its last death'),
  row('E04', crashes, 'A worker is asked to stop and killed before it has finished stopping'),
  row('E05', crashes, 'A worker is frozen until others have taken its lanes, and then wakes up'),
  row('E06', crashes, "One worker's wall clock is wrong, jumps or stands still"),
  row('E07', crashes, 'Workers are restarted one after the other, all the time', {
    for: 'a second ledger format',
    part: 'upgrade and downgrade of the format',
  }),
  row('E08', crashes, 'Workers come and go: one to ten and back, a change every few seconds'),
  row('E09', crashes, 'A process runs out of memory, disk or file handles', {
    for: transforms,
    part: "a rejection inside a user's transform that nobody handles",
  }),
  row('E10', crashes, 'A ledger partition is offline, throttled, uncompacted, or held by a foreign open transaction'),
  row('E11', kafka, 'One of three brokers restarts, in order or not'),
  row('E12', kafka, 'All brokers are down, for minutes and for most of a day'),
  row('E13', kafka, 'Leaders and coordinators move, and metadata is out of date'),
  row('E14', kafka, 'The network between a worker and one, some or all brokers is cut, both ways or one way'),
  row('E15', kafka, 'The broker appends records and its answer is lost'),
  row('E16', kafka, 'The end of a transaction arrives late, or twice, in the middle of the next one'),
  row('E17', kafka, 'Every request is answered with every error code that Kafka has for it'),
  row('E18', kafka, 'Answers arrive in slivers, are cut at any byte, or never come'),
  row('E19', kafka, 'Credentials expire, are wrong for a while, or are exchanged under open connections'),
  row('E20', kafka, 'Output topics are deleted, recreated, enlarged, limited or forbidden while records flow'),
  row('E21', kafka, 'Quotas and slow brokers hold requests back'),
  row('E22', kafka, 'Producer epochs run out, and transactional ids and producer ids expire'),
  row('E23', kafka, 'A dead worker leaves a transaction open until it times out'),
  row('E24', streams, 'AWS throttles a part of all requests for an hour'),
  row('E25', streams, 'Shard iterators expire, in time and out of time'),
  row('E26', streams, 'Ten thousand shards split, merge and are replaced over days'),
  row('E27', streams, 'Listings of shards are late, incomplete, repeated or contradictory'),
  row('E28', streams, 'Thousands of empty pages, and shards that close in the middle of a page'),
  row('E29', streams, 'The pipeline is away for longer than the stream keeps its changes', {
    for: snapshots,
    part: 'closing the gap with a new snapshot',
  }),
  row('E30', streams, 'A stream is switched off and on, and a table is deleted or made anew'),
  row('E31', streams, 'Permissions or keys are taken away and given back'),
  row('E32', streams, 'HTTP answers are cut, corrupt, slow or errors'),
  row('E33', streams, 'Sequence numbers grow by a digit'),
  row('E34', streams, 'Expiry, large transactions, replicated writes, and updates that change nothing'),
  row('E35', snapshot, 'A table is scanned while half of it is being written', { for: snapshots }),
  row('E36', snapshot, 'A worker is killed in the middle of a snapshot', { for: snapshots }),
  row('E37', snapshot, 'A snapshot takes longer than the stream keeps changes', { for: snapshots }),
  row('E38', snapshot, 'A snapshot has little read capacity, and loses some of it', { for: snapshots }),
  row('E39', snapshot, 'Snapshots are asked for, paused and resumed while tables come and go', { for: snapshots }),
  row('E40', snapshot, 'An export has missing, repeated or damaged parts', { for: snapshots }),
  row('E41', otherSources, 'Kinesis repeats records and delivers them out of order'),
  row('E42', otherSources, 'Kinesis shards split and merge in bursts, and subscriptions are reset', {
    for: 'a simulated fan-out',
    part: 'subscriptions',
  }),
  row('E43', otherSources, 'Lambda batches fail in the middle'),
  row('E44', otherSources, 'Lambda is killed at its deadline, and a batch is delivered twice at once'),
  row('E45', otherSources, 'Lambda sleeps for an hour and wakes up with dead sockets'),
  row('E46', data, 'Random items of every type and depth go through every format and back'),
  row('E47', data, 'Items at the size limit, in both images'),
  row('E48', data, 'Items that cannot be converted', { for: transforms, part: 'transforms and the dead letter queue' }),
  row('E49', data, 'The schema registry is away, slow, contradictory or full', { for: 'the schema registry' }),
  row('E50', data, 'Random bytes in configuration, requests and stored positions'),
  row('E51', load, 'Hours under load while faults of all kinds come and go'),
  row('E52', load, 'A backlog of a day is caught up'),
  row('E53', load, 'Three times more changes than can be delivered, then normal load'),
  row('E54', load, 'One item gets nine writes of ten'),
  row('E55', load, 'A thousand tables, or five hundred pipelines, in one process'),
  row('E56', load, 'The event loop stands still for seconds'),
]

/**
 * A row is done when an experiment of tailrace itself, and not only its control, has the row's id or one that goes on
 * from it with a dash.
 */
export function statusOf(row: CatalogueRow, experiments: readonly Pick<Experiment, 'id' | 'arm'>[]): RowStatus {
  const by = experiments.filter(({ id }) => rowIdOf(id) === row.id)
  if (by.some(({ arm }) => arm === 'tailrace')) return { kind: 'done', by: by.map(({ id }) => id) }
  if (row.waits !== undefined && row.waits.part === undefined) return { kind: 'waits', for: row.waits.for }
  return { kind: 'open' }
}

/** `E01` of `E01-control`. */
export function rowIdOf(experimentId: string): string {
  return experimentId.split('-')[0] ?? experimentId
}

function row(id: string, area: string, fault: string, waits?: CatalogueRow['waits']): CatalogueRow {
  return waits === undefined ? { id, area, fault } : { id, area, fault, waits }
}
