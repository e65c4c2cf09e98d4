import type { Rng } from '../../../src/async/rng.ts'
import { seededRng } from '../../../src/async/rng.ts'
import { crashPoints } from '../../crash/crash-point.ts'
import { kinesisInternalFailure, kinesisThrottled } from '../../servers/kinesis-simulator/kinesis-operations.ts'
import { accessDenied, serverError, throttled } from '../../servers/stream-simulator/fault-plan.ts'
import type { Fault, FaultPlan } from '../../servers/stream-simulator/fault-plan.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'
import type { SimulatedProcess } from '../time/simulated-process.ts'
import type { Fate, OutgoingRequest } from '../kafka/network.ts'
import { injectErrorCode } from './error-injection.ts'
import { openForeignTransaction } from './foreign-transaction.ts'
import type { SimulatedFleet } from './simulated-fleet.ts'
import type { Surroundings } from './surroundings.ts'
import type { FaultKind, WorldPlan } from './world-plan.ts'

/** Does what the plan says, at random moments, until it is stopped. */
export interface Nemesis {
  /** How often each kind has struck. */
  readonly struck: ReadonlyMap<FaultKind, number>
  /** No more faults; what lasts is ended. */
  heal(): void
}

/** The processes that can be struck, by place. */
export interface StrikableFleet extends Pick<
  SimulatedFleet,
  'kill' | 'armCrashPoint' | 'freezeAt' | 'restart' | 'scale' | 'heal'
> {
  readonly workers: ReadonlyMap<number, { readonly process: SimulatedProcess }>
}

/** What it can reach. */
export interface NemesisParts {
  readonly plan: WorldPlan
  readonly surroundings: Surroundings
  readonly fleet: StrikableFleet
  readonly tables: readonly SimulatedTable[]
  readonly ledgerTopic: string
}

interface Striking extends NemesisParts {
  readonly rng: Rng
  readonly note: (kind: FaultKind) => void
  /** Ends something later, at the latest when everything is healed. */
  readonly until: (ms: number, end: () => void) => void
}

/** Begins at once. */
export function startNemesis(parts: NemesisParts): Nemesis {
  const { surroundings, plan } = parts
  const rng = seededRng(plan.seed ^ 0xbad)
  const struck = new Map<FaultKind, number>()
  const ends = new Set<() => void>()
  let isHealed = false
  const note = (kind: FaultKind): void => {
    struck.set(kind, (struck.get(kind) ?? 0) + 1)
    surroundings.trace.note(`nemesis: ${kind}`)
  }
  const until = (ms: number, end: () => void): void => {
    const once = (): void => {
      if (ends.delete(once)) end()
    }
    ends.add(once)
    surroundings.time.after(ms, once)
  }
  const striking: Striking = { ...parts, rng, note, until }
  const keepStriking = (kind: FaultKind, perSecond: number): void => {
    // Exponential waits: faults come in bunches, and now and then there is peace.
    const waitMs = (-Math.log(1 - rng.next()) / perSecond) * 1000
    surroundings.time.after(waitMs, () => {
      if (isHealed) return
      strikes[kind](striking)
      keepStriking(kind, perSecond)
    })
  }
  for (const [kind, perSecond] of Object.entries(plan.faults)) {
    if (perSecond > 0) keepStriking(kind as FaultKind, perSecond)
  }
  if (plan.faults['crash-point'] !== undefined) armFirstStart(striking)
  return {
    struck,
    heal: () => {
      isHealed = true
      for (const end of ends) end()
      surroundings.link.clear()
      awsFaults(surroundings).clear()
      for (const { nodeId } of surroundings.kafka.state.brokers) surroundings.kafka.startBroker(nodeId)
      parts.fleet.heal()
    },
  }
}

