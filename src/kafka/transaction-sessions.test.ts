import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Clock } from '../async/clock.ts'
import { seededRng } from '../async/rng.ts'
import { TailraceError } from '../errors.ts'
import { KafkaError } from './kafka.ts'
import type { KafkaApi, ProduceBatch, ProducerIdentity, ProducerRecord } from './kafka.ts'
import { recordBytes } from './record-batch-encoder.ts'
import { createTransactionSessions } from './transaction-sessions.ts'
import type { TransactionSessionsOptions } from './transaction-sessions.ts'

const { signal } = new AbortController()

/** A broker that checks identities and sequences, keeps logs, and can be told to fail a request. */
class MemoryBroker {
  readonly requests: string[] = []
  readonly logs = new Map<string, string[]>()
  transactionVersion = 2
  failures: { readonly request: string; readonly error: Error }[] = []
  #identity: ProducerIdentity = { producerId: 1n, producerEpoch: -1 }
  readonly #sequences = new Map<string, number>()
  #open: (() => void)[] = []
  readonly #added = new Set<string>()

  readonly api: Pick<KafkaApi, 'cluster' | 'initProducerId' | 'addPartitions' | 'produce' | 'endTransaction'> = {
    cluster: () => Promise.resolve({ clusterId: 'memory', transactionVersion: this.transactionVersion }),
    initProducerId: async () => {
      this.#answer('init')
      this.#open = []
      return this.#next()
    },
    addPartitions: async (request) => {
      this.#answer('add')
      this.#check(request)
      for (const { topic, partition } of request.partitions) this.#added.add(`${topic}-${partition}`)
    },
    produce: async (request) => {
      this.#answer(`produce ${request.batches.length}`)
      this.#check(request)
      const partitions = new Set(request.batches.map(({ topic, partition }) => `${topic}-${partition}`))
      if (partitions.size < request.batches.length) throw new Error('two batches of a partition in one request')
      for (const batch of request.batches) this.#append(batch, request.transactionalId !== null)
    },
    endTransaction: async (request) => {
      this.#answer(`end ${request.outcome}`)
      this.#check(request)
      for (const apply of this.#open.splice(0)) apply()
      this.#added.clear()
      return request.transactionVersion === 2 ? this.#next() : this.#identity
    },
  }

  #next(): ProducerIdentity {
    const { producerId, producerEpoch } = this.#identity
    // A small range of epochs, so that the id changes as well.
    this.#identity =
      producerEpoch === 3
        ? { producerId: producerId + 1n, producerEpoch: 0 }
        : { producerId, producerEpoch: producerEpoch + 1 }
    this.#sequences.clear()
    return this.#identity
  }

  #check({ producerId, producerEpoch }: ProducerIdentity): void {
    const isCurrent = producerId === this.#identity.producerId && producerEpoch === this.#identity.producerEpoch
    if (!isCurrent) throw new KafkaError(47, 'INVALID_PRODUCER_EPOCH', 'fenced')
  }

  #append({ topic, partition, baseSequence, records }: ProduceBatch, isTransactional: boolean): void {
    const key = `${topic}-${partition}`
    const isAdded = this.#added.has(key) || !isTransactional || this.transactionVersion >= 2
    const isInSequence = baseSequence === (this.#sequences.get(key) ?? 0)
    if (!isAdded || !isInSequence) throw new Error(`${key}: not added, or out of sequence (${baseSequence})`)
    this.#sequences.set(key, baseSequence + records.length)
    const append = (): void =>
      void this.logs.set(key, [...(this.logs.get(key) ?? []), ...records.map((record) => String(record.key))])
    if (isTransactional) this.#open.push(append)
    else append()
  }

  #answer(request: string): void {
    this.requests.push(request)
    const failure = this.failures.find((planned) => request.startsWith(planned.request))
    if (failure === undefined) return
    this.failures = this.failures.filter((planned) => planned !== failure)
    throw failure.error
  }
}

const stillClock: Clock = { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() }

