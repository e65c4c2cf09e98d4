import { beforeEach, describe, expect, it } from 'vitest'
import { begun, createMemoryLedger, delivered, ordersEntry } from '../../../test/fixtures/memory-ledger.ts'
import { createSimulatedLedger } from '../../../test/fixtures/simulated-ledger.ts'
import type { SimulatedLedger } from '../../../test/fixtures/simulated-ledger.ts'
import { createTransactionSessions } from '../../kafka/transaction-sessions.ts'
import { readPipelineLedger } from '../ledger/pipeline-ledger.ts'
import type { OffsetJson } from './offset-json.ts'
import { alterOffsets, prepareAlteration, prepareTableReset, readOffsets, resetOffsets } from './pipeline-offsets.ts'
import type { Sighting } from './position-sight.ts'

const { signal } = new AbortController()
let ledger: SimulatedLedger

beforeEach(async () => {
  ledger = await createSimulatedLedger(
    createMemoryLedger(
      ordersEntry,
      begun('p'),
      delivered('p', '10', ['c']),
      begun('c', 'p'),
      delivered('c', '21'),
      begun('q'),
    ),
  )
})

const read = (): Promise<readonly OffsetJson[]> => ledger.drive(readOffsets(ledger.access, signal))
const positions = async (): Promise<unknown> =>
  Object.fromEntries(
    (await read()).map(({ partition, offset }) => [
      partition['shard_id'],
      [offset?.['sequence_number'], offset?.['state']],
    ]),
  )
const at = (shardId: string, offset: OffsetJson['offset']): OffsetJson => ({
  partition: { table: 'orders', stream_arn: 'stream', shard_id: shardId },
  offset,
})
const alter = (offsets: readonly OffsetJson[], sighting?: Sighting, acceptsLoss = false): Promise<unknown> => {
  const sight = sighting === undefined ? undefined : { look: () => Promise.resolve(sighting) }
  return ledger.drive(alterOffsets(ledger.access, { offsets, sight, acceptsLoss }, signal))
}

describe("offsets in Connect's form", () => {
  it('say where each shard stands, and can be given back as they are', async () => {
    const offsets = await read()
    expect(offsets).toEqual([
      at('c', expect.objectContaining({ sequence_number: '21', state: 'open', lane: expect.any(Number) })),
      at('p', expect.objectContaining({ sequence_number: '10', state: 'end', committed_at_ms: 2 })),
      at('q', expect.objectContaining({ sequence_number: null, state: 'open' })),
    ])
    expect(await alter(JSON.parse(JSON.stringify(offsets)) as OffsetJson[])).toEqual([])
  })

  it('are altered together', async () => {
    const moved = [
      at('c', { sequence_number: '15' }),
      { ...at('q', { sequence_number: '7' }), partition: { table: 'arn', shard_id: 'q' } },
    ]
    expect(await alter(moved, 'there')).toHaveLength(2)
    expect(await positions()).toEqual({ p: ['10', 'end'], c: ['15', 'open'], q: ['7', 'open'] })
    await alter([at('p', null)])
    expect(await positions()).toEqual({ q: ['7', 'open'] })
  })

  it.each<[string, OffsetJson, RegExp]>([
    ['a table', { partition: { table: 'bills', shard_id: 'c' }, offset: null }, /no table bills/],
    ['a shard', at('x', null), /no shard x/],
    [
      'a member of partition',
      { partition: { table: 'orders', shard_id: 'c', topic: 't' }, offset: null },
      /partition has a member/,
    ],
    ['a member of offset', at('c', { sequenceNumber: '1' }), /offset has a member/],
    ['no number', at('c', { sequence_number: 'twelve' }), /must be a text of decimal digits/],
    ['a number of JSON', at('c', { sequence_number: 12 }), /not exact enough/],
    ['nothing', at('c', {}), /must be a text/],
    ['a snapshot', { partition: { table: 'orders', snapshot: 1, segment: 0 }, offset: null }, /snapshot/],
  ])('that name %s are refused, and nothing is changed', async (_, wrong, words) => {
    const before = await positions()
    const error: unknown = await alter([at('q', { sequence_number: '7' }), wrong]).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'OFFSET_INVALID', message: expect.stringMatching(words) })
    expect(error).toMatchObject({ message: expect.stringContaining('offsets[1]') })
    expect(await positions()).toEqual(before)
  })

  it.each<[Sighting, string]>([
    ['trimmed', 'OFFSET_LOST'],
    ['before', 'OFFSET_INVALID'],
    ['beyond', 'OFFSET_INVALID'],
  ])('that are %s are refused (%s)', async (sighting, code) => {
    await expect(alter([at('c', { sequence_number: '15' })], sighting)).rejects.toMatchObject({ code })
    expect(await positions()).toMatchObject({ c: ['21', 'open'] })
  })

  it('are altered to a trimmed position if the loss is accepted', async () => {
    await alter([at('c', { sequence_number: '15' })], 'trimmed', true)
    expect(await positions()).toMatchObject({ c: ['15', 'open'] })
  })

  it('are not changed while somebody runs the pipeline, nor once a lane was taken meanwhile', async () => {
    const { access } = ledger
    const wish = { offsets: [at('c', { sequence_number: '15' })], sight: undefined, acceptsLoss: false }
    const prepared = await ledger.drive(prepareAlteration(access, wish, signal))
    ledger.setMembers(1)
    const refusal = { code: 'PIPELINE_ACTIVE' }
    await expect(alter(wish.offsets)).rejects.toMatchObject(refusal)
    await expect(ledger.drive(prepared.apply(signal))).rejects.toMatchObject(refusal)
    await expect(ledger.drive(resetOffsets(access, signal))).rejects.toMatchObject(refusal)
    // A worker fences lane 0 between the decision and the write.
    ledger.setMembers(0)
    const { kafka } = access
    let asked = 0
    const groupMembers = async (): Promise<number> => {
      if (++asked < 3) return 0
      const sessions = createTransactionSessions({ ...access, delivery: 'exactly_once', transactionTimeoutMs: 9_000 })
      await using _ = await sessions.open('tailrace.shop.0', signal)
      return 0
    }
    const late = alterOffsets({ ...access, kafka: { ...kafka, groupMembers } }, wish, signal)
    await expect(ledger.drive(late)).rejects.toMatchObject(refusal)
    expect(await positions()).toMatchObject({ c: ['21', 'open'] })
  })

  it('are forgotten by a reset of one table, which streams on, and by a reset of all, which knows no table any more', async () => {
    const reset = await ledger.drive(
      prepareTableReset(ledger.access, { known: ordersEntry, present: undefined }, signal),
    )
    expect(await ledger.drive(reset.apply(signal))).toHaveLength(3)
    expect(await read()).toEqual([])
    const { config, kafka } = ledger.access
    const tables = async (): Promise<number> =>
      (await ledger.drive(readPipelineLedger(config, kafka, signal))).tables.length
    expect(await tables()).toBe(1)
    await ledger.drive(resetOffsets(ledger.access, signal))
    expect(await tables()).toBe(0)
  })
})
