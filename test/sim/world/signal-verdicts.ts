import { decodeEntry } from '../../../src/lanes/ledger-codec.ts'
import type { TableEntry } from '../../../src/lanes/ledger-entry.ts'
import { notificationsOf } from '../../../src/pipeline/signals/notification.ts'
import type { Notification } from '../../../src/pipeline/signals/notification.ts'
import { readSignal } from '../../../src/pipeline/signals/signal.ts'
import type { Topic } from '../kafka/cluster-state.ts'
import { committedReader } from './output-scan.ts'
import type { World } from './run-world.ts'
import { notificationTopic, signalKey, signalTopic } from './signal-topics.ts'

/** What the topics and the ledger of a run say about its signals when it is over. */
export interface SignalAccount {
  /** What is wrong: a signal that was not carried out, or more than once; a notification that is missing, or too much. */
  readonly wrong: readonly string[]
  /** Signals for the pipeline since it began, and how many of them were refused. */
  readonly signals: number
  readonly refused: number
  /** How many snapshots were begun, by table. */
  readonly snapshots: ReadonlyMap<string, number>
}

/** Holds signals against what they caused, and notifications against the steps that the ledger has recorded. */
export function accountOfSignals(world: World): SignalAccount {
  const { topics } = world.surroundings.kafka.state
  const ledger = ledgerOf(topics.get(world.ledgerTopic), world.plan.snapshot === undefined)
  const told = toldOf(topics.get(notificationTopic))
  const { signalDisk } = world.surroundings
  const byFile = (signalDisk?.taken ?? []).map(({ place, line }) => foundSignal(place, Buffer.from(line)))
  const signals = [...signalsOf(topics.get(signalTopic), ledger.begins), ...byFile]
  const refusals = told.filter(({ aggregate_type: aggregate }) => aggregate === 'Signal')
  const steps = told.filter(({ aggregate_type: aggregate, type }) => aggregate !== 'Signal' && type !== 'IN_PROGRESS')
  const isLeft = signalDisk?.isEmpty === false
  return {
    wrong: [
      ...(isLeft ? ['the file of signals was not dealt with'] : []),
      ...compareSteps(ledger.steps, steps),
      ...compareSignals(signals, steps, refusals),
    ],
    signals: signals.length,
    refused: refusals.length,
    snapshots: ledger.snapshots,
  }
}

interface Told {
  readonly id: string
  readonly aggregate_type: string
  readonly type: string
  readonly additional_data: Readonly<Record<string, string>>
}

function toldOf(topic: Topic | undefined): readonly Told[] {
  return recordsOf(topic).map(({ value }) => JSON.parse(String(value)) as Told)
}