function sessionsOn(broker: MemoryBroker, options: Partial<TransactionSessionsOptions> = {}) {
  const unused = (): never => {
    throw new Error('not asked in these tests')
  }
  const kafka: KafkaApi = {
    topics: unused,
    createTopic: unused,
    deleteTopic: unused,
    topicConfig: unused,
    offsets: unused,
    fetch: unused,
    describeTransactions: unused,
    groupMembers: unused,
    deleteGroup: unused,
    [Symbol.asyncDispose]: () => Promise.resolve(),
    ...broker.api,
  }
  return createTransactionSessions({
    kafka,
    clock: stillClock,
    rng: seededRng(1),
    delivery: 'exactly_once',
    ...options,
  })
}

function recordOf(topic: string, partition: number, key: string, bytes = 0): ProducerRecord {
  return { topic, partition, key: Buffer.from(key), value: Buffer.alloc(bytes), headers: [], timestamp: 0 }
}

const someRecords = fc.array(
  fc.record({ topic: fc.constantFrom('a', 'b'), partition: fc.nat({ max: 2 }), bytes: fc.nat({ max: 300 }) }),
  { maxLength: 25, size: 'max' },
)

test.each([
  ['V2', 2, 'exactly_once'],
  ['V1', 1, 'exactly_once'],
  ['without transactions', 2, 'at_least_once'],
] as const)(
  '%s: whatever is committed arrives once and in order, under identities that change',
  async (_, version, delivery) => {
    const commits = fc.array(fc.array(someRecords, { maxLength: 3 }), { maxLength: 12, size: 'max' })
    await fc.assert(
      fc.asyncProperty(commits, async (all) => {
        const broker = new MemoryBroker()
        broker.transactionVersion = version
        const session = await sessionsOn(broker, { maxBatchBytes: 600, delivery }).open('lane', signal)
        const expected = new Map<string, string[]>()
        let written = 0
        for (const phases of all) {
          const records = phases.map((phase) =>
            phase.map(({ topic, partition, bytes }) => {
              const key = `${topic}-${partition}`
              expected.set(key, [...(expected.get(key) ?? []), String(written)])
              return recordOf(topic, partition, String(written++), bytes)
            }),
          )
          await session.commit(records, signal)
        }
        expect(broker.logs).toEqual(expected)
      }),
    )
  },
)

test('a commit under V2 is one produce and one end; batches are cut, and a large record goes alone', async () => {
  const broker = new MemoryBroker()
  const session = await sessionsOn(broker, { maxBatchBytes: 500 }).open('lane', signal)
  await session.commit([[recordOf('a', 0, 'x', 100), recordOf('a', 1, 'x', 100)]], signal)
  const records = [
    recordOf('a', 0, '1', 400),
    recordOf('a', 0, '2', 900),
    recordOf('a', 0, '3', 10),
    recordOf('a', 1, '4', 10),
  ]
  expect(recordBytes(recordOf('a', 0, '1', 400))).toBeLessThan(500)
  await session.commit([records], signal)
  await session.commit([[]], signal)
  expect(broker.requests).toEqual([
    'init',
    'produce 2',
    'end commit',
    'produce 2',
    'produce 1',
    'produce 1',
    'end commit',
  ])
})

test('V1 adds every partition once, first', async () => {
  const broker = new MemoryBroker()
  const session = await sessionsOn(broker, { transactionVersion: 1, maxBatchBytes: 100 }).open('lane', signal)
  await session.commit([[recordOf('a', 0, '1', 90), recordOf('a', 0, '2', 90)], [recordOf('b', 0, '3')]], signal)
  expect(broker.requests).toEqual(['init', 'add', 'produce 2', 'produce 1', 'end commit'])
})

test.each(['produce', 'add'])(
  'CONCURRENT_TRANSACTIONS on %s is a plain refusal: the same is sent again',
  async (request) => {
    const broker = new MemoryBroker()
    const error = new KafkaError(51, 'CONCURRENT_TRANSACTIONS', 'busy')
    broker.failures = [1, 2].map(() => ({ request, error }))
    const session = await sessionsOn(broker, { transactionVersion: 1 }).open('lane', signal)
    await session.commit([[recordOf('a', 0, '1')]], signal)
    expect(broker.logs).toEqual(new Map([['a-0', ['1']]]))
  },
)

