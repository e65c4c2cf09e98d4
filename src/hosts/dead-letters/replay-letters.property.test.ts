import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { createDebeziumEnvelope } from '../../envelope/debezium-envelope.ts'
import { TailraceError } from '../../errors.ts'
import type { FetchedRecord, ProducerRecord } from '../../kafka/kafka.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import type { Stages } from '../../pipeline/stages.ts'
import { createLetterFold } from '../../rejection/stored-letter.ts'
import type { StoredLetter } from '../../rejection/stored-letter.ts'
import { createJsonSerializer } from '../../serialize/json-serializer.ts'
import type { ChangeTransform } from '../../transform/change-transform.ts'
import { createDeadLetters } from '../stages/dead-letters.ts'
import { createRecordStages } from '../stages/record-stages.ts'
import { replayLetters } from './replay-letters.ts'
import type { ReplayOutcome, ReplayParts } from './replay-letters.ts'

const never = new AbortController().signal
const described = tableOf('NEW_AND_OLD_IMAGES')
const table = firstEntry(described, { topic: 'shop.orders', partitions: 3, id: 'x' }, undefined)
const letterTopic = 'letters'
const nowMs = 1_795_426_138_000
const baseMs = 1_795_000_000_000

/** One record of the source: a change, or a row as a scan found it. */
interface Step {
  readonly kind: 'change' | 'row'
  readonly item: string
  readonly isDelete: boolean
  readonly isBroken: boolean
  /** Its position, and its second. */
  readonly at: number
}

const history = fc
  .array(
    fc.record({
      kind: fc.constantFrom('change' as const, 'change' as const, 'change' as const, 'row' as const),
      item: fc.constantFrom('a', 'b', 'c', 'd'),
      isDelete: fc.boolean(),
      isBroken: fc.boolean(),
    }),
    { maxLength: 24, size: 'max' },
  )
  .map((steps) => steps.map((step, index): Step => ({ ...step, at: 2 * index + 10 })))

describe('letters that are replayed once their cause is mended', () => {
  it('leave each item as delivery would have left it, and those that are written are what it would have written', async () => {
    const seen = { written: 0, superseded: 0 }
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const right = await deliver(
          steps,
          stagesOf(() => false),
        )
        const log = await deliver(steps, stagesOf(isBroken))
        const letters = lettersOf(log)
        expect(letters).toHaveLength(steps.filter((step) => step.isBroken).length)
        const outcomes = await replay(letters, log)
        for (const { letter, kind } of outcomes) {
          const step = stepOf(letter, steps)
          const newer = steps.some(
            ({ item, at, isBroken: isLetter }) => item === step.item && at > step.at && !isLetter,
          )
          expect(kind).toBe(newer ? 'superseded' : 'written')
          seen[newer ? 'superseded' : 'written']++
        }
        expect(lastOf(log)).toEqual(lastOf(right))
        // Nothing but what delivery would have written, and that once.
        const written = log.filter(({ topic }) => topic !== letterTopic).map(nameOf)
        expect(new Set(written).size).toBe(written.length)
        const names = new Set(right.map(nameOf))
        expect(written.filter((one) => !names.has(one))).toEqual([])
      }),
      { numRuns: 200 },
    )
    expect(seen.written).toBeGreaterThan(200)
    expect(seen.superseded).toBeGreaterThan(200)
  })

  it('are settled: a second replay finds only those that were superseded, and force writes them, too', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const right = await deliver(
          steps,
          stagesOf(() => false),
        )
        const log = await deliver(steps, stagesOf(isBroken))
        const first = await replay(lettersOf(log), log)
        const open = lettersOf(log).filter(({ replayed }) => replayed === undefined)
        expect(open.map(({ offset }) => Number(offset)).toSorted((a, b) => a - b)).toEqual(
          first
            .flatMap(({ kind, letter }) => (kind === 'superseded' ? [Number(letter.offset)] : []))
            .toSorted((a, b) => a - b),
        )
        const before = log.length
        await replay(open, log, { isDry: true, isForced: true })
        expect(log).toHaveLength(before)
        expect((await replay(open, log, { isForced: true })).every(({ kind }) => kind === 'written')).toBe(true)
        const written = log.filter(({ topic }) => topic !== letterTopic)
        expect(written.map(nameOf).toSorted()).toEqual(right.map(nameOf).toSorted())
        expect(lettersOf(log).filter(({ replayed }) => replayed === undefined)).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('are written once, however often a replay is interrupted', async () => {
    const cuts = fc.array(fc.constantFrom('before' as const, 'behind' as const), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(history, cuts, async (steps, interruptions) => {
        const log = await deliver(steps, stagesOf(isBroken))
        const expected = [...log]
        await replay(lettersOf(expected), expected, { isForced: true })
        for (const cut of interruptions) {
          const open = lettersOf(log).filter(({ replayed }) => replayed === undefined)
          // Without letters there is no transaction that could be cut.
          await replay(open, log, { isForced: true, cut }).catch((error: unknown) => {
            if (String(error) !== 'Error: cut off') throw error
          })
        }
        await replay(
          lettersOf(log).filter(({ replayed }) => replayed === undefined),
          log,
          { isForced: true },
        )
        expect(log.map(nameOf).toSorted()).toEqual(expected.map(nameOf).toSorted())
      }),
      { numRuns: 50 },
    )
  })

  it('that fail again stay open, and do not hold up the others', async () => {
    const steps = ['a', 'b', 'c'].map((item, at): Step => ({
      kind: 'change',
      item,
      isDelete: false,
      isBroken: true,
      at,
    }))
    const log = await deliver(steps, stagesOf(isBroken))
    const outcomes = await replay(
      lettersOf(log),
      log,
      {},
      stagesOf(({ item }) => item === 'b', 'stops'),
    )
    expect(outcomes.map(({ kind, code }) => [kind, code])).toEqual([
      ['written', undefined],
      ['failed', 'RECORD_UNREADABLE'],
      ['written', undefined],
    ])
    expect(lettersOf(log).map(({ replayed }) => replayed)).toEqual(['written', undefined, 'written'])
  })

  it('that the configuration wants nothing of are settled without a record', async () => {
    const steps: readonly Step[] = [{ kind: 'change', item: 'a', isDelete: false, isBroken: true, at: 1 }]
    const log = await deliver(steps, stagesOf(isBroken))
    const drop: ChangeTransform = {
      apply: (changes) => Promise.resolve(changes.map(() => ({ kind: 'passed', changes: [] }))),
    }
    const outcomes = await replay(lettersOf(log), log, {}, recordStages([drop], 'stops'))
    expect(outcomes).toMatchObject([{ kind: 'dropped', records: 0 }])
    expect(lettersOf(log)).toMatchObject([{ replayed: 'dropped' }])
  })
})