interface FoundRecord {
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

function recordsOf(topic: Topic | undefined): readonly FoundRecord[] {
  const found: FoundRecord[] = []
  for (const [index, partition] of (topic?.partitions ?? []).entries())
    committedReader(partition)(({ key, value, offset }) =>
      found.push({ partition: index, offset: Number(offset), key, value }),
    )
  return found
}

interface LedgerAccount {
  /** Where the first signals of each partition were to be found. */
  readonly begins: ReadonlyMap<number, number>
  readonly steps: readonly Notification[]
  readonly snapshots: ReadonlyMap<string, number>
}

function ledgerOf(topic: Topic | undefined, isSkipping: boolean): LedgerAccount {
  const tables = new Map<string, TableEntry>()
  const begins = new Map<number, number>()
  const steps: Notification[] = []
  const runs = new Map<string, Set<number>>()
  for (const { partition, key, value } of recordsOf(topic)) {
    const record = decodeEntry(key, value)
    if (partition !== 0 || record.kind !== 'entry') continue
    const { entry } = record
    if (entry.kind === 'signal' && entry.source === signalTopic && !begins.has(entry.partition))
      begins.set(entry.partition, entry.next)
    if (entry.kind !== 'table') continue
    const before = tables.get(entry.table.arn)
    if (before !== undefined && before.version >= entry.version) continue
    tables.set(entry.table.arn, entry)
    steps.push(...notificationsOf(before, entry, { connector: signalKey, isSkipping, nowMs: 0 }))
    const { snapshot } = entry
    if (snapshot === undefined) continue
    runs.set(entry.table.name, (runs.get(entry.table.name) ?? new Set()).add(snapshot.run))
  }
  return { begins, steps, snapshots: new Map([...runs].map(([table, all]) => [table, all.size])) }
}

function compareSteps(expected: readonly Notification[], told: readonly Told[]): readonly string[] {
  const wanted = expected.map(({ id, aggregateType, type }) => `${aggregateType} ${type} of ${id}`)
  const found = told.map(({ id, aggregate_type: aggregate, type }) => `${aggregate} ${type} of ${id}`)
  const at = Array.from({ length: Math.max(wanted.length, found.length) }, (_, index) => index).find(
    (index) => wanted[index] !== found[index],
  )
  if (at === undefined) return []
  return [`notification ${at} is ${found[at] ?? 'missing'}; the ledger says ${wanted[at] ?? 'none'}`]
}

interface FoundSignal {
  readonly id: string
  readonly type: string
}

function signalsOf(topic: Topic | undefined, begins: ReadonlyMap<number, number>): readonly FoundSignal[] {
  return recordsOf(topic)
    .filter(({ partition, offset }) => offset >= (begins.get(partition) ?? Number.POSITIVE_INFINITY))
    .filter(({ key, value }) => key?.toString() === signalKey && value !== null)
    .map(({ partition, offset, value }) =>
      foundSignal(`${signalTopic}-${partition}@${offset}`, value ?? Buffer.alloc(0)),
    )
}

function foundSignal(place: string, bytes: Uint8Array): FoundSignal {
  const { id = place, outcome } = readSignal(bytes)
  return { id, type: 'problem' in outcome ? 'invalid' : outcome.type }
}

/**
 * A signal that begins a snapshot has exactly one notification of its name for that; one that cannot be carried out has
 * exactly one refusal. What the others have caused is counted: once carried out, or once refused.
 */
function compareSignals(
  signals: readonly FoundSignal[],
  steps: readonly Told[],
  refusals: readonly Told[],
): readonly string[] {
  const wrong: string[] = []
  const count = (list: readonly Told[], fits: (told: Told) => boolean): number => list.filter(fits).length
  for (const { id, type } of signals) {
    const refused = count(refusals, (told) => told.id === id)
    const began = count(steps, (told) => told.id === id && told.type === 'STARTED')
    const isRight =
      type === 'execute-snapshot' ? refused + began === 1 : type === 'invalid' ? refused === 1 : refused <= 1
    if (!isRight || (type === 'log' && refused > 0))
      wrong.push(`signal ${id} (${type}) began ${began} snapshots and was refused ${refused} times`)
  }
  const state = (told: Told): string | undefined => told.additional_data['state']
  const effects: readonly [string, (told: Told) => boolean][] = [
    ['pause-snapshot', (told) => told.type === 'PAUSED' && state(told) === 'paused'],
    ['stop-snapshot', (told) => state(told) === 'stopped'],
  ]
  for (const [type, isEffect] of effects) {
    const own = signals.filter((signal) => signal.type === type)
    const ids = new Set(own.map(({ id }) => id))
    const refused = count(refusals, ({ id }) => ids.has(id))
    const done = count(steps, isEffect)
    if (refused + done !== own.length)
      wrong.push(`${own.length} signals ${type}, of which ${done} were carried out and ${refused} refused`)
  }
  const strangers = count(refusals, ({ id }) => !signals.some((signal) => signal.id === id))
  if (strangers > 0) wrong.push(`${strangers} refusals of signals that nobody has sent`)
  return wrong
}
