import { Admin } from '@platformatic/kafka'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { FaultProxy } from '../../faults/fault-proxy.ts'
import { temporaryFolder } from '../../servers/temporary-folder.ts'
import { startTokenEndpoint } from '../../servers/token-endpoint.ts'
import type { Experiment } from '../experiment.ts'
import { cutConnections } from './cut-connections.ts'
import { nameOfDoor } from './kafka-behind-doors.ts'
import { startTailraceRun } from './tailrace-run.ts'
import type { TailraceRun } from './tailrace-run.ts'
import { textOfError, textOfNote } from './tended-workers.ts'
import { certificateWay, passwordWay, scramUser, tokenWay } from './ways-in.ts'
import type { ChangedBroker, CredentialChange, WayIn } from './ways-in.ts'

/** Sessions of SCRAM, and tokens, hold so long; scaled down from an hour and from a minute. */
const reauthenticateMs = 4_000
const tokenLifetimeS = 4
const rounds = 2
const recoveryMs = 45_000
/**
 * So long after a cut the pauses between attempts grow from a tenth of a second; from then on, whoever asks for himself may
 * try to get in once a second.
 */
const firstMs = 3_000
/** Who asks in a worker: each lane, and beside them the membership in the group and the coordinator. */
const besidesLanes = 2
/** So long nothing happens but what time brings, and nobody may notice that. */
const quietMs = 10_000

/** E19: three workers, each let in by other means, and each of these is changed under open connections. */
export const credentialChanges: Experiment = {
  id: 'E19',
  title:
    'Sessions and tokens expire every four seconds; passwords are wrong, tokens refused and certificates changed for a while',
  tier: 'K',
  arm: 'tailrace',
  minimum: {
    records: 2_000,
    faults: {
      reauthentication: 40,
      'token-expiry': 20,
      'wrong-password': 2,
      'token-refused': 2,
      'certificate-change': 6,
    },
  },
  target: {
    faults: {
      reauthentication: 2_000,
      'token-expiry': 1_000,
      'wrong-password': 100,
      'token-refused': 100,
      'certificate-change': 100,
    },
  },
  run: async (seed, signal) => {
    await using folder = await temporaryFolder()
    await using tokens = await startTokenEndpoint('worker', tokenLifetimeS)
    const ways = [passwordWay(reauthenticateMs), tokenWay(tokens), await certificateWay(folder.path, nameOfDoor(2))]
    await using run = await startTailraceRun({
      seed,
      signal,
      workers: ways.length,
      doors: ways.length,
      doorListeners: ways.map(({ listener }) => listener),
      scramUsers: [scramUser],
      credentialsOf: (worker) => ways[worker]?.credentials() ?? {},
      sessionTimeoutMs: 4_000,
      // The product's own: each heartbeat that is not let in is an attempt.
      heartbeatMs: 1_000,
    })
    const { directServers } = run.ground.kafka
    const admin = new Admin({ clientId: 'operator', bootstrapBrokers: [directServers] })
    try {
      const broker = { admin, server: directServers, listeners: run.ground.kafka.kafka.listeners }
      const hangs: string[] = [...(await nothingButTime(run))]
      const notes: string[] = []
      for (const episode of planEpisodes(run, ways)) {
        signal.throwIfAborted()
        const { missed, seen } = await carryOut(run, broker, episode)
        hangs.push(...missed)
        notes.push(...seen)
      }
      const now = clock.now()
      run.book.struck('token-expiry', tokens.expiries.filter((expiry) => expiry < now).length, 'all-along')
      run.book.struck('reauthentication', reauthentications(run.ground.kafka.doors), 'all-along')
      return await run.finish({ hangs, notes })
    } finally {
      await admin.close()
    }
  },
}

/** Sessions and tokens expire, and are renewed: no lane is in doubt for that. */
async function nothingButTime({ workers: { notes }, ground }: TailraceRun): Promise<readonly string[]> {
  await ground.watch.untilCaughtUp(recoveryMs)
  const from = notes.length
  await clock.sleep(quietMs)
  const noticed = notes.slice(from).filter(({ event }) => 'error' in event)
  return noticed.map((note) => `noticed although nobody had changed anything: ${textOfNote(note)}`)
}

/** A change of the way in by one door. */
interface Struck {
  readonly door: number
  readonly change: CredentialChange
}

/** Changes that happen at once, and for how long. */
interface Episode {
  readonly changes: readonly Struck[]
  readonly ms: number
}

/** Every change alone, and as many times whatever locks out everybody; in an order of the seed. */
function planEpisodes({ ground: { rng } }: TailraceRun, ways: readonly WayIn[]): readonly Episode[] {
  const all = ways.flatMap(({ changes }, door) => changes.map((change) => ({ door, change })))
  const lockOut = all.filter(({ change }) => change.code !== undefined)
  const sets = [...all.map((struck) => [struck]), lockOut]
  return Array.from({ length: rounds }, () => sets)
    .flat()
    .map((changes) => ({ changes, rank: rng.next(), ms: 6_000 + 3_000 * rng.next() }))
    .toSorted((a, b) => a.rank - b.rank)
}

