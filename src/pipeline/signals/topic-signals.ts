import { TailraceError } from '../../errors.ts'
import { KafkaError } from '../../kafka/kafka.ts'
import type { TopicInfo } from '../../kafka/kafka.ts'
import type { SignalEntry } from '../../lanes/ledger-entry.ts'
import type { Coordination } from '../coordination.ts'
import { carryOut } from './carry-out.ts'
import { isMadeAnew, placesToBegin } from './signal-places.ts'
import type { SignalTopic } from './signal-ports.ts'

/**
 * Carries out the signals of a topic, partition by partition in their order, from where lane 0's ledger says. Returns when
 * it has met the end of each; one that cannot be read does not hold up the others. TOPIC_MISSING while there is no topic and none may be made.
 */
export async function settleTopicSignals(
  coordination: Coordination,
  topic: SignalTopic,
  signal: AbortSignal,
): Promise<void> {
  const info = await beginTopic(coordination, topic, signal)
  const failures: unknown[] = []
  for (let partition = 0; partition < info.partitions; partition++) {
    try {
      await settlePartition(coordination, { topic, partition }, signal)
    } catch (error) {
      signal.throwIfAborted()
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

/**
 * Makes sure that the ledger says of each partition where its signals begin; to be called once before anything else, so that
 * the end of the topic at the first start of the pipeline is what counts.
 */
export async function beginTopic(
  coordination: Coordination,
  topic: SignalTopic,
  signal: AbortSignal,
): Promise<TopicInfo> {
  const info = (await topic.look(signal)) ?? (await makeTopic(coordination, topic, signal))
  const known = knownOf(coordination, topic)
  const begun = placesToBegin(info, known)
  if (begun.length === 0) return info
  const entries: SignalEntry[] = []
  for (const { partition, generation, from } of begun) {
    const { logStart, lastStable } = await topic.offsets(partition, signal)
    const next = Number(from === 'end' ? lastStable : logStart)
    entries.push({ kind: 'signal', source: topic.name, partition, generation, topicId: info.id, next })
  }
  await coordination.write(entries.map((entry) => ({ lane: 0, entry })))
  if (isMadeAnew(info, known)) {
    const reason = 'the topic was made anew: it is read from its start'
    coordination.environment.onEvent({ kind: 'signals-lost', topic: topic.name, partition: undefined, reason })
  }
  return info
}

/** Before it is made, the ledger remembers that there was none: so whatever is in it then is for this pipeline. */
async function makeTopic(coordination: Coordination, topic: SignalTopic, signal: AbortSignal): Promise<TopicInfo> {
  if (knownOf(coordination, topic).length === 0) {
    const facts = { source: topic.name, partition: 0, generation: 0, topicId: undefined, next: 0 }
    await coordination.write([{ lane: 0, entry: { kind: 'signal', ...facts } }])
  }
  await topic.provide(signal)
  const made = await topic.look(signal)
  if (made === undefined) throw new TailraceError('TOPIC_MISSING', `topic ${topic.name} of signals does not appear`)
  return made
}

function knownOf({ session }: Coordination, { name }: SignalTopic): readonly SignalEntry[] {
  return [...session.state.signals.values()].filter(({ source }) => source === name)
}

interface Place {
  readonly topic: SignalTopic
  readonly partition: number
}

async function settlePartition(coordination: Coordination, place: Place, signal: AbortSignal): Promise<void> {
  const { topic, partition } = place
  for (;;) {
    const known = knownOf(coordination, topic).find((entry) => entry.partition === partition)
    if (known === undefined) return
    const page = await readOn(coordination, { ...place, known }, signal)
    if (page === undefined || page.next <= known.next) return
    for (const { offset, key, value } of page.records) {
      if (value === null || key?.toString() !== topic.key) continue
      const position = { ...known, next: Number(offset) + 1 }
      await carryOut(coordination, { bytes: value, place: `${topic.name}-${partition}@${offset}`, position }, signal)
    }
    const reached = knownOf(coordination, topic).find((entry) => entry.partition === partition)
    // Records for others, and markers: passed over, too, or retention would look like a loss.
    if (reached !== undefined && reached.next < page.next)
      await coordination.write([{ lane: 0, entry: { ...known, next: page.next } }])
  }
}

/** The next page; undefined if the log has lost the position and reading was begun anew elsewhere. */
async function readOn(
  coordination: Coordination,
  { topic, partition, known }: Place & { readonly known: SignalEntry },
  signal: AbortSignal,
): Promise<Awaited<ReturnType<SignalTopic['read']>> | undefined> {
  try {
    return await topic.read(partition, known.next, signal)
  } catch (error) {
    if (!(error instanceof KafkaError && error.errorName === 'OFFSET_OUT_OF_RANGE')) throw error
  }
  const { logStart, lastStable } = await topic.offsets(partition, signal)
  const isTrimmed = logStart > BigInt(known.next)
  const next = Number(isTrimmed ? logStart : lastStable)
  const generation = isTrimmed ? known.generation : known.generation + 1
  await coordination.write([{ lane: 0, entry: { ...known, generation, next } }])
  const what = isTrimmed ? 'before it could be read, the log was deleted up to' : 'the log has lost its end and ends at'
  coordination.environment.onEvent({
    kind: 'signals-lost',
    topic: topic.name,
    partition,
    reason: `${what} offset ${next}`,
  })
  return undefined
}
