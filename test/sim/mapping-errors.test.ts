import { describe, expect, it } from 'vitest'
import { judgeAnswer } from '../servers/event-source-mapping/judge-answer.ts'
import type { InvokeResult, MappingSettings, StreamEvent } from '../servers/event-source-mapping/mapping.ts'
import { createMappingWorld, numbersOf } from './mapping-world.ts'
import type { MappedOptions, MappingWorld } from './mapping-world.ts'

const keySchema = [{ name: 'id', type: 'S' }] as const
const failure: InvokeResult = { kind: 'error', errorType: 'Error', errorMessage: 'poison' }

/** Sixty-four records in one shard; the function dislikes those of some places. */
interface PoisonedRun {
  readonly world: MappingWorld
  readonly numbers: readonly string[]
  run(settings: Partial<MappingSettings>, options?: Partial<MappedOptions>): ReturnType<MappingWorld['map']>
}

function poisoned(seed: number, records = 64): PoisonedRun {
  const world = createMappingWorld(seed)
  const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
  for (let i = 0; i < records; i++) table.put({ id: { S: `${i}` } })
  table.disableStream()
  return {
    world,
    numbers: world.streams.ledger.map(({ sequenceNumber }) => sequenceNumber),
    run: (settings, options) =>
      world.map({ streamArn: table.stream.arn, settings: { batchSize: 64, ...settings }, ...options }),
  }
}

const failsAt =
  (bad: string | undefined) =>
  (event: StreamEvent): InvokeResult =>
    numbersOf(event).includes(bad ?? '') ? failure : { kind: 'answer', body: null }

describe('errors of the function', () => {
  it('repeats the whole batch and blocks the shard until it succeeds', async () => {
    const { world, run, numbers } = poisoned(1)
    const answer = (): InvokeResult => (world.seen.length < 6 ? failure : { kind: 'answer', body: null })
    const mapping = run({ batchSize: 40 }, { answer })
    await world.run(mapping)
    const first = numbers.slice(0, 40)
    expect(world.seen.map(({ event }) => numbersOf(event))).toEqual([
      ...Array.from({ length: 6 }, () => first),
      numbers.slice(40),
    ])
    expect(mapping.counters.errors).toBe(5)
    const pauses = world.seen.slice(1, 6).map(({ startedAtMs }, i) => startedAtMs - (world.seen[i]?.endedAtMs ?? 0))
    expect(pauses.at(-1)).toBeGreaterThan((pauses[0] ?? 0) * 2)
  })

  it('discards a batch when its retries are used up, and tells where it was', async () => {
    const { world, run, numbers } = poisoned(2)
    const mapping = run({ batchSize: 32, maximumRetryAttempts: 2 }, { answer: failsAt(numbers[10]) })
    await world.run(mapping)
    expect(world.seen).toHaveLength(4)
    expect(world.discarded).toHaveLength(1)
    expect(world.discarded[0]).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 3 },
      version: '1.0',
      DDBStreamBatchInfo: {
        shardId: world.streams.ledger[0]?.shardId,
        startSequenceNumber: numbers[0],
        endSequenceNumber: numbers[31],
        batchSize: 32,
        streamArn: world.streams.ledger[0]?.streamArn,
      },
    })
    expect(mapping.counters).toMatchObject({ recordsDiscarded: 32, recordsDone: 64, destinationFailures: 0 })
  })

  it.each([0, 21, 63])('isolates the bad record at place %i by halving, which costs no retry', async (place) => {
    const { world, run, numbers } = poisoned(3 + place)
    const settings = { bisectBatchOnFunctionError: true, maximumRetryAttempts: 1 }
    const onDiscard = (): Promise<void> => Promise.reject(new Error('the destination is down'))
    const mapping = run(settings, { answer: failsAt(numbers[place]), onDiscard })
    await world.run(mapping)
    expect(world.discarded.map((batch) => batch.DDBStreamBatchInfo?.startSequenceNumber)).toEqual([numbers[place]])
    expect(mapping.counters).toMatchObject({
      bisections: 6,
      recordsDiscarded: 1,
      destinationFailures: 1,
      // One for each size, and the retry of the record alone.
      errors: 8,
    })
    const succeeded = world.seen.map(({ event }) => numbersOf(event)).filter((n) => !n.includes(numbers[place] ?? ''))
    expect(succeeded.flat()).toEqual(numbers.filter((_, index) => index !== place))
  })

  it('discards what has become too old, and delivers the rest', async () => {
    const { world, run, numbers } = poisoned(4)
    const answer = (): InvokeResult =>
      world.nowMs() - 1_800_000_000_000 < 90_000 ? failure : { kind: 'answer', body: null }
    const mapping = run({ maximumRecordAgeSeconds: 60 }, { answer })
    await world.run(mapping)
    expect(world.discarded[0]).toMatchObject({
      requestContext: { condition: 'RecordAgeExceeded' },
      DDBStreamBatchInfo: { startSequenceNumber: numbers[0], endSequenceNumber: numbers[63] },
    })
    expect(mapping.counters).toMatchObject({ recordsDiscarded: 64, recordsDone: 64 })
  })

  it('counts no retry for what is lost', async () => {
    const { world, run } = poisoned(5)
    const answer = (): InvokeResult => (world.seen.length < 10 ? { kind: 'lost' } : { kind: 'answer', body: null })
    const mapping = run({ maximumRetryAttempts: 0, bisectBatchOnFunctionError: true }, { answer })
    await world.run(mapping)
    expect(world.seen).toHaveLength(10)
    expect(mapping.counters).toMatchObject({ recordsDiscarded: 0, bisections: 0, recordsDone: 64 })
  })
})