const strikes: Readonly<Record<FaultKind, (striking: Striking) => void>> = {
  'worker-kill': (striking) => onWorker(striking, 'worker-kill', (place, ms) => striking.fleet.kill(place, ms)),
  'crash-point': ({ fleet, rng, note }) => {
    const point = crashPoints[Math.floor(rng.next() * crashPoints.length)]
    if (point === undefined) return
    note('crash-point')
    fleet.armCrashPoint(point, 1 + Math.floor(rng.next() ** 3 * 12), rng.next() * 3_000)
  },
  'worker-stop': (striking) =>
    onWorker(striking, 'worker-stop', (place) => {
      const { surroundings, rng, fleet, until } = striking
      const ms = surroundings.sessionTimeoutMs * (0.3 + 2.7 * rng.next())
      const thawLater = (process: SimulatedProcess): void => until(ms, () => process.resume())
      // Anywhere, or with records written and their end not yet asked for: there only the fence can stop it.
      if (rng.next() < 0.5) return fleet.freezeAt(place, 'commit.progress.before', thawLater)
      const process = fleet.workers.get(place)?.process
      process?.stop()
      if (process !== undefined) thawLater(process)
    }),
  'worker-restart': (striking) => onWorker(striking, 'worker-restart', (place) => striking.fleet.restart(place)),
  scale: ({ fleet, rng, note }) => {
    note('scale')
    fleet.scale(1 + Math.floor(rng.next() * 5))
  },
  'wall-clock': (striking) =>
    onWorker(striking, 'wall-clock', (place) => {
      const { rng, fleet } = striking
      fleet.workers.get(place)?.process.skewWallClock((rng.next() - 0.5) * 7_200_000)
    }),
  'broker-kill': (striking) => killBroker(striking),
  'leader-move': ({ surroundings: { kafka }, rng, note }) => {
    const all = kafka.partitions()
    const partition = all[Math.floor(rng.next() * all.length)]
    if (partition === undefined || kafka.state.brokers.length === 1) return
    note('leader-move')
    kafka.moveLeader(partition)
  },
  'lost-response': (striking) =>
    onNextRequest(striking, 'lost-response', () => ({ response: striking.rng.next() < 0.5 ? 'reset' : 'lost' })),
  'lost-request': (striking) =>
    onNextRequest(striking, 'lost-request', () => ({ request: striking.rng.next() < 0.5 ? 'reset' : 'lost' })),
  'late-request': (striking) =>
    onNextRequest(striking, 'late-request', () => ({
      requestMs: striking.surroundings.requestTimeoutMs * (0.5 + 2 * striking.rng.next()),
    })),
  'repeated-request': (striking) =>
    onNextRequest(striking, 'repeated-request', (request) =>
      mayBeRepeated(striking.plan, request) ? { copyMs: striking.rng.next() ** 3 * 8_000 } : undefined,
    ),
  'error-code': (striking) =>
    onNextRequest(striking, 'error-code', (request) => injectErrorCode(request, striking.rng)),
  'network-cut': ({ fleet, surroundings, rng, note, until }) => {
    note('network-cut')
    const names = [...fleet.workers.values()].map(({ process }) => process.name)
    const victim = rng.next() < 0.2 ? undefined : names[Math.floor(rng.next() * names.length)]
    const nodeId = rng.next() < 0.5 ? undefined : 1 + Math.floor(rng.next() * surroundings.kafka.state.brokers.length)
    until(1_000 + rng.next() * 15_000, surroundings.link.cut(victim, nodeId))
  },
  'slow-network': ({ surroundings: { link }, rng, note, until }) => {
    note('slow-network')
    link.latencyMs = 20 + rng.next() * 400
    until(1_000 + rng.next() * 6_000, () => {
      link.latencyMs = 4
    })
  },
  'aws-error': (striking) => onNextAwsRequests(striking, 'aws-error', awsErrors),
  'aws-throttle': (striking) => onNextAwsRequests(striking, 'aws-throttle', throttles(striking.surroundings)),
  'aws-corrupt': (striking) => onNextAwsRequests(striking, 'aws-corrupt', awsCorruptions),
  'iterator-expiry': ({ surroundings, note }) => {
    note('iterator-expiry')
    const { kinesis, streams } = surroundings
    ;(kinesis ?? streams).expireIterators()
  },
  'listing-lie': (striking) => lieAboutShards(striking),
  'ledger-compaction': ({ surroundings, ledgerTopic, note }) => {
    note('ledger-compaction')
    for (const { log } of surroundings.kafka.state.topics.get(ledgerTopic)?.partitions ?? []) log.compact()
  },
  'foreign-transaction': (striking) => {
    if (openForeignTransaction(striking)) striking.note('foreign-transaction')
  },
  'ledger-offline': ({ surroundings, ledgerTopic, rng, note }) => {
    const partitions = surroundings.kafka.state.topics.get(ledgerTopic)?.partitions ?? []
    const partition = partitions[Math.floor(rng.next() * partitions.length)]
    if (partition === undefined) return
    note('ledger-offline')
    partition.offlineUntilMs = surroundings.time.elapsedMs + rng.next() * 8_000
  },
}

/**
 * Under V1 a second copy of EndTxn ends whatever transaction its epoch has open then (KAFKA-17754). No network makes such
 * copies of our requests, which are sent once, and nothing could be done about them; V2 is there because of it.
 */
function mayBeRepeated({ transactionVersion }: WorldPlan, { action }: OutgoingRequest): boolean {
  return transactionVersion === 2 || (action !== 'EndTxn' && action !== 'AddPartitionsToTxn')
}