function isBroken({ isBroken: broken }: Step): boolean {
  return broken
}

/** `stops`: without dead letters, as a replay has them. */
type OnError = 'letters' | 'stops'

function recordStages(changeTransforms: readonly ChangeTransform[], onError: OnError): Stages {
  const deadLetters = createDeadLetters({
    pipeline: 'shop',
    tolerance: 'all',
    hasContextHeaders: false,
    topic: {
      name: letterTopic,
      facts: () => Promise.resolve({ partitions: 1, maxRecordBytes: 100_000 }),
      learn: () => {},
    },
  })
  return createRecordStages({
    envelopeFor: (one) =>
      createDebeziumEnvelope({ table: one, name: 'shop', connectorVersion: '0.0.0', tombstonesOnDelete: true }),
    serializer: createJsonSerializer({ numbers: 'exact', schemasEnable: false }),
    name: 'shop',
    changeTransforms,
    ...(onError === 'letters' ? { deadLetters } : {}),
  })
}

/** Stages that reject some of the steps, which tell in an attribute who they are. */
function stagesOf(rejects: (step: Step) => boolean, onError: OnError = 'letters'): Stages {
  const error = new TailraceError('RECORD_UNREADABLE', 'it is broken')
  const transform: ChangeTransform = {
    apply: (changes) =>
      Promise.resolve(
        changes.map((change) => {
          const { newImage, oldImage } = change.event
          const told = (newImage ?? oldImage)?.['step']
          const step = JSON.parse(told !== undefined && 'S' in told ? told.S : '{}') as Step
          return rejects(step) ? { kind: 'failed', error } : { kind: 'passed', changes: [change] }
        }),
      ),
  }
  return recordStages([transform], onError)
}