describe('partial answers', () => {
  const naming = (...itemIdentifiers: readonly (string | undefined)[]): InvokeResult => ({
    kind: 'answer',
    body: { batchItemFailures: itemIdentifiers.map((itemIdentifier) => ({ itemIdentifier })) },
  })

  it('goes on from the lowest number, as numbers are compared', async () => {
    const { world, run, numbers } = poisoned(11)
    const answers = [naming(numbers[50], numbers[9], numbers[30]), naming(numbers[9], numbers[12]), naming()]
    const mapping = run({ reportBatchItemFailures: true }, { answer: () => answers[world.seen.length - 1] ?? failure })
    await world.run(mapping)
    expect(world.seen.map(({ event }) => numbersOf(event))).toEqual([numbers, numbers.slice(9), numbers.slice(9)])
    expect(mapping.counters).toMatchObject({ partialAnswers: 2, errors: 0 })
  })

  it('means nothing unless it is switched on', async () => {
    const { world, run, numbers } = poisoned(12)
    await world.run(run({}, { answer: () => naming(numbers[5]) }))
    expect(world.seen).toHaveLength(1)
  })

  it('splits at the named number where batches are bisected', async () => {
    const { world, run, numbers } = poisoned(13)
    const bad = numbers[20] ?? ''
    const answer = (event: StreamEvent): InvokeResult =>
      numbersOf(event).includes(bad) ? naming(bad) : { kind: 'answer', body: {} }
    const settings = { reportBatchItemFailures: true, bisectBatchOnFunctionError: true, maximumRetryAttempts: 0 }
    const mapping = run(settings, { answer })
    await world.run(mapping)
    expect(numbersOf(world.seen[1]?.event ?? { Records: [] })).toEqual(numbers.slice(20))
    expect(world.discarded.map((batch) => batch.DDBStreamBatchInfo?.startSequenceNumber)).toEqual([bad])
    expect(mapping.counters.recordsDone).toBe(64)
  })

  it.each([[''], [undefined], ['77'], ['not a number']])('fails the whole batch for the identifier %j', async (bad) => {
    const { world, run, numbers } = poisoned(14)
    const answer = (): InvokeResult => (world.seen.length === 1 ? naming(numbers[9], bad) : naming())
    const mapping = run({ reportBatchItemFailures: true }, { answer })
    await world.run(mapping)
    expect(world.seen.map(({ event }) => event.Records.length)).toEqual([64, 64])
    expect(mapping.counters.badAnswers).toBe(1)
  })
})

describe('judgeAnswer', () => {
  it.each([[undefined], [null], [{}], [{ batchItemFailures: [] }], [{ batchItemFailures: null }]])(
    'takes %j for success',
    (body) => {
      expect(judgeAnswer(body, [])).toEqual({ kind: 'done' })
    },
  )

  it.each([['ok'], [[]], [{ batchItemFailures: 'all' }], [{ batchItemFailures: [{ id: '1' }] }]])(
    'takes %j for a failure',
    (body) => {
      expect(judgeAnswer(body, [])).toEqual({ kind: 'bad' })
    },
  )
})
