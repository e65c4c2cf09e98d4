import { describe, expect, it } from 'vitest'
import {
  change,
  convertPage,
  entry,
  late,
  page,
  shardId,
  stagesWith,
  stream,
} from '../../../test/oracle/stream-pages.ts'
import type { Setup } from '../../../test/oracle/stream-pages.ts'
import type { FetchedRecord, ProducerRecord } from '../../kafka/kafka.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import { createLetterFold } from '../../rejection/stored-letter.ts'
import type { StoredLetter } from '../../rejection/stored-letter.ts'
import { inOrder, replayLetters } from './replay-letters.ts'
import type { ReplayOutcome } from './replay-letters.ts'
import { shownLetter } from './shown-letter.ts'

const never = new AbortController().signal
const key = { id: { S: 'a' } }
const atMs = 1_795_426_137_000

const fetched = (record: ProducerRecord, offset: number): FetchedRecord => ({
  ...record,
  offset: BigInt(offset),
  headers: record.headers.map(([name, value]) => [String(name), value]),
})

function lettersIn(log: readonly ProducerRecord[]): readonly StoredLetter[] {
  const fold = createLetterFold('shop', 0)
  for (const [offset, record] of log.entries()) if (record.topic === 'letters') fold.add(fetched(record, offset))
  return [...fold.letters]
}

/** Replays all open letters of the log, as it is configured now, and adds to the log what is written. */
async function replay(log: ProducerRecord[], setup: Setup, of: TableEntry = entry): Promise<readonly string[]> {
  const outcomes: ReplayOutcome[] = []
  const letters = lettersIn(log).filter(({ replayed }) => replayed === undefined)
  await replayLetters(
    letters,
    {
      letters: {
        content: async ({ offset }) => {
          const record = log[Number(offset)]
          return record?.value == null ? undefined : { value: record.value, headers: fetched(record, 0).headers }
        },
      },
      stages: stagesWith({ ...setup, tolerance: 'no-letters' }),
      tables: new Map([[stream.arn, of]]),
      pinsOf: () => ({ of: () => undefined, meet: () => {} }),
      maxRecordBytes: async (topic) => {
        expect(topic).not.toBe('')
        return 100_000
      },
      output: {
        firstSince: async () => 0n,
        read: async function* read(topic, partition) {
          yield log.map(fetched).filter((_, at) => log[at]?.topic === topic && log[at]?.partition === partition)
        },
      },
      commit: async (records, markers) => void log.push(...records, ...markers),
      pipeline: 'shop',
      topic: 'letters',
      now: () => atMs,
    },
    { isForced: false, isDry: false, onOutcome: (outcome) => void outcomes.push(outcome) },
    never,
  )
  return outcomes.map(({ letter, kind, code }) =>
    [letter.code, kind, code].filter((one) => one !== undefined).join(' '),
  )
}

describe('letters of a Kinesis stream', () => {
  it('are replayed as records of the stream, unless their items have newer ones: by time, since positions say nothing', async () => {
    const newer = change('orders', { id: { S: 'newer' } }, { createdAtMs: atMs + 5 })
    const records = page(
      newer,
      late(change('orders', { id: { S: 'newer' } }, { createdAtMs: atMs + 4 })),
      change('orders', key, { createdAtMs: atMs + 1 }),
      late(change('orders', key, { createdAtMs: atMs + 2 })),
    )
    const setup: Setup = { options: { late: 'dead-letter' } }
    const { records: log } = await convertPage(setup, records)
    const all = [...log]
    expect(await replay(all, setup)).toEqual(['CHANGE_LATE written', 'CHANGE_LATE superseded'])
    expect(all.at(-2)).toMatchObject({ topic: 'shop.orders', key: Buffer.from('{"id":"a"}'), timestamp: atMs + 2 })
    // Settled is the one that was written.
    expect(await replay(all, setup)).toEqual(['CHANGE_LATE superseded'])
  })

  it('of foreign records hold their bytes, and go where such records go now', async () => {
    const bytes = Buffer.from([0xff, 0x00])
    const { records: log } = await convertPage({ tolerance: 'all' }, page({ ...page(bytes)[0], partitionKey: 'ключ' }))
    const all = [...log]
    expect(await replay(all, {})).toEqual(['RECORD_FOREIGN failed RECORD_FOREIGN'])
    expect(await replay(all, { options: { foreign: { policy: 'pass', topic: 'others' } } })).toEqual([
      'RECORD_FOREIGN written',
    ])
    expect(all.at(-2)).toMatchObject({ topic: 'others', key: Buffer.from('ключ'), value: bytes })
  })

  it('of streams that are delivered as they are hold bytes, too, and the place in their package', async () => {
    const raw = firstEntry(stream, { topic: 'shop.changes', partitions: 3, id: 'x' }, undefined)
    const setup: Setup = { tolerance: 'all', options: { records: 'raw' } }
    const large = { ...page(Buffer.from('{"eventSource":"aws:dynamodb"}'.padEnd(2_000)))[0], subSequence: 3 }
    const { records: log } = await convertPage(setup, page(large), { table: raw, maxRecordBytes: 1_000 })
    const all = [...log]
    expect(await replay(all, setup, raw)).toEqual(['RECORD_TOO_LARGE written'])
    expect(all.at(-2)?.headers.map(([, value]) => String(value))).toEqual([shardId, '1/3'])
  })

  it('are in the order of their times', async () => {
    const records = page(
      late(change('orders', key, { createdAtMs: atMs + 9 })),
      late(change('orders', key, { createdAtMs: atMs })),
    )
    const { records: log } = await convertPage({ options: { late: 'dead-letter' } }, records)
    expect(inOrder(lettersIn(log)).map(({ createdAtMs }) => createdAtMs)).toEqual([atMs, atMs + 9])
  })

  it('are shown in base64 where they are no JSON', async () => {
    const { records: log } = await convertPage({ tolerance: 'all' }, page(Buffer.from([0xff]), { hello: 'world' }))
    const shown = lettersIn(log).map((letter, at) => {
      const value = log[at]?.value ?? Buffer.alloc(0)
      return [
        shownLetter(letter, { value, headers: [] }, {}),
        shownLetter(letter, { value, headers: [] }, { keysOf: [stream] }),
      ]
    })
    expect(shown.map(([whole]) => whole?.record)).toEqual([{ base64: '/w==' }, { hello: 'world' }])
    expect(shown.map(([, keys]) => keys?.record)).toEqual([undefined, undefined])
  })
})