test.each([
  ['produce', new KafkaError(47, 'INVALID_PRODUCER_EPOCH', 'old'), 'KAFKA_FENCED', 'aborted'],
  ['end', new KafkaError(90, 'PRODUCER_FENCED', 'old'), 'KAFKA_FENCED', 'aborted'],
  ['produce', new KafkaError(49, 'INVALID_PRODUCER_ID_MAPPING', 'expired'), 'TRANSACTION_IN_DOUBT', 'aborted'],
  ['produce', new KafkaError(120, 'TRANSACTION_ABORTABLE', 'no'), 'TRANSACTION_IN_DOUBT', 'aborted'],
  ['end', new TailraceError('KAFKA_UNREACHABLE', 'gone'), 'TRANSACTION_IN_DOUBT', 'unknown'],
  ['end', new TailraceError('KAFKA_TIMEOUT', 'silent'), 'TRANSACTION_IN_DOUBT', 'unknown'],
  ['produce', new TailraceError('KAFKA_AUTHORIZATION', 'no right'), 'KAFKA_AUTHORIZATION', 'aborted'],
] as const)(
  'a failed %s (%s) kills the session as %s, its commit %s; nothing is sent any more, not even an abort',
  async (request, error, code, fate) => {
    const broker = new MemoryBroker()
    const sessions = sessionsOn(broker)
    const session = await sessions.open('lane', signal)
    broker.failures = [{ request, error }]
    await expect(session.commit([[recordOf('a', 0, '1')]], signal)).rejects.toMatchObject({ code })
    expect(session.fate).toBe(fate)
    const sent = broker.requests.length
    await expect(session.commit([[recordOf('a', 0, '2')]], signal)).rejects.toMatchObject({
      code: 'TRANSACTION_IN_DOUBT',
    })
    expect(broker.requests).toHaveLength(sent)
    const next = await sessions.open('lane', signal)
    await next.commit([[recordOf('a', 0, '3')]], signal)
    expect(broker.logs).toEqual(new Map([['a-0', ['3']]]))
  },
)

test('a record that is too large is named, alone or with its tombstone; several that are too large together are cut smaller next time', async () => {
  const broker = new MemoryBroker()
  const sessions = sessionsOn(broker)
  const details = { topic: 'a', partition: 0 }
  const tooLarge = (): void => {
    broker.failures = [{ request: 'produce', error: new TailraceError('RECORD_TOO_LARGE', 'too large', { details }) }]
  }
  tooLarge()
  const single = await sessions.open('lane', signal)
  await expect(single.commit([[recordOf('a', 0, '1', 800)]], signal)).rejects.toMatchObject({
    code: 'RECORD_TOO_LARGE',
    details,
  })
  tooLarge()
  const withTail = await sessions.open('lane', signal)
  const deleted = recordOf('a', 0, '1', 800)
  const pair = [deleted, { ...deleted, value: null }]
  await expect(withTail.commit([pair], signal)).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE', details })
  tooLarge()
  const several = await sessions.open('lane', signal)
  const records = [recordOf('a', 0, '1', 800), recordOf('a', 0, '2', 800)]
  await expect(several.commit([records], signal)).rejects.toMatchObject({ code: 'TRANSACTION_IN_DOUBT' })
  const next = await sessions.open('lane', signal)
  await next.commit([records], signal)
  expect(broker.requests.slice(-3)).toEqual(['produce 1', 'produce 1', 'end commit'])
})

test('an abort kills the session with the reason it was given; a commit amid another one is a fault of the caller', async () => {
  const broker = new MemoryBroker()
  const sessions = sessionsOn(broker)
  const session = await sessions.open('lane', signal)
  const first = session.commit([[recordOf('a', 0, '1')]], signal)
  await expect(session.commit([[recordOf('a', 0, '2')]], signal)).rejects.toMatchObject({ code: 'INTERNAL' })
  await first
  const reason = new Error('stop')
  await expect(session.commit([[recordOf('a', 0, '3')]], AbortSignal.abort(reason))).rejects.toBe(reason)
  await expect(session.commit([[recordOf('a', 0, '4')]], signal)).rejects.toMatchObject({
    code: 'TRANSACTION_IN_DOUBT',
  })
  const closed = await sessions.open('lane', signal)
  await closed[Symbol.asyncDispose]()
  await expect(closed.commit([], signal)).rejects.toMatchObject({ code: 'TRANSACTION_IN_DOUBT' })
})