/** Changes, cuts connections so that everybody has to show credentials, waits, changes back. */
async function carryOut(
  run: TailraceRun,
  broker: ChangedBroker,
  { changes, ms }: Episode,
): Promise<{ readonly missed: readonly string[]; readonly seen: readonly string[] }> {
  const { ground, book, workers } = run
  const from = workers.notes.length
  const fromGroup = workers.groupProblems.length
  const struck = await Promise.all(changes.map((change) => strike(run, broker, change)))
  if (changes.some(({ change }) => change.needsRestart)) await workers.restartAll()
  await clock.sleep(firstMs)
  const before = struck.map(({ proxy }) => proxy.accepted)
  await clock.sleep(ms - firstMs)
  const attempts = struck.map(({ proxy }, index) => proxy.accepted - (before[index] ?? 0))
  const missed: string[] = []
  const seen: string[] = []
  for (const [index, { door, change, askers }] of struck.entries()) {
    const what = `${change.kind} at door ${door} (${change.code ?? 'let in'})`
    const seconds = (ms - firstMs) / 1_000
    const tried = attempts[index] ?? 0
    const rate = `${what}: ${tried} connections in ${seconds.toFixed(1)} s by ${askers} who ask`
    seen.push(rate)
    const said = saidBy(workers, door, from, fromGroup)
    // Whoever asks once a second may ask once more than the seconds are.
    if (tried > askers * (seconds + 1)) missed.push(`${rate}; ${countsOf(workers, door, from, fromGroup)}`)
    if (change.code !== undefined && !said.some((text) => text.includes(change.code ?? '')))
      missed.push(`${what}: nothing said so; said: ${said.slice(0, 4).join(' | ') || 'nothing'}`)
    await change.end(broker)
  }
  book.ended()
  const healed = workers.notes.length
  if (!(await ground.watch.untilCaughtUp(recoveryMs))) missed.push(`lag was not below 5 s ${recoveryMs} ms after it`)
  for (const { door } of changes) {
    if (!(await isBack(workers, door, healed)))
      missed.push(`worker ${door} had nothing to do after it was let in again`)
  }
  return { missed, seen }
}

async function strike(
  { ground, book, workers }: TailraceRun,
  broker: ChangedBroker,
  { door, change }: Struck,
): Promise<Struck & { readonly proxy: FaultProxy; readonly askers: number }> {
  const proxy = ground.kafka.doors[door]
  if (proxy === undefined) throw new Error(`there is no door ${door}`)
  book.struck(change.kind)
  await change.begin(broker)
  await cutConnections(proxy)
  return { door, change, proxy, askers: lanesOf(workers, door) + besidesLanes }
}

/** How many lanes the worker was given last. */
function lanesOf({ notes }: TailraceRun['workers'], worker: number): number {
  const given = notes.flatMap((note) =>
    note.worker === worker && note.event.kind === 'lanes-assigned' ? [note.event.lanes.length] : [],
  )
  return given.at(-1) ?? 0
}

/** How often it reported what since then: whose the attempts were. */
function countsOf(
  { notes, groupProblems }: TailraceRun['workers'],
  worker: number,
  from: number,
  fromGroup: number,
): string {
  const counts: Record<string, number> = {}
  const count = (name: string): void => void (counts[name] = (counts[name] ?? 0) + 1)
  for (const { event } of notes.slice(from).filter((note) => note.worker === worker)) {
    if ('error' in event) count('lane' in event ? `${event.kind} ${event.lane}` : event.kind)
  }
  for (const [member] of groupProblems.slice(fromGroup)) if (member === worker) count('group')
  return Object.entries(counts)
    .map(([name, times]) => `${times} ${name}`)
    .join(', ')
}

/** The errors that a worker has reported since then, its membership in the group included: each text once. */
function saidBy(
  { notes, groupProblems }: TailraceRun['workers'],
  worker: number,
  from: number,
  fromGroup: number,
): readonly string[] {
  const own = notes.slice(from).filter((note) => note.worker === worker)
  const ofLanes = own.flatMap(({ event }) => ('error' in event ? [textOfError(event.error)] : []))
  const ofGroup = groupProblems.slice(fromGroup).flatMap(([member, text]) => (member === worker ? [text] : []))
  return [...new Set([...ofLanes, ...ofGroup])]
}

/** True once the worker commits again; false when it does not. */
async function isBack({ notes }: TailraceRun['workers'], worker: number, from: number): Promise<boolean> {
  const deadline = clock.monotonic() + recoveryMs
  const isWorking = (): boolean =>
    notes.slice(from).some((note) => note.worker === worker && note.event.kind === 'transaction-committed')
  while (!isWorking()) {
    if (clock.monotonic() > deadline) return false
    await clock.sleep(100)
  }
  return true
}

/** Handshakes beyond the first one of each connection, at the doors where the proxies see them. */
function reauthentications(doors: readonly FaultProxy[]): number {
  return doors.reduce((sum, { requests, accepted }) => {
    const handshakes = requests.get('SaslHandshake') ?? 0
    return sum + Math.max(0, handshakes - accepted)
  }, 0)
}
