import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { createDebeziumEnvelope } from '../../envelope/debezium-envelope.ts'
import type { OversizedChange } from '../../oversize/oversize.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import type { StageInput, StageOutput } from '../../pipeline/stages.ts'
import { convertWithin } from '../../pipeline/topic-limits.ts'
import type { TopicLimits } from '../../pipeline/topic-limits.ts'
import type { RejectedRecord } from '../../rejection/rejection.ts'
import { createJsonSerializer } from '../../serialize/json-serializer.ts'
import { createRecordStages } from './record-stages.ts'
import type { RecordStagesOptions } from './stage-parts.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const never = new AbortController().signal

function wireOf(serial: number, bytes: number): unknown {
  const keys = { pk: { S: `item-${serial}` }, sk: { N: '1' } }
  return {
    eventID: `e${serial}`,
    eventName: 'INSERT',
    dynamodb: {
      ApproximateCreationDateTime: 1_795_426_137,
      Keys: keys,
      NewImage: { ...keys, text: { S: 'x'.repeat(bytes) } },
      SequenceNumber: String(100 + serial),
    },
  }
}

const page = [10, 5_000, 10, 5_000, 10].map((bytes, serial) => wireOf(serial, bytes))

function convert(
  parts: Pick<RecordStagesOptions, 'oversize' | 'deadLetters' | 'compression'>,
  { signal = never, ...more }: Partial<StageInput> & { readonly signal?: AbortSignal } = {},
): Promise<StageOutput> {
  const stages = createRecordStages({
    envelopeFor: (one) =>
      createDebeziumEnvelope({ table: one, name: 'shop', connectorVersion: '0.0.0', tombstonesOnDelete: true }),
    serializer: createJsonSerializer({ numbers: 'exact', schemasEnable: false }),
    name: 'shop',
    ...parts,
  })
  return stages.process(
    {
      table: firstEntry(table, { topic: 'shop.orders', partitions: 3, id: 'x' }, undefined),
      shardId: 'shardId-1',
      generation: 3,
      records: page,
      notBeforeMs: undefined,
      maxRecordBytes: 3_000,
      nowMs: 1_795_426_138_000,
      ...more,
    },
    signal,
  )
}

/** Empties each value, and notes what becomes of what belongs to it. */
function emptying(onShrink: (change: OversizedChange) => void = () => {}): {
  readonly oversize: NonNullable<RecordStagesOptions['oversize']>
  readonly told: readonly string[]
} {
  const told: string[] = []
  return {
    told,
    oversize: {
      toDeadLetters: false,
      shrink: async (change, signal) => {
        onShrink(change)
        signal.throwIfAborted()
        const name = change.position?.sequenceNumber
        return {
          records: change.records.map((record) => ({ ...record, value: Buffer.from('small') })),
          attachments: [{ settle: (outcome) => void told.push(`${name} ${outcome}`) }],
        }
      },
    },
  }
}

describe('a page with changes that are too large', () => {
  it('has what was made of them in their places, and what belongs to them', async () => {
    const changes: OversizedChange[] = []
    const { oversize } = emptying((change) => void changes.push(change))
    const output = await convert({ oversize })
    expect(output).toMatchObject({ read: 5, changes: 5, failure: undefined, hasOversized: true })
    expect(output.records.map(({ value }) => String(value) === 'small')).toEqual([false, true, false, true, false])
    expect(output.attachments).toHaveLength(2)
    expect(changes).toMatchObject(
      [101, 103].map((sequence) => ({
        topic: 'shop.orders',
        maxRecordBytes: 3_000,
        operation: 'INSERT',
        position: { shard: 'shardId-1', sequenceNumber: String(sequence) },
        turn: '1.3',
      })),
    )
    expect((await convert({ oversize }, { maxRecordBytes: 100_000 })).hasOversized).toBe(false)
  })

  it('has none of them where compression makes them fit', async () => {
    expect(await convert({ compression: 'gzip' })).toMatchObject({ read: 5, failure: undefined, hasOversized: false })
    expect((await convert({})).failure).toMatchObject({ code: 'RECORD_TOO_LARGE', details: { sequenceNumber: '101' } })
  })

  it('gives up what belongs to it when it is called off', async () => {
    const stop = new AbortController()
    const { oversize, told } = emptying((change) => {
      if (change.position?.sequenceNumber === '103') stop.abort(new Error('the lane stops'))
    })
    await expect(convert({ oversize }, { signal: stop.signal })).rejects.toThrow('the lane stops')
    expect(told).toEqual(['101 aborted'])
  })

  it('sends to the dead letters what nothing helps, if that is the end of the ladder', async () => {
    const letters: RejectedRecord[] = []
    const deadLetters: NonNullable<RecordStagesOptions['deadLetters']> = {
      accept: async (rejected, { timestampMs }) => {
        letters.push(rejected)
        if (rejected.error.details['deadLetter'] !== true) return undefined
        return [
          { topic: 'dead', partition: 0, key: null, value: Buffer.from('{}'), headers: [], timestamp: timestampMs },
        ]
      },
    }
    const nothing = { shrink: async ({ records }: OversizedChange) => ({ records, attachments: [] }) }
    const output = await convert({ deadLetters, oversize: { ...nothing, toDeadLetters: true } })
    expect(output).toMatchObject({
      read: 5,
      changes: 3,
      failure: undefined,
      left: { rejected: [{ code: 'RECORD_TOO_LARGE', stage: 'OVERSIZE', count: 2 }] },
    })
    expect(output.records.map(({ topic }) => topic)).toEqual([
      'shop.orders',
      'dead',
      'shop.orders',
      'dead',
      'shop.orders',
    ])
    expect(letters.map(({ stage, wire }) => [stage, wire])).toEqual([
      ['OVERSIZE', page[1]],
      ['OVERSIZE', page[3]],
    ])
    const stopped = await convert({ deadLetters, oversize: { ...nothing, toDeadLetters: false } })
    expect(stopped).toMatchObject({ read: 1, failure: { code: 'RECORD_TOO_LARGE' } })
  })

  it('is converted anew, and gives up what belongs to the first attempt, if the topic takes more by now', async () => {
    const { oversize, told } = emptying()
    const limits = { maxRecordBytes: async () => 3_000, maxRecordBytesNow: async () => 100_000 } as Partial<TopicLimits>
    const output = await convertWithin(
      limits as TopicLimits,
      'shop.orders',
      (maxRecordBytes) => convert({ oversize }, { maxRecordBytes }),
      never,
    )
    expect(output).toMatchObject({ read: 5, hasOversized: false, attachments: [] })
    expect(told).toEqual(['101 aborted', '103 aborted'])
  })
})