/** What a lane would write, one step after the other. */
async function deliver(steps: readonly Step[], stages: Stages): Promise<ProducerRecord[]> {
  const log: ProducerRecord[] = []
  for (const step of steps) {
    const shared = { table, maxRecordBytes: 100_000, nowMs }
    const output =
      step.kind === 'change'
        ? await stages.process({ ...shared, shardId: 's', records: [changeOf(step)], notBeforeMs: undefined }, never)
        : await stages.processRows(
            {
              ...shared,
              items: [itemOf(step)],
              form: 'items',
              kind: 'initial',
              isFirst: false,
              isLast: false,
              readAtMs: baseMs + step.at * 1_000,
              isDisplaced: () => false,
            },
            never,
          )
    expect(output.failure).toBeUndefined()
    log.push(...output.records)
  }
  return log
}

function itemOf(step: Step): object {
  return { pk: { S: step.item }, sk: { N: '1' }, step: { S: JSON.stringify(step) } }
}

function changeOf(step: Step): object {
  const image = itemOf(step)
  return {
    eventID: `e${step.at}`,
    eventName: step.isDelete ? 'REMOVE' : 'MODIFY',
    dynamodb: {
      ApproximateCreationDateTime: baseMs / 1_000 + step.at,
      Keys: { pk: { S: step.item }, sk: { N: '1' } },
      OldImage: image,
      ...(step.isDelete ? {} : { NewImage: image }),
      SequenceNumber: String(step.at),
      SizeBytes: 10,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  }
}

const fetched = (record: ProducerRecord, offset: number): FetchedRecord => ({
  ...record,
  offset: BigInt(offset),
  headers: record.headers.map(([name, value]) => [String(name), value]),
})

function lettersOf(log: readonly ProducerRecord[]): readonly StoredLetter[] {
  const fold = createLetterFold('shop', 0)
  for (const [offset, record] of log.entries()) if (record.topic === letterTopic) fold.add(fetched(record, offset))
  return [...fold.letters]
}

async function replay(
  letters: readonly StoredLetter[],
  log: ProducerRecord[],
  mode: { readonly isForced?: boolean; readonly isDry?: boolean; readonly cut?: 'before' | 'behind' } = {},
  stages: Stages = stagesOf(() => false, 'stops'),
): Promise<readonly ReplayOutcome[]> {
  const outcomes: ReplayOutcome[] = []
  const parts: ReplayParts = {
    letters: {
      content: ({ offset }) => {
        const record = log[Number(offset)]
        const value = record?.value ?? null
        return Promise.resolve(
          value === null || record === undefined ? undefined : { value, headers: fetched(record, 0).headers },
        )
      },
    },
    stages,
    tables: new Map([[described.arn, table]]),
    pinsOf: () => ({ of: () => undefined, meet: () => {} }),
    maxRecordBytes: () => Promise.resolve(100_000),
    output: {
      // As ListOffsets: the first offset of that time or a later one.
      firstSince: (topic, partition, timeMs) => {
        const offset = log.findIndex(
          (one) => one.topic === topic && one.partition === partition && one.timestamp >= timeMs,
        )
        return Promise.resolve(offset < 0 ? undefined : BigInt(offset))
      },
      read: async function* read(topic, partition, from) {
        yield log
          .map((record, offset) => ({ record, offset }))
          .slice(Number(from))
          .filter(({ record }) => record.topic === topic && record.partition === partition)
          .map(({ record, offset }) => fetched(record, offset))
      },
    },
    commit: (records, markers) => {
      if (mode.cut !== 'before') log.push(...records, ...markers)
      return mode.cut === undefined ? Promise.resolve() : Promise.reject(new Error('cut off'))
    },
    pipeline: 'shop',
    topic: letterTopic,
    now: () => nowMs,
  }
  const onOutcome = (outcome: ReplayOutcome): void => void outcomes.push(outcome)
  await replayLetters(letters, parts, { isForced: false, isDry: false, ...mode, onOutcome }, never)
  return outcomes
}

function stepOf({ key, createdAtMs }: StoredLetter, steps: readonly Step[]): Step {
  const at = key.deadLetter === 'change' ? Number(key.seq) : (createdAtMs - baseMs) / 1_000
  const step = steps.find((one) => one.at === at)
  if (step === undefined) throw new Error('a letter of nothing')
  return step
}

/** Everything of a record but its offset. */
function nameOf({ topic, partition, key, value, headers, timestamp }: ProducerRecord): string {
  return JSON.stringify([
    topic,
    partition,
    String(key),
    value === null ? null : String(value),
    headers.map(String),
    timestamp,
  ])
}

/** What a compacted topic would keep. */
function lastOf(log: readonly ProducerRecord[]): ReadonlyMap<string, string> {
  return new Map(log.filter(({ topic }) => topic !== letterTopic).map((record) => [String(record.key), nameOf(record)]))
}