/** What happens once in the life of a pipeline is over before chance would strike: half of the runs begin with a crash. */
function armFirstStart({ fleet, rng }: Striking): void {
  const first = crashPoints.filter((point) => /^create-|\.identity\.|\.table\./.test(point))
  const point = first[Math.floor(rng.next() * first.length)]
  if (point !== undefined && rng.next() < 0.5) fleet.armCrashPoint(point, 1, rng.next() * 2_000)
}

const awsErrors: readonly Fault[] = [
  serverError,
  { kind: 'error', statusCode: 503, type: 'ServiceUnavailable' },
  { kind: 'html', statusCode: 502 },
  { kind: 'reset' },
  accessDenied('dynamodb:GetRecords', 'arn:aws:dynamodb:eu-central-1:123456789012:table/simulated'),
  { kind: 'error', statusCode: 400, type: 'ExpiredTokenException' },
]

const awsCorruptions: readonly Fault[] = [
  { kind: 'cut-off' },
  { kind: 'truncated-json' },
  { kind: 'wrong-checksum' },
  { kind: 'empty-object' },
  { kind: 'slow', beforeMs: 3_000 },
]

function onWorker(striking: Striking, kind: FaultKind, strike: (place: number, restartMs: number) => void): void {
  const { fleet, rng, note } = striking
  const places = [...fleet.workers.keys()]
  const place = places[Math.floor(rng.next() * places.length)]
  if (place === undefined) return
  note(kind)
  strike(place, rng.next() ** 2 * 4_000)
}

/** The next request that is not a fetch (or, one time in four, any) meets the fault. */
function onNextRequest(
  { surroundings: { link }, rng, note, until }: Striking,
  kind: FaultKind,
  fault: (request: OutgoingRequest) => Partial<Fate> | undefined,
): void {
  const mayBeFetch = rng.next() < 0.25
  const remove = link.add((request) => {
    if (request.action === 'Fetch' && !mayBeFetch) return undefined
    const fate = fault(request)
    if (fate === undefined) return undefined
    remove()
    note(kind)
    return fate
  })
  until(5_000, remove)
}

function onNextAwsRequests({ surroundings, rng, note, until }: Striking, kind: FaultKind, all: readonly Fault[]): void {
  const fault = all[Math.floor(rng.next() * all.length)]
  if (fault === undefined) return
  note(kind)
  const count = 1 + Math.floor(rng.next() ** 2 * 20)
  const remove = awsFaults(surroundings).add({ action: '*', fault, count })
  until(3_000, remove)
}

/** Of the service that is read. */
function awsFaults({ kinesis, streams }: Surroundings): FaultPlan {
  return (kinesis ?? streams).faults
}

function throttles({ kinesis }: Surroundings): readonly Fault[] {
  return kinesis === undefined ? [throttled] : [kinesisThrottled, kinesisInternalFailure]
}

function killBroker({ surroundings: { kafka }, rng, note, until }: Striking): void {
  const up = kafka.state.brokers.filter(({ isUp }) => isUp)
  const broker = up[Math.floor(rng.next() * up.length)]
  if (broker === undefined) return
  note('broker-kill')
  kafka.killBroker(broker.nodeId)
  until(500 + rng.next() ** 2 * 12_000, () => kafka.startBroker(broker.nodeId))
}

function lieAboutShards(striking: Striking): void {
  if (striking.surroundings.kinesis !== undefined) return lieAboutKinesis(striking)
  const { tables, rng, note } = striking
  const table = tables[Math.floor(rng.next() * tables.length)]
  const shards = table?.stream.shards ?? []
  const shard = shards[Math.floor(rng.next() * shards.length)]
  if (table === undefined || shard === undefined) return
  note('listing-lie')
  const dice = rng.next()
  if (dice < 0.4) table.stream.listLate(shard.shardId, { calls: 1 + Math.floor(rng.next() * 4) })
  else if (dice < 0.6) table.stream.listLate(shard.shardId, { ms: rng.next() * 20_000 })
  else if (dice < 0.8) table.stream.listTwice(shard.shardId)
  else table.stream.listAsOpen(shard.shardId, 1 + Math.floor(rng.next() * 3))
}

function lieAboutKinesis({ surroundings: { kinesis }, rng, note }: Striking): void {
  for (const stream of kinesis?.state.streams.values() ?? []) {
    const { shardId } = stream.shards[Math.floor(rng.next() * stream.shards.length)] ?? {}
    if (shardId === undefined) continue
    note('listing-lie')
    const dice = rng.next()
    if (dice < 0.5) stream.listLate(shardId, { calls: 1 + Math.floor(rng.next() * 4) })
    else if (dice < 0.8) stream.listLate(shardId, { ms: rng.next() * 20_000 })
    else stream.listAsOpen(shardId, 1 + Math.floor(rng.next() * 3))
  }
}
