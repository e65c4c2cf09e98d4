import { createTransactionSessions } from '../../../src/kafka/transaction-sessions.ts'
import type { TransactionSession } from '../../../src/kafka/transaction-session.ts'
import type { ProducerRecord } from '../../../src/kafka/kafka.ts'
import { partitionOfKey } from '../../../src/kafka/partitioner.ts'
import { withinTime } from '../../../src/hosts/lambda/time-limit.ts'
import { member } from '../../servers/stream-simulator/simulator-client.ts'
import type { SandboxCode, SandboxPorts } from './simulated-sandbox.ts'

/**
 * The control: a function as tutorials have it for "exactly once". A transactional producer is made once for each sandbox, each
 * batch is one transaction, and an error makes Lambda bring the batch again. Its producer is the product's own, so that
 * nothing else differs: what it has not is a position, and an id that fences whoever had the shard before.
 */
export const tutorialCode: SandboxCode = (ports) => {
  const { kafka, clock, rng, timeLimitMs, config } = ports
  const { partitions } = config.topic
  const transactionalId = `tutorial-${Math.floor(rng.next() * 2 ** 32).toString(16)}`
  const sessions = createTransactionSessions({
    kafka,
    clock,
    rng,
    delivery: 'exactly_once',
    transactionTimeoutMs: Math.min(15_000, timeLimitMs),
  })
  let session: TransactionSession | undefined
  return (event, remainingMs, invocationClock) => {
    const records = member(event, 'Records')
    const written = Array.isArray(records) ? records.flatMap((record) => recordsOf(record, ports, partitions)) : []
    const answer = { state: member(event, 'state') }
    if (written.length === 0) return Promise.resolve(answer)
    const work = async (signal: AbortSignal): Promise<unknown> => {
      try {
        for (const topic of new Set(written.map((record) => record.topic)))
          if (!(await kafka.topics([topic], signal)).has(topic))
            await kafka.createTopic({ name: topic, partitions, replicationFactor: -1, config: {} }, signal)
        session ??= await sessions.open(transactionalId, signal)
        await session.commit([written], signal)
        return answer
      } catch (error) {
        session = undefined
        throw error
      }
    }
    return withinTime(invocationClock, remainingMs, work, () => undefined)
  }
}

const operations: Readonly<Record<string, string>> = { INSERT: 'c', MODIFY: 'u', REMOVE: 'd' }

/** The record, and the tombstone of a delete. */
function recordsOf(record: unknown, { clock }: SandboxPorts, partitions: number): readonly ProducerRecord[] {
  const change = member(record, 'dynamodb')
  const table = /table\/([^/]+)/.exec(String(member(record, 'eventSourceARN')))?.[1] ?? ''
  const op = operations[String(member(record, 'eventName'))]
  const key = Buffer.from(JSON.stringify(plainImage(member(change, 'Keys'))))
  const before = plainImage(member(change, 'OldImage'))
  const after = plainImage(member(change, 'NewImage'))
  const headers = [
    [Buffer.from('tailrace.shard'), Buffer.from('')],
    [Buffer.from('tailrace.seq'), Buffer.from(String(member(change, 'SequenceNumber')))],
  ] as const
  const value = Buffer.from(JSON.stringify({ before, after, op, source: { snapshot: 'false' } }))
  const place = { topic: `sim.${table}`, partition: partitionOfKey(key, partitions), timestamp: clock.now() }
  const written = { ...place, key, value, headers }
  return op === 'd' ? [written, { ...written, value: null }] : [written]
}

/** Texts and numbers are all there is in these items. */
function plainImage(image: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof image !== 'object' || image === null) return null
  const entries = Object.entries(image).map(([name, value]) => {
    const number = member(value, 'N')
    return [name, number === undefined ? member(value, 'S') : Number(number)] as const
  })
  return Object.fromEntries(entries)
}
