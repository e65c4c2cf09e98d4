import type { Admin } from '@platformatic/kafka'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { TailraceError } from '../../../src/errors.ts'
import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import type { FinishOptions, TailraceRun } from './tailrace-run.ts'
import { textOfNote } from './tended-workers.ts'

/** A change of a topic after which the pipeline must not go on, and must say why. */
export interface TopicEnding {
  readonly name: 'partitions-added' | 'topic-deleted' | 'topic-recreated'
  /** Resolves when the pipeline has stood still for a while; `hangs` if it does not say what it should. */
  carryOut(run: TailraceRun, admin: Admin): Promise<FinishOptions & { readonly hangs: readonly string[] }>
}

const settleMs = 10_000
const signal = new AbortController().signal

/** Items would move between partitions. */
export const partitionsAdded: TopicEnding = {
  name: 'partitions-added',
  carryOut: async (run, admin) => {
    await admin.createPartitions({ topics: [{ name: outputOf(run), count: 7, assignments: null }] })
    const hangs = await expectDeath(run, ['TOPIC_PARTITIONS_CHANGED'])
    return { isQuiet: false, hangs, named: beyondDelivery(run) }
  },
}

/** The records are gone with it; what comes later has no place. */
export const topicDeleted: TopicEnding = {
  name: 'topic-deleted',
  carryOut: async (run) => {
    await run.ground.direct.deleteTopic(outputOf(run), signal)
    const hangs = await expectDeath(run, ['TOPIC_MISSING'])
    return { isQuiet: false, hangs, named: inDeletedTopic(run), deletedTopic: outputOf(run) }
  },
}

/** The same name and as many partitions, and nothing in it. */
export const topicRecreated: TopicEnding = {
  name: 'topic-recreated',
  carryOut: async (run) => {
    const name = outputOf(run)
    await run.ground.direct.deleteTopic(name, signal)
    while ((await run.ground.direct.topics([name], signal)).size > 0) await clock.sleep(20)
    await run.ground.direct.createTopic({ name, partitions: 3, replicationFactor: -1, config: {} }, signal)
    const hangs = await expectDeath(run, ['TOPIC_MISSING', 'TOPIC_REPLACED'])
    return { isQuiet: false, hangs, named: inDeletedTopic(run), deletedTopic: outputOf(run) }
  },
}

function outputOf({ ground }: TailraceRun): string {
  return [...ground.topics.keys()][0] ?? ''
}

/** One of the workers must die of one of the codes. */
async function expectDeath({ workers }: TailraceRun, codes: readonly string[]): Promise<readonly string[]> {
  const from = workers.notes.length
  await clock.sleep(settleMs)
  const fresh = workers.notes.slice(from)
  const isTold = fresh.some(({ event }) => {
    return event.kind === 'worker-died' && event.error instanceof TailraceError && codes.includes(event.error.code)
  })
  if (isTold) return []
  const seen = fresh.filter(({ event }) => 'error' in event || event.kind === 'table-stopped').map(textOfNote)
  return [
    `no worker stopped with ${codes.join(' or ')}; seen: ${[...new Set(seen)].slice(0, 6).join('; ') || 'nothing'}`,
  ]
}

/** Changes behind the newest delivered one of their shard: the pipeline had stopped. In front of it none may be missing. */
function beyondDelivery({ ground }: TailraceRun): (change: WrittenChange) => boolean {
  let newest: ReadonlyMap<string, bigint> | undefined
  return ({ position }) => {
    if (position === undefined) return false
    newest ??= newestByShard(ground.watch.delivered)
    return BigInt(position.sequenceNumber) > (newest.get(position.shardId) ?? -1n)
  }
}

/** Changes of the table whose topic was deleted are gone with it; of the others, those behind the stop. */
function inDeletedTopic(run: TailraceRun): (change: WrittenChange) => boolean {
  const table = run.ground.topics.get(outputOf(run))
  const isBeyond = beyondDelivery(run)
  return (change) => change.table === table || isBeyond(change)
}

function newestByShard(delivered: TailraceRun['ground']['watch']['delivered']): ReadonlyMap<string, bigint> {
  const newest = new Map<string, bigint>()
  for (const { position } of delivered) {
    if (position === undefined) continue
    const sequence = BigInt(position.sequenceNumber)
    if (sequence > (newest.get(position.shardId) ?? -1n)) newest.set(position.shardId, sequence)
  }
  return newest
}
